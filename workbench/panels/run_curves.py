"""Of the panel *Run*: the charts of the runs that are looked at, and how they are drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from workbench.context import Context
from workbench.state.run_watch import A, B
from workbench.verbs import run_watch
from workbench.widgets.controls import Button, Choice, Slider, in_tab_order
from workbench.widgets.figure import Figure
from workbench.widgets.run_axis import WINDOWS, RunAxis, count_text
from workbench.widgets.run_charts import GROUPS, charts_of
from workbench.widgets.run_grid import RunGrid
from workbench.widgets.run_names import RunNames
from workbench.widgets.run_paint import Moments


class RunCurves(QWidget):
    """Tools above, charts below; `show_runs` where there is more of a log, or other runs are looked at."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.axis = RunAxis()
        groups = (("All charts", ""), *((title, key) for key, title in GROUPS.items()))
        self.group = Choice("Charts", "Which charts are shown.", groups)
        self.unit = Choice("Across", "Steps, or hours of training.", (("Steps", "steps"), ("Hours", "hours")))
        self.log = Button("Log", "Logarithmic axis", "Losses, norms, rates and perplexities by powers of ten.", True)
        self.smoothing = Slider(
            "Smoothing", "Mean over so many steps around each; extremes stay as a pale band.", 0, len(WINDOWS) - 1
        )
        self.smoothed = QLabel()
        self.whole = Button("All steps", "Show all steps", "Zoom out to the whole run (F in a chart).")
        self.names = RunNames()
        self.grid = RunGrid(self.axis)
        self._lay_out()
        self._connect()
        self._smooth(0)

    def _lay_out(self) -> None:
        self._tools = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        how = (QLabel("Smooth"), self.smoothing, self.smoothed, self.whole)
        for widgets in ((self.group, self.unit, self.log), how):
            row = QHBoxLayout()
            for widget in widgets:
                row.addWidget(widget)
            row.addStretch(1)
            self._tools.addLayout(row)
        self._tools.addStretch(1)
        self.smoothing.setMinimumWidth(60)
        self.smoothing.setMaximumWidth(160)
        self.smoothed.setMinimumWidth(self.fontMetrics().horizontalAdvance("100k steps"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._tools)
        column.addWidget(self.names)
        column.addWidget(self.grid, 1)
        in_tab_order(self.group, self.unit, self.log, self.smoothing, self.whole)

    def _connect(self) -> None:
        ctx = self.context
        self.group.currentIndexChanged.connect(self._show_charts)
        self.unit.currentIndexChanged.connect(lambda: self.axis.set_unit(self.unit.value, run_watch.histories(ctx)))
        self.log.setChecked(True)
        self.log.clicked.connect(lambda: self.axis.set_look(log=self.log.isChecked()))
        self.smoothing.valueChanged.connect(self._smooth)
        self.whole.clicked.connect(self.axis.show_all)
        self.axis.changed.connect(self._mark_moments)
        self.grid.step_chosen.connect(self._compare)
        ctx.run_watch.compared.connect(self._mark_moments)

    def set_narrow(self, narrow: bool) -> None:
        """The tools in two rows."""
        ways = QBoxLayout.Direction
        self._tools.setDirection(ways.TopToBottom if narrow else ways.LeftToRight)

    # -- state → widgets --------------------------------------------------------------------------------------------
    def show_runs(self) -> None:
        """The runs as far as they were read."""
        histories = run_watch.histories(self.context)
        if histories:
            self.axis.follow(histories)
            self._mark_moments()
        self._show_charts()
        self.names.set_names([run.folder.name for run in histories])

    def _show_charts(self) -> None:
        self.grid.set_charts(charts_of(run_watch.histories(self.context), self.group.value))

    def _mark_moments(self) -> None:
        ctx = self.context
        histories = run_watch.histories(ctx)
        if not histories:
            return
        place, known = self.axis.place, dict(zip(run_watch.folders(ctx), histories, strict=True))
        sides = []
        for letter, side in (("A", A), ("B", B)):
            row, run = run_watch.heard_of(ctx, side), known.get(run_watch.folder_of(ctx, side))
            if row is not None and run is not None:
                sides.append((letter, float(place(run, row.step))))
        self.grid.set_moments(
            Moments(
                tuple(float(place(run, row.step)) for run in histories for row in run.alarms),
                tuple(float(place(histories[0], step)) for step in histories[0].resumes),
                tuple(sides),
            )
        )

    # -- the person -------------------------------------------------------------------------------------------------
    def _smooth(self, index: int) -> None:
        window = WINDOWS[index]
        self.smoothed.setText(f"{count_text(window)} steps" if window else "off")
        self.axis.set_look(window=float(window))

    def _compare(self, letter: str, place: float) -> None:
        """The checkpoint nearest to a place of the curves."""
        ctx, folder = self.context, self.context.runs.chosen
        history = ctx.run_watch.history(folder)
        if not history.validations:
            ctx.engine.add_message("This run has no validation to hear yet; the first comes before its first step.")
            return
        step = float(self.axis.step_at(history, place))
        nearest = min(history.validations, key=lambda row: abs(row.step - step))
        run_watch.set_side(ctx, A if letter == "A" else B, folder, nearest.step)

    def go_to(self, folder: str, step: int) -> None:
        """Show a step, with the cursor on it."""
        place = float(self.axis.place(self.context.run_watch.history(folder), step))
        span = min(self.axis.end - self.axis.start, self.axis.last / 4)
        self.axis.show(place - span / 2, place + span / 2)
        self.axis.set_cursor(place)

    # -- taken out --------------------------------------------------------------------------------------------------
    def figures(self) -> tuple[Figure, ...]:
        """One a chart."""
        names = [Path(folder).name for folder in run_watch.folders(self.context)]
        if not names:
            return ()
        about = f"Run {names[0]}" + (f", over it {', '.join(names[1:])} (dashed)" if names[1:] else "") + "."
        notes = (about, f"Lines are means over {self.smoothed.text()}.") if self.axis.window else (about,)
        found = []
        for key, widget in self.grid.charts.items():
            title = f"{widget.chart.title}, {', '.join(names)}"
            found.append(Figure(f"run_{key}", title, widget, widget.arrays, widget.table, notes))
        return tuple(found)

    def look(self) -> dict[str, Any]:
        """How it is drawn, to be remembered (JSON-ready)."""
        look = {"group": self.group.value, "unit": self.axis.unit, "log": self.axis.log}
        return look | {"smoothing": self.smoothing.value()}

    def set_look(self, state: dict[str, Any]) -> None:
        """The inverse; unknown or bad fields are ignored."""
        self.group.set_value(str(state.get("group", self.group.value)))
        self.unit.set_value(str(state.get("unit", self.axis.unit)))
        self.axis.set_unit(self.unit.value, run_watch.histories(self.context))
        if isinstance(state.get("log"), bool):
            self.log.setChecked(state["log"])
            self.axis.set_look(log=state["log"])
        smoothing = state.get("smoothing")
        if isinstance(smoothing, int) and 0 <= smoothing < len(WINDOWS):
            self.smoothing.setValue(smoothing)
        self._show_charts()
