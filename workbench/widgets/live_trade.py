"""Latency against computing: one point for each number of frames a step, the chosen one marked."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy

from workbench.state.live import Estimate
from workbench.widgets.hinted import Hinted
from workbench.widgets.labels import draw_role_mark
from workbench.widgets.theme import Theme, theme_of
from workbench.widgets.ticks import ticks

REACH = 14.0  # how near a click has to be
_SHAPES = ("acoustic", "semantic", "mixed")  # square, diamond, disc


class LiveTrade(Hinted):
    """Below the line of real time the machine keeps up; whiskers reach to the 99th percentile."""

    chosen = Signal(int)  # frames a step
    own_keys = (Qt.Key.Key_Left, Qt.Key.Key_Right)

    def __init__(self) -> None:
        super().__init__()
        self.points: tuple[Estimate, ...] = ()
        self.frames, self.mode = 1, ""
        self.waiting = ""
        self.now: tuple[int, float] | None = None  # frames a step and real-time factor of the session that runs
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Latency against real-time factor")
        self.setToolTip("Each point is a number of frames a step: right is later, below the line is fast enough.")
        self.set_points((), 1, "", "")

    def set_points(self, points: Sequence[Estimate], frames: int, mode: str, waiting: str) -> None:
        """What was measured, what is chosen, and what to say where nothing was measured."""
        state = (tuple(points), frames, mode, waiting)
        if state != (self.points, self.frames, self.mode, self.waiting):
            self.points, self.frames, self.mode, self.waiting = state
            found = self.marked
            self.setAccessibleDescription(self.describe(found) if found else waiting)
            self.update()

    def set_now(self, frames: int, factor: float) -> None:
        """What a session that runs really takes; 0: none runs."""
        now = (frames, round(factor, 2)) if factor > 0 else None
        if now != self.now:
            self.now = now
            self.update()

    @property
    def marked(self) -> Estimate | None:
        """The point of what is chosen, if it was measured."""
        return next((p for p in self.points if (p.frames, p.mode) == (self.frames, self.mode)), None)

    @staticmethod
    def describe(point: Estimate) -> str:
        """A point in words."""
        frames = f"{point.frames} frame{'s' if point.frames > 1 else ''} a step"
        return (
            f"{frames}, {point.mode}: {point.latency_ms:.0f} ms, real-time factor {point.real_time_factor:.2f},"
            f" step {point.step_ms:.1f} ms, p99 {point.p99_ms:.1f} ms"
        )

    # -- places ---------------------------------------------------------------------------------------------------
    @property
    def plot_rect(self) -> QRectF:
        """Where points lie."""
        metrics = self.fontMetrics()
        left, line = metrics.horizontalAdvance("0.25 ") + 4, metrics.height()
        return QRectF(left, 4, max(10, self.width() - left - 10), max(10, self.height() - 2 * line - 8))

    def _span(self) -> tuple[float, float]:
        """The latency at the right end, and the real-time factor at the top."""
        late = max((point.latency_ms for point in self.points), default=100.0)
        return late * 1.12, max(1.15, min(2.0, 1.1 * max((p.real_time_factor for p in self.points), default=0.0)))

    def place(self, point: Estimate, factor: float | None = None) -> QPointF:
        """Where a point is drawn (at another real-time factor)."""
        rect, (late, top) = self.plot_rect, self._span()
        value = min(point.real_time_factor if factor is None else factor, top)
        return QPointF(
            rect.left() + rect.width() * point.latency_ms / late, rect.bottom() - rect.height() * value / top
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), theme_of(self.palette())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect, metrics = self.plot_rect, self.fontMetrics()
        painter.fillRect(rect, theme.lane)
        if not self.points:
            painter.setPen(theme.muted)
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.waiting)
            self._paint_focus(painter, rect, theme)
            return
        self._paint_axes(painter, rect, theme, metrics.height())
        modes = tuple(dict.fromkeys(point.mode for point in self.points))
        for index, mode in enumerate(modes):
            colour = (theme.original, theme.decoded, theme.good)[index % 3]
            row = sorted((p for p in self.points if p.mode == mode), key=lambda p: p.frames)
            painter.setPen(QPen(colour, 1))
            painter.drawPolyline([self.place(point) for point in row])
            for point in row:
                high = point.real_time_factor * point.p99_ms / max(point.step_ms, 1e-9)
                painter.setPen(QPen(colour, 1))
                painter.drawLine(self.place(point), self.place(point, high))
                draw_role_mark(painter, self.place(point), 5, _SHAPES[index % 3], colour)
                painter.setPen(theme.text)
                at = self.place(point)
                beside = QRectF(at.x() + 11, at.y() - metrics.height(), 30, metrics.height())
                painter.drawText(beside, str(point.frames))
        if self.marked is not None:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.text, 2))
            painter.drawEllipse(self.place(self.marked), 9, 9)
        self._paint_now(painter, theme)
        self._paint_focus(painter, rect, theme)

    def _paint_now(self, painter: QPainter, theme: Theme) -> None:
        """A cross where the session that runs is."""
        point = next((p for p in self.points if self.now and (p.frames, p.mode) == (self.now[0], self.mode)), None)
        if point is None or self.now is None:
            return
        at = self.place(point, self.now[1])
        painter.setPen(QPen(theme.text, 2))
        painter.drawLine(QPointF(at.x() - 4, at.y() - 4), QPointF(at.x() + 4, at.y() + 4))
        painter.drawLine(QPointF(at.x() - 4, at.y() + 4), QPointF(at.x() + 4, at.y() - 4))
        width = self.fontMetrics().horizontalAdvance("now")
        left = at.x() - 12 - width  # the numbers of the points stand on the right
        beside = QRectF(left if left > self.plot_rect.left() else at.x() + 12, at.y() - 10, width + 2, 20)
        painter.drawText(beside, Qt.AlignmentFlag.AlignVCenter, "now")

    def _paint_axes(self, painter: QPainter, rect: QRectF, theme: Theme, line: int) -> None:
        late, top = self._span()
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        slow = QRectF(rect.left(), rect.top(), rect.width(), rect.height() * (1 - 1 / top))
        painter.fillRect(slow, theme.grid)
        painter.setPen(QPen(theme.problem, 1, Qt.PenStyle.DashLine))
        painter.drawLine(slow.bottomLeft(), slow.bottomRight())
        painter.setPen(theme.muted)
        box = slow if slow.height() > line else slow.translated(0, 2)
        painter.drawText(box.adjusted(0, 0, -4, 0), Qt.AlignmentFlag.AlignRight, "too slow")
        for value in (0.0, 0.5, 1.0):
            y = rect.bottom() - rect.height() * value / top
            painter.drawText(QRectF(0, y - line / 2, rect.left() - 4, line), right, f"{value:g}")
        for value in ticks(0, late, 4):
            x = rect.left() + rect.width() * value / late
            painter.drawLine(QPointF(x, rect.bottom()), QPointF(x, rect.bottom() + 3))
            painter.drawText(QRectF(x - 40, rect.bottom() + 2, 80, line), Qt.AlignmentFlag.AlignCenter, f"{value:g}")
        under = QRectF(0, rect.bottom() + line, self.width(), line)
        painter.drawText(under, Qt.AlignmentFlag.AlignCenter, "RTF against ms · number: frames a step")

    def _paint_focus(self, painter: QPainter, rect: QRectF, theme: Theme) -> None:
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.accent, 1))
            painter.drawRect(rect)

    # -- hand and keys --------------------------------------------------------------------------------------------
    def point_at(self, place: QPointF) -> Estimate | None:
        """The nearest point within reach."""
        near = [((self.place(point) - place).manhattanLength(), point) for point in self.points]
        found = min(near, key=lambda row: row[0], default=None)
        return found[1] if found and found[0] <= REACH else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        point = self.point_at(event.position())
        if point is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(point.frames)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        frames = sorted({point.frames for point in self.points})
        if step is None or not frames:
            super().keyPressEvent(event)
            return
        nearest = min(range(len(frames)), key=lambda index: abs(frames[index] - self.frames))
        self.chosen.emit(frames[min(max(nearest + step, 0), len(frames) - 1)])

    def hint_at(self, place: QPointF) -> str:
        point = self.point_at(place)
        return self.describe(point) if point else self.toolTip()

    def sizeHint(self) -> QSize:
        return QSize(260, 9 * self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())
