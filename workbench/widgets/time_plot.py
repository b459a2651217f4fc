"""Base of everything drawn over time: ruler, cursor, loop region, zoom, pan, seek, hover."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.widgets.controls import claims
from workbench.widgets.flags import Flag, draw_flags, flag_at
from workbench.widgets.theme import Theme, left_gutter, right_gutter, theme_of
from workbench.widgets.ticks import seconds_text, step_for, ticks

DRAG_PIXELS = 4  # less than this is a click
EDGE_PIXELS = 5  # so near to the edge of a region a drag moves that edge


class TimePlot(QWidget):
    """Draws `paint_plot` once into an image, and cursor and region over it, so that a moving cursor costs a blit.

    Click seeks, drag marks a region, drag its edge moves that edge, wheel zooms, Shift or sideways wheel and the middle
    button pan. Keys: ← → move the cursor by 10 pixels, with Shift they mark a region from the cursor on, + − zoom,
    Page Up/Down pan, F shows all.
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
        self.flags: tuple[Flag, ...] = ()
        self._cache: QImage | None = None
        self._sheet: QImage | None = None  # what `_cache` is drawn on
        self._press: QPointF | None = None
        self._drag: tuple[float, float] | None = None
        self._pan_from: tuple[float, float] | None = None
        self._anchor: tuple[float, float] | None = None  # s: where marking by keys began, and where it is
        self._figure: QSize | None = None  # while it is drawn as a figure
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    # -- what a plot writes -------------------------------------------------------------------------------------
    def paint_plot(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        """Draw all but ruler, cursor and region."""

    def paint_over(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        """Draw what changes often, over the rest."""

    def describe_at(self, position: QPointF) -> str:
        """The hover text at a point of the widget."""
        return ""

    def paint_figure(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        """Draw it without cursor and region into a part of another picture, at any size."""
        self._figure = rect.size()
        painter.save()
        try:
            painter.translate(rect.topLeft())
            painter.setFont(self.font())
            painter.fillRect(QRect(0, 0, rect.width(), rect.height()), theme.background)
            self.paint_plot(painter, self.plot_rect, theme)
            draw_flags(painter, self.plot_rect, self.start_s, self.end_s, self.flags, theme)
            self._draw_ruler(painter, theme)
        finally:
            painter.restore()
            self._figure = None

    def figure_rect(self, rect: QRect) -> QRect:
        """Where `paint_figure` draws the time from `start_s` to `end_s`."""
        self._figure = rect.size()
        try:
            return self.plot_rect.translated(rect.topLeft())
        finally:
            self._figure = None

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
        size = self._figure or self.size()
        return QRect(left, 4, max(1, size.width() - left - right), max(1, size.height() - bottom - 4))

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

    def set_flags(self, flags: tuple[Flag, ...]) -> None:
        """The marks of the person."""
        if flags != self.flags:
            self.flags = flags
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
        self.paint_over(painter, rect, theme)
        draw_flags(painter, rect, self.start_s, self.end_s, self.flags, theme)
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
        size = (self.size() * ratio).expandedTo(QSize(1, 1))
        if self._sheet is None or self._sheet.size() != size:  # a fresh one costs a quarter of a frame
            self._sheet = QImage(size, QImage.Format.Format_RGB32)
        image = self._sheet
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
        unit = QRectF(rect.right(), top + 4, right_gutter(metrics) - 10, metrics.height())
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
            self._drag = _ordered(self._drag_from(self._press.x()), self.time_at(event.position().x()))
            self.update()
        inside = self.plot_rect.contains(event.position().toPoint())
        at_edge = inside and self._edge_at(event.position().x()) is not None
        self.setCursor(Qt.CursorShape.SizeHorCursor if at_edge else Qt.CursorShape.ArrowCursor)
        self.hovered.emit(self._words_at(event.position()) if inside else "")

    def _words_at(self, position: QPointF) -> str:
        """What lies under the pointer, a mark first."""
        reach_s = EDGE_PIXELS * (self.end_s - self.start_s) / self.plot_rect.width()
        flag = flag_at(self.flags, self.time_at(position.x()), reach_s)
        words = self.describe_at(position)
        return f"⚑ {flag.text} · {words}" if flag is not None else words

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

    def _edge_at(self, x: float) -> int | None:
        """Which edge of the region (0 or 1) is under the pointer."""
        if self.region is None:
            return None
        distances = [abs(self.x_of(edge) - x) for edge in self.region]
        nearest = 0 if distances[0] < distances[1] else 1
        return nearest if distances[nearest] <= EDGE_PIXELS else None

    def _drag_from(self, x: float) -> float:
        """Where what is dragged begins, in seconds: at the press, or at the other edge of a region held by its edge."""
        edge = self._edge_at(x)
        return self.time_at(x) if edge is None or self.region is None else self.region[1 - edge]

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
        if claims(event, (Qt.Key.Key_Left, Qt.Key.Key_Right)) or _marks(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, step = event.key(), 10 * (self.end_s - self.start_s) / self.plot_rect.width()
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            step = step if key == Qt.Key.Key_Right else -step
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self._mark(step)
            else:
                self.seek_requested.emit(min(max(self.cursor_s + step, 0.0), self.length_s))
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

    def _mark(self, step_s: float) -> None:
        """Move the free end of the region by keys; a region that came from elsewhere is left behind."""
        ours = self._anchor is not None and self.region is not None and _near(_ordered(*self._anchor), self.region)
        start, end = self._anchor if ours and self._anchor is not None else (self.cursor_s, self.cursor_s)
        self._anchor = (start, min(max(end + step_s, 0.0), self.length_s))
        if self._anchor[0] != self._anchor[1]:
            self.region_selected.emit(*_ordered(*self._anchor))

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


def _ordered(first: float, second: float) -> tuple[float, float]:
    return min(first, second), max(first, second)


def _near(first: tuple[float, float], second: tuple[float, float]) -> bool:
    """The same to a millisecond: regions are kept in samples."""
    return abs(first[0] - second[0]) < 1e-3 and abs(first[1] - second[1]) < 1e-3


def _marks(event: QEvent) -> bool:
    """Whether the window asks if the plot wants Shift with an arrow for itself."""
    if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
        return False
    shifted = event.modifiers() == Qt.KeyboardModifier.ShiftModifier
    return shifted and event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right)
