"""Charts of training runs beside and below each other, as many in a row as there is room for; one can be large."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget

from workbench.widgets.run_axis import RunAxis
from workbench.widgets.run_chart import RunChart
from workbench.widgets.run_lines import Chart
from workbench.widgets.run_paint import Moments
from workbench.widgets.scroll_bars import flat_scroll_bars
from workbench.widgets.theme import explain

GAP = 6
LOWEST = 12.5  # lines of text high
NARROWEST = 44  # letters wide that a chart should be at least


class RunGrid(QScrollArea):
    """Holds the charts; `draw` brings those in sight up to date, a few in each frame."""

    step_chosen = Signal(str, float)

    def __init__(self, axis: RunAxis) -> None:
        super().__init__()
        flat_scroll_bars(self)
        self.axis = axis
        self.charts: dict[str, RunChart] = {}
        self.large = ""  # key of the chart that has everything to itself
        self._signatures: tuple[object, ...] = ()
        self._moments = Moments()
        self._inside = QWidget()
        self.setWidget(self._inside)
        self.setWidgetResizable(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_charts(self, charts: Sequence[Chart]) -> None:
        """These charts; those that stay keep their widgets, what has grown is drawn anew."""
        signatures = tuple(chart.signature for chart in charts)
        if signatures == self._signatures:
            for widget in self.charts.values():
                widget.invalidate()
            return
        self._signatures = signatures
        wanted = {chart.key: chart for chart in charts}
        for key in [key for key in self.charts if key not in wanted]:
            gone = self.charts.pop(key)
            gone.hide()
            gone.setParent(None)
            gone.deleteLater()
        made = {}
        for key, chart in wanted.items():
            widget = self.charts.get(key)
            if widget is None:
                widget = RunChart(chart, self.axis)
                widget.setParent(self._inside)
                explain(widget, chart.term or "recipe")
                widget.step_chosen.connect(self.step_chosen)
                widget.enlarged.connect(self.toggle_large)
                widget.set_moments(self._moments)
            else:
                widget.set_chart(chart)
            made[key] = widget
        self.charts = made
        if self.large not in made:
            self.large = ""
        self._lay_out()
        for first, second in zip(list(made.values()), list(made.values())[1:], strict=False):
            QWidget.setTabOrder(first, second)

    def set_moments(self, moments: Moments) -> None:
        """What every chart marks."""
        if moments == self._moments:
            return
        self._moments = moments
        for widget in self.charts.values():
            widget.set_moments(moments)

    def toggle_large(self, key: str) -> None:
        """One chart alone, or all again."""
        self.large = "" if self.large else key
        self._lay_out()
        if key in self.charts:
            self.charts[key].setFocus(Qt.FocusReason.OtherFocusReason)
            self.ensureWidgetVisible(self.charts[key])

    @property
    def waits(self) -> bool:
        """Whether a chart that is in sight is out of date."""
        return any(self._to_draw())

    def draw(self, budget_s: float) -> None:
        """Draw charts that are in sight and out of date, at least one, for about so long."""
        start = time.perf_counter()
        for widget in self._to_draw():
            widget.draw()
            if time.perf_counter() - start > budget_s:
                return

    def _to_draw(self) -> Iterator[RunChart]:
        for widget in self.charts.values():
            if widget.stale and widget.isVisible() and not widget.visibleRegion().isEmpty():
                yield widget

    def _lay_out(self) -> None:
        room, line = self.viewport().size(), self.fontMetrics().height()
        shown = [key for key in self.charts if not self.large or key == self.large]
        most = max(1, room.width() // (NARROWEST * self.fontMetrics().averageCharWidth()))
        columns = 1 if self.large else min(max(1, len(shown)), most)
        places = self._places(shown, columns)
        rows = 1 + max((row for row, _, _ in places.values()), default=-1)
        least = round(LOWEST * line)
        fitting = max(1, (room.height() + GAP) // (least + GAP))  # rows in sight: whole ones, where it scrolls
        height = max(least, (room.height() + GAP) // min(max(1, rows), fitting) - GAP)
        self._inside.resize(room.width(), max(room.height(), rows * (height + GAP) - GAP))
        for key, widget in self.charts.items():
            widget.setVisible(key in places)
            if key in places:
                row, column, span = places[key]
                left = room.width() * column // columns
                right = room.width() * (column + span) // columns - (GAP if column + span < columns else 0)
                widget.setGeometry(QRect(left, row * (height + GAP), right - left, height))

    def _places(self, shown: Sequence[str], columns: int) -> dict[str, tuple[int, int, int]]:
        """Row, column and columns taken of each chart."""
        found: dict[str, tuple[int, int, int]] = {}
        row = column = 0
        for key in shown:
            span = 2 if self.charts[key].chart.wide and columns > 2 else 1
            if column + span > columns:
                row, column = row + 1, 0
            found[key] = (row, column, span)
            column += span
        return found

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def sizeHint(self) -> QSize:
        return QSize(640, 360)

    def minimumSizeHint(self) -> QSize:
        return QSize(180, 120)
