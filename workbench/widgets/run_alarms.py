"""What a run warned of, with an explanation and what to do; and what is watched all the time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from speefeare_core.training import alarm_rules as rules
from speefeare_core.training.run_history import Alarm, RunHistory
from workbench.widgets.scroll_bars import flat_scroll_bars
from workbench.widgets.theme import describe

KINDS = {
    "collapse": "Collapsed book", "discriminator_wins": "Discriminators win", "gradient": "Gradient leaps",
    "not_finite": "Not a number", "overfit": "Overfitting", "loader_bound": "Starved of data",
    "data": "Unreadable clips",
}  # fmt: skip
RULES = (
    f"A book counts as collapsed when its perplexity over a whole window stays below {rules.COLLAPSE_SHARE:.0%} of its"
    f" entries (the red line) {rules.COLLAPSE_LINES} times in a row after step {rules.COLLAPSE_STEPS}.",
    f"The discriminators win when their loss stays below {rules.WINS_SHARE:.0%} of what it is without any knowledge for"
    f" {rules.WINS_LINES} lines of the log.",
    f"The gradient leaps when it is {rules.GRADIENT_FACTOR:.0f} times as long as its median of the last"
    f" {rules.GRADIENT_LINES} lines.",
    f"A run overfits when the mel distance of validation is more than {rules.OVERFIT_SHARE:.0%} above its best for"
    f" {rules.OVERFIT_CHECKPOINTS} checkpoints in a row while the losses of training fell.",
    f"It is starved of data when it waits for them more than {rules.LOADER_SHARE:.0%} of the time for"
    f" {rules.LOADER_LINES} lines of the log.",
    "When a gradient is no number the run goes back to its newest checkpoint by itself.",
)


def title_of(alarm: Alarm) -> str:
    """What it is, in two words."""
    return KINDS.get(alarm.kind, alarm.kind.replace("_", " ").capitalize() or "Warning")


def countdown(run: RunHistory) -> str:
    """How far the rule of overfitting is: a sentence, or nothing."""
    distances, worse = run.series.get("validation/mel_distance"), run.series.get("validation/worse_for")
    if distances is None or distances.count < 2 or worse is None:
        return ""
    best = f"Validation was best at step {int(distances.steps[np.nanargmin(distances.values)]):,}".replace(",", " ")
    if not worse.last:
        return f"{best}: no sign of overfitting."
    return f"{best}; the rule of overfitting holds for {worse.last:.0f} of {rules.OVERFIT_CHECKPOINTS} checkpoints."


class RunAlarms(QTableWidget):
    """One row an alarm, the newest first; Enter or a double-click goes to its step in the curves."""

    step_wanted = Signal(str, int)  # folder of the run, step

    def __init__(self) -> None:
        super().__init__(0, 4)
        flat_scroll_bars(self)
        self._shown: tuple[tuple[str, Alarm], ...] = ()
        self._folders: dict[str, str] = {}  # by name of the run
        self.setHorizontalHeaderLabels(["Step", "Alarm", "What happened", "What helps"])
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setWordWrap(True)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        head = self.horizontalHeader()
        for column in (0, 1):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        for column in (2, 3):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        head.sectionResized.connect(self.resizeRowsToContents)
        describe(self, "Alarms", "What the runs warned of, the newest first; Enter shows the step in the curves.")
        self.cellDoubleClicked.connect(lambda row, _column: self._go(row))

    def set_alarms(self, runs: Sequence[RunHistory]) -> None:
        """Those of these runs."""
        found = [(run.folder.name, alarm) for run in runs for alarm in run.alarms]
        shown = tuple(sorted(found, key=lambda row: row[1].time, reverse=True))
        if shown == self._shown:
            return
        self._shown, several = shown, len(runs) > 1
        self._folders = {run.folder.name: str(run.folder) for run in runs}
        self.setRowCount(len(shown))
        for row, (name, alarm) in enumerate(shown):
            words = f"{name}: {alarm.words}" if several else alarm.words
            step = f"{alarm.step:,}".replace(",", " ")
            for column, text in enumerate((step, f"▲ {title_of(alarm)}", words, alarm.advice)):
                item = QTableWidgetItem(text)
                item.setTextAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
                item.setToolTip(text)
                self.setItem(row, column, item)
        self.resizeRowsToContents()

    def _go(self, row: int) -> None:
        if 0 <= row < len(self._shown):
            name, alarm = self._shown[row]
            self.step_wanted.emit(self._folders[name], alarm.step)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._go(self.currentRow())
        else:
            super().keyPressEvent(event)
