"""The page of Compare that plots each version's measure over its bitrate, and has the measures made."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent

from workbench.context import Context
from workbench.panels.compare_view import METRICS, matrix_columns, rate_points
from workbench.panels.time_linked import OPEN_HINT
from workbench.verbs import columns as column_verbs
from workbench.widgets.controls import Choice
from workbench.widgets.page import Page
from workbench.widgets.rate_distortion import RateDistortion

MEASURE_AFTER_MS = 250  # renders that come one after the other are measured together


class NumbersPage(Page):
    """The plot; `choice`, of its upright axis, stands outside of the page, beside the names of the pages."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.plot = RateDistortion()
        self.choice = Choice(
            "Measure", "What stands on the upright axis.", tuple((row.name, key) for key, row in METRICS.items())
        )
        self.choice.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setMinimumContentsLength(5)  # so that the names of the pages have room in a narrow dock
        self.fill(None, self.plot)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(MEASURE_AFTER_MS)
        self._soon.timeout.connect(self.measure)
        self.choice.activated.connect(self.show_plot)
        context.columns.metrics_changed.connect(self.show_plot)

    @property
    def settled(self) -> bool:
        """Everything that it would measure by now is measured."""
        return not self._soon.isActive() and not self.context.columns.measuring

    def measure_later(self) -> None:
        self._soon.start()

    def measure(self) -> None:
        """Numbers cost computing, so they are made while somebody can see them."""
        if self.isVisible():
            column_verbs.measure(self.context)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.measure_later()

    def show_plot(self) -> None:
        if self.context.playback.blind:
            self.plot.set_points((), (), METRICS[self.choice.value], "hidden while listening is blind")
            self.plot.set_heard(None)
            return
        columns = matrix_columns(self.context)
        points = rate_points(self.context, columns, self.choice.value)
        waiting = "Measuring …" if self.context.clip.is_open else OPEN_HINT
        self.plot.set_points(points, [column.title for column in columns], METRICS[self.choice.value], waiting)
        self.plot.set_heard(self.context.playback.depth)
