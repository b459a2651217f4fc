"""A path in the plane, coloured by time, with a playhead; drawn with numpy so that 10 000 points stay fluent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.widgets.axes import draw_axes
from workbench.widgets.colormap import table
from workbench.widgets.controls import claims
from workbench.widgets.labels import draw_colour_bar
from workbench.widgets.pixels import draw_pixels
from workbench.widgets.splat import splat_path, splat_points
from workbench.widgets.theme import Theme, rgb32, right_gutter, theme_of
from workbench.widgets.ticks import length_text, seconds_text, step_for, ticks

Array = NDArray[Any]
MAX_POINTS = 20000  # beyond this every n-th frame is drawn
NEAR_PIXELS = 12.0


@dataclass(frozen=True)
class Trajectory:
    """Points `[F, 2]` at a frame rate; `after`: the same frames after quantisation."""

    before: Array
    after: Array | None
    frame_rate_hz: float
    axis_names: tuple[str, str]


class TrajectoryPlot(QWidget):
    """Wheel zooms, drag pans, click seeks to the nearest point, F shows all, ← → step one frame."""

    seek_requested = Signal(float)  # s
    hovered = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.data: Trajectory | None = None
        self.show_after = False
        self.time_range: tuple[float, float] = (0.0, 1.0)
        self.cursor_s = 0.0
        self.view = QRectF(-1, -1, 2, 2)  # in data units, y upwards
        self._cache: QImage | None = None
        self._press: tuple[QPointF, QRectF] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    # -- state --------------------------------------------------------------------------------------------------
    def set_data(self, data: Trajectory | None) -> None:
        """Another path, all of it in view."""
        self.data = data
        self.fit()

    def set_show_after(self, show: bool) -> None:
        """Draw the quantised points and join each with the point it came from."""
        self.show_after = show
        self.invalidate()

    def set_time_range(self, start_s: float, end_s: float) -> None:
        """The stretch in colour; the rest is a grey backdrop."""
        if (start_s, end_s) != self.time_range:
            self.time_range = (start_s, end_s)
            self.invalidate()

    def set_cursor(self, seconds: float) -> None:
        """Move the playhead."""
        if seconds != self.cursor_s:
            self.cursor_s = seconds
            self.update()

    def fit(self) -> None:
        """Show every point with a margin, one unit the same length on both axes."""
        if self.data is not None and len(self.data.before):
            points = self.data.before
            if self.data.after is not None:
                points = np.concatenate([points, self.data.after])
            low, high = points.min(axis=0), points.max(axis=0)
            middle = (low + high) / 2
            rect = self.plot_rect
            per_pixel = max(*((high - low) / (rect.width(), rect.height())), 1e-6) * 1.1
            width, height = per_pixel * rect.width(), per_pixel * rect.height()
            self.view = QRectF(float(middle[0]) - width / 2, float(middle[1]) - height / 2, width, height)
        self.invalidate()

    def invalidate(self) -> None:
        """Draw the path anew at the next paint."""
        self._cache = None
        self.update()

    @property
    def plot_rect(self) -> QRect:
        """Where points are drawn."""
        metrics = self.fontMetrics()
        left, bottom = 2 * metrics.height() + 12, 2 * metrics.height() + 12
        right = right_gutter(metrics) + 4
        return QRect(left, 6, max(1, self.width() - left - right), max(1, self.height() - bottom - 6))

    def position_of(self, point: Array) -> QPointF:
        """Where a data point lies in the widget."""
        rect, view = self.plot_rect, self.view
        x = rect.left() + (float(point[0]) - view.left()) / view.width() * rect.width()
        return QPointF(x, rect.bottom() + 1 - (float(point[1]) - view.top()) / view.height() * rect.height())

    def frame_at(self, position: QPointF) -> int | None:
        """The nearest frame within reach of a place, those in the coloured stretch only."""
        if self.data is None or not len(self.data.before):
            return None
        first, last = self._coloured_frames()
        if last <= first:
            return None
        pixels = self._to_pixels(self.data.before[first:last], 1.0)
        origin = self.plot_rect.topLeft()
        distance = np.hypot(pixels[:, 0] + origin.x() - position.x(), pixels[:, 1] + origin.y() - position.y())
        nearest = int(distance.argmin())
        return first + nearest if distance[nearest] <= NEAR_PIXELS else None

    def _coloured_frames(self) -> tuple[int, int]:
        assert self.data is not None
        rate, count = self.data.frame_rate_hz, len(self.data.before)
        start, end = self.time_range
        return min(max(int(start * rate), 0), count), min(max(int(np.ceil(end * rate)), 0), count)

    def _to_pixels(self, points: Array, ratio: float) -> Array:
        rect, view = self.plot_rect, self.view
        scale = np.array([rect.width() / view.width(), -rect.height() / view.height()]) * ratio
        return np.asarray((points - np.array([view.left(), view.bottom()])) * scale)

    # -- drawing ------------------------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        theme, ratio = theme_of(self.palette()), self.devicePixelRatioF()
        if self._cache is None or self._cache.devicePixelRatioF() != ratio:
            self._cache = self._draw_cache(theme, ratio)
        painter = QPainter(self)
        painter.drawImage(0, 0, self._cache)
        self._draw_playhead(painter, theme)
        if self.hasFocus():
            painter.setPen(QPen(theme.accent, 1))
            painter.drawRect(self.plot_rect.adjusted(-1, -1, 0, 0))

    def _draw_cache(self, theme: Theme, ratio: float) -> QImage:
        image = QImage((self.size() * ratio).expandedTo(QSize(1, 1)), QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(ratio)
        image.fill(theme.background)
        painter = QPainter(image)
        painter.setFont(self.font())
        rect = self.plot_rect
        painter.fillRect(rect, theme.lane)
        if self.data is not None and len(self.data.before):
            draw_pixels(painter, rect.topLeft(), self._draw_points(self.data, theme, ratio), ratio)
            draw_axes(painter, rect, self.view, self.data.axis_names, theme)
            bar = QRect(rect.right() + 10, rect.top(), right_gutter(self.fontMetrics()), rect.height())
            start, end = self.time_range
            step = step_for(end - start, 4)
            marks = [((t - start) / (end - start), seconds_text(t, step) + " s") for t in ticks(start, end, 4)]
            draw_colour_bar(painter, bar, self._table(), marks, theme)
        painter.end()
        return image

    def _table(self) -> Array:
        """Plasma-like ends lie too near to white or black ground: viridis without its last steps."""
        return table("viridis")[np.linspace(12, 236, 256).astype(int)]

    def _draw_points(self, data: Trajectory, theme: Theme, ratio: float) -> NDArray[np.uint32]:
        rect = self.plot_rect
        height, width = round(rect.height() * ratio), round(rect.width() * ratio)
        pixels = np.full((height, width), rgb32(theme.lane), np.uint32)
        first, last = self._coloured_frames()
        step = max(1, -(-len(data.before) // MAX_POINTS))
        grey = rgb32(theme.grid)
        if first > 0 or last < len(data.before):
            backdrop = self._to_pixels(data.before[::step], ratio)
            splat_points(pixels, backdrop, np.full(len(backdrop), grey, np.uint32), 1)
        step = max(1, -(-(last - first) // MAX_POINTS))
        path = self._to_pixels(data.before[first:last:step], ratio)
        share = np.linspace(0, 255, max(len(path), 1)).astype(int)[: len(path)]
        colours = self._table()[share]
        dot = max(2, round((4 if len(path) < 1500 else 3 if len(path) < 6000 else 2) * ratio))
        splat_path(pixels, path, colours, 0.55, rgb32(theme.lane))
        if self.show_after and data.after is not None:
            after = self._to_pixels(data.after[first:last:step], ratio)
            pairs = np.stack([path, after], axis=1)
            muted = np.full(len(path), rgb32(theme.decoded), np.uint32)
            splat_path(pixels, pairs, muted, 0.35, rgb32(theme.lane))
            splat_points(pixels, after, muted, dot + 2, hollow=True)
        splat_points(pixels, path, colours, dot)
        return pixels

    def _draw_playhead(self, painter: QPainter, theme: Theme) -> None:
        if self.data is None or not len(self.data.before):
            return
        frame = min(max(int(self.cursor_s * self.data.frame_rate_hz + 1e-9), 0), len(self.data.before) - 1)
        painter.setClipRect(self.plot_rect)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place = self.position_of(self.data.before[frame])
        if self.show_after and self.data.after is not None:
            painter.setPen(QPen(theme.decoded, 2))
            painter.drawLine(place, self.position_of(self.data.after[frame]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((theme.background, 5), (theme.cursor, 2)):
            painter.setPen(QPen(colour, width))
            painter.drawEllipse(place, 7, 7)
        painter.setClipping(False)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    # -- events -------------------------------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._press = (event.position(), QRectF(self.view))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is not None and event.buttons():
            start, view = self._press
            moved = event.position() - start
            if moved.manhattanLength() >= 4 or self.view != view:
                rect = self.plot_rect
                shift = (-moved.x() / rect.width() * view.width(), moved.y() / rect.height() * view.height())
                self.view = view.translated(*shift)
                self.invalidate()
            return
        self.hovered.emit(self._describe(self.frame_at(event.position())))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        press, self._press = self._press, None
        if press is None or event.button() != Qt.MouseButton.LeftButton or self.view != press[1]:
            return
        frame = self.frame_at(event.position())
        if frame is not None and self.data is not None:
            self.seek_requested.emit(frame / self.data.frame_rate_hz)

    def _describe(self, frame: int | None) -> str:
        if frame is None or self.data is None:
            return ""
        x, y = (float(v) for v in self.data.before[frame])
        text = f"Frame {frame} · {length_text(frame / self.data.frame_rate_hz)} · ({x:.2f}, {y:.2f})"
        if self.data.after is not None:
            text += " → ({:.2f}, {:.2f}) quantised".format(*self.data.after[frame])
        return text.replace("-", "−")

    def wheelEvent(self, event: QWheelEvent) -> None:
        rect = self.plot_rect
        x = (event.position().x() - rect.left()) / rect.width()
        y = 1 - (event.position().y() - rect.top()) / rect.height()
        self._zoom(0.8 ** (event.angleDelta().y() / 120), x, y)
        event.accept()

    def _zoom(self, factor: float, x: float = 0.5, y: float = 0.5) -> None:
        view = self.view
        width, height = view.width() * factor, view.height() * factor
        left, top = view.left() + x * (view.width() - width), view.top() + y * (view.height() - height)
        self.view = QRectF(left, top, width, height)
        self.invalidate()

    def event(self, event: QEvent) -> bool:
        if claims(event, (Qt.Key.Key_Left, Qt.Key.Key_Right)):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self.data is not None:
            frame = round(self.cursor_s * self.data.frame_rate_hz) + (1 if key == Qt.Key.Key_Right else -1)
            frame = min(max(frame, 0), max(len(self.data.before) - 1, 0))
            self.seek_requested.emit(frame / self.data.frame_rate_hz)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self._zoom(2.0 if key == Qt.Key.Key_Minus else 0.5)
        elif key == Qt.Key.Key_F:
            self.fit()
        else:
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit("")

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.fit()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.invalidate()
        super().changeEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(420, 380)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 160)
