"""Small histograms side by side: how the measures of a set are spread over its clips."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy

from speefeare_core.dataset_doctor.report import Histogram
from workbench.widgets.figure import Table
from workbench.widgets.hinted import Hinted
from workbench.widgets.theme import Theme, describe, mix, theme_of
from workbench.widgets.ticks import ticks

LEAST_WIDTH, LEAST_HEIGHT = 16, 5  # of one of them, in letters and lines
CELL_SHAPE = 1.6  # width over height that is aimed at


class HistogramGrid(Hinted):
    """Arrows go from bar to bar; what a bar says is told by `hovered`."""

    hovered = Signal(str)
    own_keys = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End)

    def __init__(self) -> None:
        super().__init__()
        self.histograms: dict[str, Histogram] = {}
        self.chosen: tuple[int, int] | None = None  # histogram, bar
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        describe(
            self,
            "Histograms of the clips",
            "How many clips lie in each range, the median dashed; arrow keys go from bar to bar.",
        )

    def set_histograms(self, histograms: Mapping[str, Histogram]) -> None:
        """Other ones."""
        if dict(histograms) != self.histograms:
            self.histograms, self.chosen = dict(histograms), None
            self.update()

    # -- places -----------------------------------------------------------------------------------------------------
    def cells_in(self, rect: QRect, metrics: QFontMetrics) -> list[QRect]:
        """A cell for each that there is room for, the first ones first, in rows that are as even as can be."""
        count = len(self.histograms)
        if not count:
            return []
        fit = max(1, rect.width() // max(1, metrics.horizontalAdvance("0") * LEAST_WIDTH))
        most_rows = max(1, rect.height() // (metrics.height() * LEAST_HEIGHT))
        wanted = max(1, round(math.sqrt(count * rect.width() / max(1.0, CELL_SHAPE * rect.height()))))
        columns = min(count, fit, max(wanted, -(-count // most_rows)))
        rows = min(most_rows, -(-count // columns))
        columns = min(columns, -(-count // rows))
        width, height = rect.width() / columns, rect.height() / rows
        return [
            QRect(
                round(rect.left() + n % columns * width), round(rect.top() + n // columns * height),
                int(width), int(height),
            )
            for n in range(min(count, rows * columns))
        ]  # fmt: skip

    def plot_in(self, cell: QRect, metrics: QFontMetrics) -> QRect:
        """Where the bars stand."""
        line = metrics.height()
        return cell.adjusted(10, line + 6, -10, -(line + 6))

    def bar_at(self, place: QPointF) -> tuple[int, int] | None:
        """Histogram and bar under a place."""
        metrics = self.fontMetrics()
        for number, cell in enumerate(self.cells_in(self.rect(), metrics)):
            plot = self.plot_in(cell, metrics)
            if cell.contains(place.toPoint()) and plot.left() <= place.x() <= plot.right():
                bars = len(list(self.histograms.values())[number].counts)
                return number, min(bars - 1, int((place.x() - plot.left()) / plot.width() * bars))
        return None

    def words_of(self, chosen: tuple[int, int] | None) -> str:
        """What a bar says."""
        if chosen is None:
            return ""
        one = list(self.histograms.values())[chosen[0]]
        low, high, count = one.edges[chosen[1]], one.edges[chosen[1] + 1], one.counts[chosen[1]]
        whole = max(1, sum(one.counts))
        start = "up to " if chosen[1] == 0 else ""
        span = f"{start}{high:g}" if start else f"{low:g} to {high:g}"
        if chosen[1] == len(one.counts) - 1:
            span = f"from {low:g} on"
        return f"{one.title} {span} {one.unit}: {count:,} clips, {100 * count / whole:.1f} %".replace("-", "−")

    # -- drawing ----------------------------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), theme_of(self.palette())
        self.paint_figure(painter, self.rect(), theme)
        if self.hasFocus():
            painter.setPen(QPen(theme.accent, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def paint_figure(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        """Draw all into a rectangle of any painter."""
        painter.fillRect(rect, theme.background)
        metrics = painter.fontMetrics()
        for number, (cell, one) in enumerate(zip(self.cells_in(rect, metrics), self.histograms.values(), strict=False)):
            self._paint_one(painter, self.plot_in(cell, metrics), one, number, theme)

    def _paint_one(self, painter: QPainter, plot: QRect, one: Histogram, number: int, theme: Theme) -> None:
        metrics = painter.fontMetrics()
        if plot.width() < 8 or plot.height() < 4:
            return
        painter.fillRect(plot, theme.lane)
        most, plain = max(max(one.counts), 1), mix(theme.lane, theme.original, 0.75)
        step = plot.width() / len(one.counts)
        for index, count in enumerate(one.counts):
            if not count:
                continue
            height = max(1.0, count / most * (plot.height() - 4))
            bar = QRectF(plot.left() + index * step, plot.bottom() + 1 - height, max(1.0, step - 1), height)
            painter.fillRect(bar, theme.accent if self.chosen == (number, index) else plain)
        if self.chosen is not None and self.chosen[0] == number:
            x = plot.left() + (self.chosen[1] + 0.5) * step
            painter.setPen(QPen(theme.text, 1))
            painter.drawLine(QPointF(x, plot.bottom() + 1), QPointF(x, plot.bottom() + 5))
        low, high = one.edges[0], one.edges[-1]
        share = (min(max(one.median, low), high) - low) / max(high - low, 1e-9)
        x = plot.left() + share * plot.width()
        painter.setPen(QPen(theme.text, 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
        line = metrics.height()
        title = f"{one.title} ({one.unit})"
        told = f"{one.median:.1f}".replace("-", "−")
        room = QRect(plot.left(), plot.top() - line - 4, plot.width(), line)
        painter.setPen(theme.text)
        painter.drawText(room, Qt.AlignmentFlag.AlignRight, told)
        space = room.width() - metrics.horizontalAdvance(told) - 8
        painter.drawText(
            room, Qt.AlignmentFlag.AlignLeft, metrics.elidedText(title, Qt.TextElideMode.ElideRight, space)
        )
        painter.setPen(theme.muted)
        for value in ticks(low, high, max(2, plot.width() // (4 * metrics.horizontalAdvance("−00")))):
            x = plot.left() + (value - low) / (high - low) * plot.width()
            text = f"{value:g}".replace("-", "−")
            half = metrics.horizontalAdvance(text) / 2
            x = min(max(x, plot.left() + half), plot.right() - half)
            box = QRectF(x - 40, plot.bottom() + 3, 80, line)
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, text)

    # -- taking it out ----------------------------------------------------------------------------------------------
    def arrays(self) -> dict[str, NDArray[Any]]:
        """Edges and counts of each."""
        found: dict[str, NDArray[Any]] = {}
        for key, one in self.histograms.items():
            found[f"{key}_edges"], found[f"{key}_clips"] = np.array(one.edges), np.array(one.counts)
        return found

    def table(self) -> Table:
        """A row for each bar."""
        rows = [
            (key, one.unit, one.edges[index], one.edges[index + 1], count)
            for key, one in self.histograms.items()
            for index, count in enumerate(one.counts)
        ]
        return Table(("measure", "unit", "from", "to", "clips"), rows)

    # -- mouse and keys ---------------------------------------------------------------------------------------------
    def hint_at(self, place: QPointF) -> str:
        return self.words_of(self.bar_at(place)) or self.toolTip()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._choose(self.bar_at(event.position()))

    def leaveEvent(self, event: Any) -> None:
        self._choose(None)
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Home: -(10**6), Qt.Key.Key_End: 10**6}
        others = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        key = Qt.Key(event.key())
        if not self.histograms or key not in {**steps, **others}:
            super().keyPressEvent(event)
            return
        number, bar = self.chosen or (0, -1 if key == Qt.Key.Key_Right else 0)
        if key in others:
            number = (number + others[key]) % len(self.histograms)
        bars = len(list(self.histograms.values())[number].counts)
        self._choose((number, min(max(bar + steps.get(key, 0), 0), bars - 1)))

    def _choose(self, chosen: tuple[int, int] | None) -> None:
        if chosen != self.chosen:
            self.chosen = chosen
            self.hovered.emit(self.words_of(chosen))
            self.update()

    def sizeHint(self) -> QSize:
        letter, line = self.fontMetrics().horizontalAdvance("0"), self.fontMetrics().height()
        return QSize(2 * LEAST_WIDTH * letter + 60, 3 * (LEAST_HEIGHT + 1) * line)

    def minimumSizeHint(self) -> QSize:
        letter, line = self.fontMetrics().horizontalAdvance("0"), self.fontMetrics().height()
        return QSize(LEAST_WIDTH * letter, LEAST_HEIGHT * line)
