"""Base of everything drawn over time: ruler, cursor, loop region, zoom, pan, seek, hover."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.widgets.controls import claims
from workbench.widgets.theme import Theme, left_gutter, right_gutter, theme_of
from workbench.widgets.ticks import seconds_text, step_for, ticks

DRAG_PIXELS = 4  # less than this is a click


class TimePlot(QWidget):
    """Draws `paint_plot` once into an image, and cursor and region over it, so that a moving cursor costs a blit.

    Click seeks, drag marks a region, wheel zooms, Shift or sideways wheel and the middle button pan.
    Keys: ← → move the cursor by 10 pixels, + − zoom, Page Up/Down pan, F shows all.
    """

    seek_requested = Signal(float)  # s
    range_requested = Signal(float, float)  # s
    region_selected = Signal(float, float)  # s
    hovered = Signal(str)  # what lies under the pointer; empty: nothing

    def __init__(self) -> None:
        super().__init__()
        self.start_s, self.end_s, self.length_s = 0.0, 1.0, 1.0
        self.cursor_s = 0.0
        self.region: tuple[float, float] | None = None
        self.region_active = False
        self._cache: QImage | None = None
        self._press: QPointF | None = None
        self._drag: tuple[float, float] | None = None
        self._pan_from: tuple[float, float] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    # -- what a plot writes -------------------------------------------------------------------------------------
    def paint_plot(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        """Draw all but ruler, cursor and region."""

    def describe_at(self, position: QPointF) -> str:
        """The hover text at a point of the widget."""
        return ""

    # -- state --------------------------------------------------------------------------------------------------
    @property
    def theme(self) -> Theme:
        """Colours of the present palette."""
        return theme_of(self.palette())

    @property
    def plot_rect(self) -> QRect:
        """Where data is drawn."""
        metrics = self.fontMetrics()
        left, right = left_gutter(metrics), right_gutter(metrics)
        bottom = metrics.height() + 8
        return QRect(left, 4, max(1, self.width() - left - right), max(1, self.height() - bottom - 4))

    def set_range(self, start_s: float, end_s: float, length_s: float) -> None:
        """Show [start, end) of a clip of `length_s`."""
        if (start_s, end_s, length_s) != (self.start_s, self.end_s, self.length_s):
            self.start_s, self.end_s, self.length_s = start_s, end_s, length_s
            self.invalidate()

    def set_cursor(self, seconds: float) -> None:
        """Move the play cursor; repaints two strips only."""
        if seconds != self.cursor_s:
            before, self.cursor_s = self._cursor_strip(), seconds
            self.update(before)
            self.update(self._cursor_strip())

    def set_region(self, region: tuple[float, float] | None, active: bool) -> None:
        """The loop region in seconds, and whether looping is on."""
        if (region, active) != (self.region, self.region_active):
            self.region, self.region_active = region, active
            self.update()

    def invalidate(self) -> None:
        """Data, range or colours changed: draw the plot anew at the next paint."""
        self._cache = None
        self.update()

    def x_of(self, seconds: float) -> float:
        """Where a time lies, in widget units."""
        rect = self.plot_rect
        return rect.left() + (seconds - self.start_s) / (self.end_s - self.start_s) * rect.width()

    def time_at(self, x: float) -> float:
        """The time at a place, kept inside the clip."""
        rect = self.plot_rect
        seconds = self.start_s + (x - rect.left()) / rect.width() * (self.end_s - self.start_s)
        return min(max(seconds, 0.0), self.length_s)

    # -- drawing ------------------------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self.theme
        ratio = self.devicePixelRatioF()
        if self._cache is None or self._cache.devicePixelRatioF() != ratio:
            self._cache = self._draw_cache(theme, ratio)
        painter = QPainter(self)
        painter.setClipRect(event.rect())
        painter.drawImage(0, 0, self._cache)
        self._draw_region(painter, theme)
        rect = self.plot_rect
        x = self.x_of(self.cursor_s)
        if rect.left() <= x <= rect.right() + 1:
            painter.setPen(QPen(theme.background, 3))
            painter.drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom()))
            painter.setPen(QPen(theme.cursor, 1))
            painter.drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom() + 5))
        if self.hasFocus():
            painter.setPen(QPen(theme.accent, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(rect.adjusted(-1, -1, 0, 0))

    def _draw_cache(self, theme: Theme, ratio: float) -> QImage:
        size = self.size() * ratio
        image = QImage(size.expandedTo(QSize(1, 1)), QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(ratio)
        image.fill(theme.background)
        painter = QPainter(image)
        painter.setFont(self.font())
        self.paint_plot(painter, self.plot_rect, theme)
        self._draw_ruler(painter, theme)
        painter.end()
        return image

    def _draw_ruler(self, painter: QPainter, theme: Theme) -> None:
        rect, metrics = self.plot_rect, self.fontMetrics()
        span = self.end_s - self.start_s
        room = max(1, rect.width() // (metrics.horizontalAdvance("00:00.000") + 16))
        step = step_for(span, room)
        top = rect.bottom() + 1
        painter.setPen(theme.muted)
        for value in ticks(self.start_s, self.end_s, room):
            x = self.x_of(value)
            painter.drawLine(QPointF(x, top), QPointF(x, top + 4))
            text = seconds_text(value, step)
            width = metrics.horizontalAdvance(text)
            painter.drawText(
                QRectF(x - width, top + 4, 2 * width, metrics.height()), Qt.AlignmentFlag.AlignCenter, text
            )
        unit = QRectF(rect.right(), top + 4, self.width() - rect.right() - 10, metrics.height())
        painter.drawText(unit, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, "s")

    def _draw_region(self, painter: QPainter, theme: Theme) -> None:
        region = self._drag or self.region
        if region is None:
            return
        rect = self.plot_rect
        left, right = (min(max(self.x_of(t), rect.left()), rect.right() + 1) for t in region)
        if right <= left:
            return
        if self.region_active or self._drag:
            painter.fillRect(QRectF(left, rect.top(), right - left, rect.height()), theme.region)
        pen = QPen(theme.accent, 1, Qt.PenStyle.SolidLine if self.region_active else Qt.PenStyle.DashLine)
        painter.setPen(pen)
        for x in (left, right):
            painter.drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom()))
        painter.fillRect(QRectF(left, rect.bottom() + 1, right - left, 3), theme.accent)

    def _cursor_strip(self) -> QRect:
        return QRect(int(self.x_of(self.cursor_s)) - 3, 0, 7, self.height())

    # -- events -------------------------------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.plot_rect.contains(event.position().toPoint()):
            self._press = event.position()
        elif event.button() == Qt.MouseButton.MiddleButton:
            self._pan_from = (event.position().x(), self.start_s)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pan_from is not None:
            x, start = self._pan_from
            span = self.end_s - self.start_s
            start -= (event.position().x() - x) / self.plot_rect.width() * span
            self.range_requested.emit(start, start + span)
        elif self._press is not None and abs(event.position().x() - self._press.x()) >= DRAG_PIXELS:
            ends = sorted((self.time_at(self._press.x()), self.time_at(event.position().x())))
            self._drag = (ends[0], ends[1])
            self.update()
        inside = self.plot_rect.contains(event.position().toPoint())
        self.hovered.emit(self.describe_at(event.position()) if inside else "")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.MiddleButton:
            self._pan_from = None
        elif event.button() == Qt.MouseButton.LeftButton and self._press is not None:
            drag, press = self._drag, self._press
            self._press = self._drag = None
            if drag is not None:
                self.region_selected.emit(*drag)
            else:
                self.seek_requested.emit(self.time_at(press.x()))
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered.emit("")

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier or abs(turn.x()) > abs(turn.y()):
            self._pan(-(turn.x() or turn.y()) / 120 * 0.1)
        elif turn.y():
            self._zoom(0.8 ** (turn.y() / 120), self.time_at(event.position().x()))
        event.accept()

    def event(self, event: QEvent) -> bool:
        if claims(event, (Qt.Key.Key_Left, Qt.Key.Key_Right)):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, step = event.key(), 10 * (self.end_s - self.start_s) / self.plot_rect.width()
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            target = self.cursor_s + (step if key == Qt.Key.Key_Right else -step)
            self.seek_requested.emit(min(max(target, 0.0), self.length_s))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._zoom(0.5, self.cursor_s)
        elif key == Qt.Key.Key_Minus:
            self._zoom(2.0, self.cursor_s)
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self._pan(0.8 if key == Qt.Key.Key_PageDown else -0.8)
        elif key == Qt.Key.Key_F:
            self.range_requested.emit(0.0, self.length_s)
        else:
            super().keyPressEvent(event)

    def _zoom(self, factor: float, around_s: float) -> None:
        around = min(max(around_s, self.start_s), self.end_s)
        span = min(max((self.end_s - self.start_s) * factor, 1e-3), self.length_s)
        start = around - (around - self.start_s) / (self.end_s - self.start_s) * span
        start = min(max(start, 0.0), self.length_s - span)
        self.range_requested.emit(start, start + span)

    def _pan(self, share: float) -> None:
        shift = share * (self.end_s - self.start_s)
        self.range_requested.emit(self.start_s + shift, self.end_s + shift)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.invalidate()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.invalidate()
        super().changeEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(640, 220)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 90)
