"""Paths through latent space in two or three dimensions, with a playhead and a lasso; drawn with numpy, so that 10 000
points stay fluent while they are turned."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.widgets import trajectory_paint as paint
from workbench.widgets.camera import Camera
from workbench.widgets.controls import claims
from workbench.widgets.lasso import inside
from workbench.widgets.point_colours import Colouring, path_table
from workbench.widgets.theme import Theme, theme_of
from workbench.widgets.ticks import length_text
from workbench.widgets.trajectory import Trajectory, corners

Array = NDArray[Any]
NEAR_PIXELS = 12.0
MOVED_PIXELS = 4
TAIL_S, TAIL_POINTS = 0.2, 30  # of the path behind the playhead, drawn stronger
KEYS = (
    Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_D, Qt.Key.Key_S, Qt.Key.Key_N, Qt.Key.Key_V, Qt.Key.Key_Escape,
    Qt.Key.Key_Return, Qt.Key.Key_Enter,
)  # fmt: skip


class TrajectoryPlot(QWidget):
    """Wheel zooms, drag pans (in space: turns), Shift and drag draws a lasso, a click takes the nearest point.

    Keys: ← → one frame, Enter hears it, Shift and arrows pan or turn, + − zoom, F shows all, D two or three dimensions,
    V the next view, S takes the frames around the playhead (again: more of them), N the next stretch, Esc none.
    """

    seek_requested = Signal(float)  # s
    point_chosen = Signal(int, int)  # path, frame: to be heard
    frames_selected = Signal(object)  # frames of the first path, an int array; empty: none
    stretch_requested = Signal(int)  # the next (1) or the one before (−1)
    dimensions_changed = Signal(bool)  # whether in space
    hovered = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.paths: tuple[Trajectory, ...] = ()
        self.colouring = Colouring()
        self.show_after = False
        self.lasso_mode = False  # a plain drag draws a lasso
        self.time_range: tuple[float, float] = (0.0, 1.0)
        self.cursor_s = 0.0
        self.selected: Array = np.zeros(0, np.int64)
        self.camera = Camera()
        self._box: tuple[Array, Array] | None = None
        self._cache: QImage | None = None  # None: to be drawn anew, into the image and pixels of before
        self._image = QImage()
        self._buffer = paint.PixelBuffer()
        self._press: QPointF | None = None
        self._last: QPointF | None = None
        self._moved = self._panning = False
        self._lasso: list[QPointF] | None = None
        self._around, self._around_frame = 0, 0  # how often S was pressed, and where at first
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    # -- state --------------------------------------------------------------------------------------------------
    @property
    def data(self) -> Trajectory | None:
        """The clip's own path."""
        return self.paths[0] if self.paths else None

    def set_data(self, data: Trajectory | None) -> None:
        """Another path alone, all of it in view."""
        self.set_paths(() if data is None else (data,))

    def set_paths(self, paths: Sequence[Trajectory], fit: bool = True) -> None:
        """Other paths, the clip's own first."""
        self.paths = tuple(paths)
        self._box = corners(self.paths)
        self._around = 0
        if fit:
            self.fit()
        self.invalidate()

    def set_colouring(self, colouring: Colouring) -> None:
        """Colours mean something else."""
        self.colouring = colouring
        self.invalidate()

    def set_show_after(self, show: bool) -> None:
        """Draw the quantised points and join each with the point it came from."""
        self.show_after = show
        self.invalidate()

    def set_spatial(self, on: bool) -> None:
        """In space, or the first two axes alone."""
        if on != self.camera.spatial:
            self.camera.spatial = on
            self.fit()
            self.dimensions_changed.emit(on)

    def set_lasso_mode(self, on: bool) -> None:
        """A plain drag draws a lasso."""
        self.lasso_mode = on
        self.setCursor(Qt.CursorShape.CrossCursor if on else Qt.CursorShape.ArrowCursor)

    def set_selected(self, frames: Array) -> None:
        """Ring these frames of the first path."""
        self.selected = np.asarray(frames, np.int64)
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
        """Show every point with a margin, one unit the same length on all axes."""
        if self._box is not None:
            rect = self.plot_rect
            self.camera.fit(*self._box, rect.width(), rect.height())
        self.invalidate()

    def invalidate(self) -> None:
        """Draw the paths anew at the next paint."""
        self._cache = None
        self.update()

    @property
    def spatial(self) -> bool:
        """Whether the third axis is seen."""
        return self.camera.spatial and all(path.dimensions > 2 for path in self.paths)

    @property
    def view(self) -> QRectF:
        """What is in sight of the first two axes, in data units, y upwards."""
        return paint.view_of(self.camera, self.plot_rect)

    @property
    def plot_rect(self) -> QRect:
        """Where points are drawn."""
        return paint.plot_rect(self.rect(), self.fontMetrics())

    def places(self, points: Array) -> Array:
        """Points `[N, 2 or 3]` → `[N, 2]` in the widget."""
        rect = self.plot_rect
        return np.asarray(self.camera.place(points, rect.width(), rect.height())[0] + (rect.left(), rect.top()))

    def position_of(self, point: Array) -> QPointF:
        """Where a data point lies in the widget."""
        x, y = self.places(np.asarray(point)[None])[0]
        return QPointF(float(x), float(y))

    def hit(self, position: QPointF) -> tuple[int, int] | None:
        """Path and frame of the nearest point within reach of a place, those in colour only."""
        best: tuple[float, int, int] | None = None
        scene = self._scene()
        for index, path in enumerate(self.paths):
            first, last = scene.frames(index)
            if last <= first:
                continue
            apart = np.hypot(*(self.places(path.before[first:last]) - (position.x(), position.y())).T)
            nearest = int(apart.argmin())
            if apart[nearest] <= NEAR_PIXELS and (best is None or apart[nearest] < best[0]):
                best = (float(apart[nearest]), index, first + nearest)
        return None if best is None else best[1:]

    def frame_at(self, position: QPointF) -> int | None:
        """The nearest frame of the first path within reach of a place."""
        found = self.hit(position)
        return found[1] if found is not None and found[0] == 0 else None

    # -- drawing ------------------------------------------------------------------------------------------------
    def _scene(self, camera: Camera | None = None) -> paint.Scene:
        box = self._box or (np.zeros(2), np.ones(2))
        return paint.Scene(
            self.paths, camera or self.camera, self.colouring, self.time_range, self.show_after, box, self.selected
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, ratio = theme_of(self.palette()), self.devicePixelRatioF()
        if self._cache is None or self._cache.devicePixelRatioF() != ratio:
            size = (self.size() * ratio).expandedTo(QSize(1, 1))
            image = self._image if self._image.size() == size else QImage(size, QImage.Format.Format_RGB32)
            image.setDevicePixelRatio(ratio)
            image.fill(theme.background)
            onto = QPainter(image)
            onto.setFont(self.font())
            paint.draw_scene(onto, self.rect(), self._scene(), theme, ratio, self._buffer)
            onto.end()
            self._cache = self._image = image
        painter = QPainter(self)
        painter.drawImage(0, 0, self._cache)
        self._draw_playhead(painter, theme)
        if self._lasso is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(theme.accent, 1.5, Qt.PenStyle.DashLine))
            painter.setBrush(theme.region)
            painter.drawPolygon(QPolygonF(self._lasso))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if self.hasFocus():
            painter.setPen(QPen(theme.accent, 1))
            painter.drawRect(self.plot_rect.adjusted(-1, -1, 0, 0))

    def paint_figure(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        """The same for print: the points as a picture of several dots a unit, axes and texts as lines and letters."""
        camera = Camera()
        camera.__dict__.update(self.camera.__dict__)
        own, wanted = self.plot_rect, paint.plot_rect(rect, painter.fontMetrics())
        camera.per_pixel *= max(own.width() / max(wanted.width(), 1), own.height() / max(wanted.height(), 1))
        ratio = min(max(painter.deviceTransform().m11() * painter.device().devicePixelRatioF(), 2.0), 8.0)
        paint.draw_scene(painter, rect, self._scene(camera), theme, ratio)

    def _table(self) -> Array:
        """The colours of time."""
        return path_table()

    def _draw_playhead(self, painter: QPainter, theme: Theme) -> None:
        data = self.data
        if data is None or not len(data):
            return
        frame = data.frame_at(self.cursor_s)
        painter.setClipRect(self.plot_rect)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        first = max(0, frame - max(1, round(TAIL_S * data.frame_rate_hz)))
        tail = [QPointF(float(x), float(y)) for x, y in self.places(data.before[first : frame + 1][-TAIL_POINTS:])]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for number, (start, end) in enumerate(pairwise(tail), 1):
            colour = QColor(theme.cursor)
            colour.setAlphaF(0.75 * number / len(tail))
            painter.setPen(QPen(colour, 1.2))
            painter.drawLine(start, end)
        place = tail[-1]
        if self.show_after and data.after is not None and frame < len(data.after):
            painter.setPen(QPen(theme.decoded, 2))
            painter.drawLine(place, self.position_of(data.after[frame]))
        for colour, width in ((theme.background, 5), (theme.cursor, 2)):
            painter.setPen(QPen(colour, width))
            painter.drawEllipse(place, 7, 7)
        painter.setClipping(False)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    # -- choosing frames ----------------------------------------------------------------------------------------
    def select_inside(self, outline: Array) -> None:
        """Take the frames of the visible time inside of a line `[M, 2]` in the widget."""
        if self.data is None:
            return
        first, last = self._scene().frames(0)
        self._around = 0
        chosen = inside(self.places(self.data.before[first:last]), outline)
        self.frames_selected.emit(first + np.flatnonzero(chosen))

    def select_around(self) -> None:
        """Take the frames that lie nearest to that of the playhead: each time twice as many."""
        if self.data is None or not len(self.data):
            return
        here_now = self.data.frame_at(self.cursor_s)
        if not self._around or here_now not in self.selected:
            self._around, self._around_frame = 0, here_now
        self._around += 1
        points = self.data.before
        first, last = self._scene().frames(0)
        here = points[self._around_frame]
        apart = np.linalg.norm(points[first:last] - here, axis=1)
        count = min(len(apart), 4 * 2**self._around)
        self.frames_selected.emit(np.sort(first + np.argpartition(apart, count - 1)[:count]) if count else apart[:0])

    # -- events -------------------------------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        left = event.button() == Qt.MouseButton.LeftButton
        if not left and event.button() != Qt.MouseButton.MiddleButton:
            return
        self._press = self._last = event.position()
        self._moved = False
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._panning = not left or not self.spatial
        self._lasso = [event.position()] if left and (shift or self.lasso_mode) else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = event.position()
        if self._press is None or self._last is None or not event.buttons():
            self.hovered.emit(self._describe(self.hit(place)))
            return
        if not self._moved and (place - self._press).manhattanLength() < MOVED_PIXELS:
            return
        self._moved = True
        by = place - self._last
        self._last = place
        if self._lasso is not None:
            self._lasso.append(place)
            self.update()
            return
        if self._panning:
            self.camera.pan(by.x(), by.y())
        else:
            self.camera.turn(by.x(), by.y())
        self.invalidate()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        press, lasso, moved = self._press, self._lasso, self._moved
        self._press = self._last = self._lasso = None
        if press is None:
            return
        self.update()
        if lasso is not None and moved:
            self.select_inside(np.array([(point.x(), point.y()) for point in lasso]))
            return
        found = self.hit(event.position())
        if moved or event.button() != Qt.MouseButton.LeftButton or found is None:
            return
        path, frame = found
        if path == 0:
            self.seek_requested.emit(frame / self.paths[0].frame_rate_hz)
        self.point_chosen.emit(path, frame)

    def _describe(self, found: tuple[int, int] | None) -> str:
        if found is None:
            return ""
        index, frame = found
        path = self.paths[index]
        text = f"Frame {frame} · {length_text(frame / path.frame_rate_hz)} · {_point(path.before[frame])}"
        if path.after is not None and frame < len(path.after):
            text += f" → {_point(path.after[frame])} quantised"
        value = self.colouring.value_text(index, frame)
        name = f"{path.name} · " if len(self.paths) > 1 else ""
        return name + text + (f" · {value}" if value else "")

    def wheelEvent(self, event: QWheelEvent) -> None:
        centre = QRectF(self.plot_rect).center()
        by = event.position() - centre
        self.camera.zoom(0.8 ** (event.angleDelta().y() / 120), by.x(), by.y())
        self.invalidate()
        event.accept()

    def event(self, event: QEvent) -> bool:
        if claims(event, KEYS):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, shift = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        across = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(key), 0)
        down = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(key), 0)
        data = self.data
        if shift and (across or down):
            (self.camera.turn if self.spatial else self.camera.pan)(20.0 * across, 20.0 * down)
            self.invalidate()
        elif across and data is not None:
            frame = min(max(data.frame_at(self.cursor_s) + across, 0), max(len(data) - 1, 0))
            self.seek_requested.emit(frame / data.frame_rate_hz)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and data is not None and len(data):
            self.point_chosen.emit(0, data.frame_at(self.cursor_s))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self.camera.zoom(2.0 if key == Qt.Key.Key_Minus else 0.5, 0.0, 0.0)
            self.invalidate()
        elif key == Qt.Key.Key_F:
            self.fit()
        elif key == Qt.Key.Key_D:
            self.set_spatial(not self.camera.spatial)
        elif key == Qt.Key.Key_V and self.spatial:
            self.camera.next_view()
            self.fit()
        elif key == Qt.Key.Key_S:
            self.select_around()
        elif key == Qt.Key.Key_N:
            self.stretch_requested.emit(-1 if shift else 1)
        elif key == Qt.Key.Key_Escape and len(self.selected):
            self.frames_selected.emit(np.zeros(0, np.int64))
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


def _point(point: Array) -> str:
    return f"({', '.join(f'{float(value):.2f}' for value in point)})".replace("-", "−")
