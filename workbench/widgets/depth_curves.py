"""Curves over depth, beside each other: what is left over, and what each depth is against the original."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy

from workbench.widgets.figure import Cell, Table
from workbench.widgets.hinted import Hinted
from workbench.widgets.series import draw_series_mark, series_colour
from workbench.widgets.theme import Theme, theme_of
from workbench.widgets.ticks import ticks

GAP = 14


@dataclass(frozen=True)
class CurveLine:
    """Depths from 0 on, rising, with their values."""

    name: str
    points: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Curve:
    """One chart. `waiting` is said where no line has a point."""

    title: str
    unit: str
    lines: tuple[CurveLine, ...]
    better: str  # "up is better", "down is better"
    waiting: str = ""

    def value_at(self, depth: int) -> float | None:
        """Of the line that knows this depth."""
        return next((value for line in self.lines for at, value in line.points if at == depth), None)


class DepthCurves(Hinted):
    """A click chooses the depth below it, ← → the one before or after. The chosen depth carries a line and values."""

    chosen = Signal(int)
    own_keys = (Qt.Key.Key_Left, Qt.Key.Key_Right)

    def __init__(self) -> None:
        super().__init__()
        self.curves: tuple[Curve, ...] = ()
        self.last = 1
        self.heard: int | None = None
        self._hovered: int | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.setAccessibleName("Curves over depth")
        self.setToolTip(
            "What is left over, signal-to-noise ratio and mel distance at each depth; click one to hear it."
        )

    def set_curves(self, curves: Sequence[Curve], last: int, depth: int | None) -> None:
        """What to draw, the deepest depth, and the one that is heard (None: none)."""
        state = (tuple(curves), max(1, last), depth)
        if state != (self.curves, self.last, self.heard):
            self.curves, self.last, self.heard = state
            self.setAccessibleDescription(self.words(depth) if depth is not None else f"{self.last} depths")
            self.update()

    def words(self, depth: int) -> str:
        """All values of a depth."""
        parts = [f"depth {depth}"]
        for curve in self.curves:
            value = curve.value_at(depth)
            if value is not None:
                parts.append(f"{curve.title.lower()} {_number(value)} {curve.unit}")
        return ", ".join(parts)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Depths and values of every line."""
        found: dict[str, NDArray[Any]] = {}
        for curve in self.curves:
            for number, line in enumerate(curve.lines, 1):
                key = curve.title.lower().replace(" ", "_") + (f"_{number}" if len(curve.lines) > 1 else "")
                found[f"{key}_depth"] = np.array([depth for depth, _ in line.points], np.int64)
                found[f"{key}_{curve.unit.lower()}"] = np.array([value for _, value in line.points])
        return found

    def table(self) -> Table:
        """One row a depth."""
        names = [f"{curve.title.lower().replace(' ', '_')}_{curve.unit.lower()}" for curve in self.curves]
        rows: list[tuple[Cell, ...]] = []
        for depth in range(self.last + 1):
            values = [curve.value_at(depth) for curve in self.curves]
            rows.append((depth, *("" if value is None else value for value in values)))
        return Table(("depth", *names), rows)

    # -- places -------------------------------------------------------------------------------------------------
    def room_of(self, index: int, outer: QRectF | None = None) -> QRectF:
        """Where the points of a chart lie."""
        outer = QRectF(self.rect()) if outer is None else outer
        metrics, count = self.fontMetrics(), max(1, len(self.curves))
        width = (outer.width() - GAP * (count + 1)) / count
        left = outer.left() + GAP + index * (width + GAP)
        numbers = metrics.horizontalAdvance("−00.0") + 6
        line = metrics.height()
        height = outer.height() - 2.6 * line - 6
        return QRectF(left + numbers, outer.top() + 1.3 * line + 2, max(10.0, width - numbers - 4), max(10.0, height))

    def x_of(self, depth: float, room: QRectF) -> float:
        """Where a depth stands."""
        return room.left() + (depth + 0.5) / (self.last + 1) * room.width()

    def depth_at(self, place: QPointF) -> int | None:
        """The depth under a point, from 0 on."""
        for index in range(len(self.curves)):
            room = self.room_of(index)
            if room.left() <= place.x() < room.right():
                return min(self.last, int((place.x() - room.left()) / room.width() * (self.last + 1)))
        return None

    # -- drawing ------------------------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), theme_of(self.palette())
        self.paint_figure(painter, QRectF(self.rect()), theme)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.accent, 1))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def paint_figure(self, painter: QPainter, rect: QRectF, theme: Theme) -> None:
        """Draw everything into `rect`, for the screen and for print."""
        painter.save()
        painter.setFont(self.font())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(QRectF(rect), theme.background)
        for index, curve in enumerate(self.curves):
            self._paint_curve(painter, self.room_of(index, QRectF(rect)), curve, theme)
        painter.restore()

    def _paint_curve(self, painter: QPainter, room: QRectF, curve: Curve, theme: Theme) -> None:
        metrics = painter.fontMetrics()
        line = metrics.height()
        painter.fillRect(room, theme.lane)
        left = room.left() - metrics.horizontalAdvance("−00.0") - 6
        head = QRectF(left, room.top() - 1.3 * line - 2, room.right() - left, line)
        painter.setPen(theme.text)
        title = f"{curve.title} ({curve.unit})"
        values = [value for one in curve.lines for _, value in one.points]
        if not values:
            painter.drawText(head, Qt.AlignmentFlag.AlignLeft, metrics.elidedText(title, _RIGHT, int(head.width())))
            painter.setPen(theme.muted)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(room.adjusted(6, 2, -6, -2), flags, curve.waiting)
            return
        low, high = min(values), max(values)
        margin = max(0.08 * (high - low), 0.25)
        low, high = low - margin, high + margin

        def place(depth: int, value: float) -> QPointF:
            return QPointF(self.x_of(depth, room), room.bottom() - (value - low) / (high - low) * room.height())

        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for tick in ticks(low, high, max(2, int(room.height() / (1.7 * line)))):
            y = place(0, tick).y()
            painter.setPen(QPen(theme.grid, 1))
            painter.drawLine(QPointF(room.left(), y), QPointF(room.right(), y))
            painter.setPen(theme.muted)
            painter.drawText(QRectF(left, y - line / 2, room.left() - left - 4, line), right, _number(tick))
        self._paint_depths(painter, room, theme)
        shown = self._hovered if self._hovered is not None else self.heard
        if shown is not None and 0 <= shown <= self.last:
            x = self.x_of(shown, room)
            painter.setPen(QPen(theme.accent, 1, Qt.PenStyle.SolidLine if shown == self.heard else Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, room.top()), QPointF(x, room.bottom()))
        for number, one in enumerate(curve.lines):
            colour = series_colour(number, theme)
            painter.setPen(QPen(colour, 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            spots = [place(depth, value) for depth, value in one.points]
            painter.drawPolyline(QPolygonF(spots))
            radius = 2.2 if len(spots) > 24 else 3.0
            for spot in spots:
                draw_series_mark(painter, spot, radius, number, colour)
        self._paint_head(painter, head, curve, title, shown, theme)

    def _paint_head(
        self, painter: QPainter, head: QRectF, curve: Curve, title: str, shown: int | None, theme: Theme
    ) -> None:
        """The title, and on the right the value that is shown, or the names of several lines."""
        metrics = painter.fontMetrics()
        value = curve.value_at(shown) if shown is not None else None
        if value is not None:
            told = f"{shown}: {_number(value)} {curve.unit}"
        elif len(curve.lines) > 1:
            told = " ".join(one.name for one in curve.lines)
        else:
            told = curve.better
        width = min(metrics.horizontalAdvance(told) + 2, head.width() * 0.55)
        painter.setPen(theme.text if value is not None else theme.muted)
        painter.drawText(
            QRectF(head.right() - width, head.top(), width, head.height()), Qt.AlignmentFlag.AlignRight, told
        )
        painter.setPen(theme.text)
        room = int(head.width() - width - 8)
        painter.drawText(head, Qt.AlignmentFlag.AlignLeft, metrics.elidedText(title, _RIGHT, room))

    def _paint_depths(self, painter: QPainter, room: QRectF, theme: Theme) -> None:
        metrics = painter.fontMetrics()
        painter.setPen(theme.muted)
        taken = -1e9
        for tick in ticks(0, self.last, max(1, int(room.width() / (3.5 * metrics.horizontalAdvance("0"))))):
            if tick != int(tick):
                continue
            x, text = self.x_of(int(tick), room), f"{int(tick)}"
            half = metrics.horizontalAdvance(text) / 2 + 3
            if x - half < taken or x + half > room.right() + 12:
                continue
            taken = x + half
            painter.drawLine(QPointF(x, room.bottom()), QPointF(x, room.bottom() + 3))
            painter.drawText(
                QRectF(x - 30, room.bottom() + 3, 60, metrics.height()), Qt.AlignmentFlag.AlignHCenter, text
            )

    # -- the person ---------------------------------------------------------------------------------------------
    def hint_at(self, place: QPointF) -> str:
        depth = self.depth_at(place)
        return self.words(depth) if depth is not None else self.toolTip()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hovered = self.depth_at(event.position())
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        depth = self.depth_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and depth is not None:
            self.chosen.emit(depth)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        self.chosen.emit(min(max((self.heard or 0) + step, 0), self.last))

    def sizeHint(self) -> QSize:
        return QSize(480, round(8.5 * self.fontMetrics().height()))

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 0)  # whoever has little room hides it


_RIGHT = Qt.TextElideMode.ElideRight


def _number(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")
