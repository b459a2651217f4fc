"""The list of training runs below the form, and what can be done with the chosen one."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from workbench import dialogs
from workbench.context import Context
from workbench.verbs import run_watch, training, training_words
from workbench.verbs import training_draft as making
from workbench.widgets.controls import Button, in_tab_order
from workbench.widgets.line import line_of
from workbench.widgets.read_out import ReadOut
from workbench.widgets.runs_table import RunsTable

SURE_MS = 4000  # within which Kill has to be pressed twice


class TrainingRuns(QWidget):
    """A part of the panel Training."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.runs = RunsTable()
        self.watch = Button("Watch", "Watch the run", "Curves, sounds and alarms of the chosen run.")
        self.open = Button("Open in workbench", "Open in workbench", "Load its newest codec into every other panel.")
        self.stop = Button("Stop", "Stop the run", "Save and end after the present step; Resume goes on (Delete).")
        self.kill = Button("Kill", "Kill the run", "End all its processes at once; press twice.")
        self.resume = Button("Resume", "Resume the run", "Go on from the newest checkpoint.")
        self.clone = Button("Clone", "Clone the run", "Take its recipe, changes and speech into the form.")
        self.first = Button("Next", "Next in the queue", "Have a run that waits be the next one.")
        self.add = Button("Add run…", "Add a run folder", "List a run whose folder lies elsewhere.")
        self.explanation = ReadOut("no run is chosen")
        self._sure = QTimer(self)
        self._sure.setSingleShot(True)
        self._sure.setInterval(SURE_MS)
        self._moved = True  # it has to be shown anew
        self._build()
        self._connect()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setSpacing(3)
        column.addWidget(self.runs, 1)
        column.addWidget(self.explanation)
        buttons = (self.watch, self.open, self.clone, self.stop, self.kill, self.resume, self.first)
        self.verbs = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self.verbs.addLayout(line_of(*buttons[:3]))
        self.verbs.addLayout(line_of(*buttons[3:], None, self.add), 1)
        column.addLayout(self.verbs)
        in_tab_order(self.runs, *buttons, self.add)

    def _connect(self) -> None:
        ctx = self.context
        self.runs.run_chosen.connect(lambda folder: training.choose_run(ctx, folder))
        self.runs.run_wanted.connect(lambda folder: run_watch.open_in_workbench(ctx, folder))
        self.runs.stop_wanted.connect(lambda folder: training.stop_run(ctx, folder))
        self.watch.clicked.connect(lambda: ctx.runs.panel_wanted.emit("run"))
        self.open.clicked.connect(lambda: run_watch.open_in_workbench(ctx, ctx.runs.chosen))
        self.stop.clicked.connect(lambda: training.stop_run(ctx, ctx.runs.chosen))
        self.kill.clicked.connect(self._kill)
        self.resume.clicked.connect(self._resume)
        self.clone.clicked.connect(lambda: making.clone_run(ctx, ctx.runs.chosen))
        self.first.clicked.connect(lambda: training.hurry_in_queue(ctx, ctx.runs.chosen))
        self.add.clicked.connect(self._add_run)
        self._sure.timeout.connect(self._show_runs)
        for signal in (ctx.runs.changed, ctx.runs.moved, ctx.runs.chosen_changed):
            signal.connect(self._runs_moved)

    def _runs_moved(self, _folder: str = "") -> None:
        self._moved = True

    def refresh(self) -> None:
        """Show it anew where something moved on."""
        if self._moved:
            self._moved = False
            self._show_runs()

    def _show_runs(self) -> None:
        ctx, run = self.context, self.context.runs.run
        self.runs.set_rows(training_words.run_rows(ctx), ctx.runs.chosen)
        self.explanation.say(f"{run.name}: {' '.join((run.words, *_alarms(run.summary.alarms)))}" if run else "")
        for button in (self.watch, self.clone, self.open):
            button.setEnabled(run is not None)
        self.stop.setEnabled(run is not None and run.active and run.status != "stopping")
        self.kill.setEnabled(run is not None and run.active)
        self.resume.setEnabled(run is not None and not run.active and run.status != "new")
        self.first.setVisible(run is not None and run.status == "queued")
        self.kill.setText("Press again to kill" if self._sure.isActive() else "Kill")

    # -- the person -------------------------------------------------------------------------------------------------
    def _kill(self) -> None:
        """The first press asks, the second within a few seconds does it."""
        if self._sure.isActive():
            self._sure.stop()
            training.kill_run(self.context, self.context.runs.chosen)
        else:
            self._sure.start()
        self._show_runs()

    def _resume(self) -> None:
        run = self.context.runs.run
        if run is None:
            return
        changes: dict[str, Any] | None = None
        if run.status == "finished":
            steps = dialogs.ask_number(self, "Go on", f"{run.name} is finished. Steps in all:", run.summary.steps * 2)
            if steps is None:
                return
            changes = {"budget.steps": steps}
        training.resume_run(self.context, run.folder, changes)

    def _add_run(self) -> None:
        folder = dialogs.ask_folder(self, "List the run in", str(training.runs_folder(self.context)))
        if folder:
            training.add_run(self.context, folder)


def _alarms(alarms: tuple[tuple[str, str, str], ...]) -> list[str]:
    return [f"▲ {words} {advice}" for _, words, advice in alarms]
