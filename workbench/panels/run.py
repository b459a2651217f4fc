"""Run: a training run as it goes and went: curves, books, machine, alarms, and what its checkpoints sound like."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from workbench import dialogs
from workbench.context import Context
from workbench.panels.base import Panel
from workbench.panels.run_curves import RunCurves
from workbench.panels.run_listen import KEYS, RunListen
from workbench.verbs import run_watch, training
from workbench.widgets.controls import Button, Choice, claims, in_tab_order
from workbench.widgets.empty_state import EmptyState
from workbench.widgets.figure import Figure
from workbench.widgets.read_out import ReadOut
from workbench.widgets.run_alarms import RULES, RunAlarms, countdown, title_of
from workbench.widgets.run_strip import RunStrip, standing
from workbench.widgets.warning_line import WarningLine

READ_BUDGET_S, DRAW_BUDGET_S = 0.004, 0.006  # of a frame
READING_S = 0.25  # from one drawing to the next while a long log is read
WIDE = 190  # letters across from which on curves and sounds are beside each other
NARROW = 92  # letters up to which what stands in one row takes two
LEAST = 300
PAGES = {"curves": "Curves", "listen": "Listen", "alarms": "Alarms"}


class RunPanel(Panel):
    """What is looked at is `context.runs.chosen` and `beside`; the log is read here, while the panel is in sight."""

    def __init__(self, context: Context) -> None:
        self._bodies: dict[str, QWidget] = {}  # of the pages; fonts may change before they are built
        super().__init__(context)
        self.run = Choice("Run", "The training run that is looked at.")
        self.beside = Button(
            "Lay over…", "Lay other runs over it", "Draw other runs into the same charts, each dashed."
        )
        self.add = Button("Add run…", "Add a run folder", "Look at a run whose folder lies anywhere.")
        self.stop = Button(
            "Stop", "Stop the run", "Save and end after the present step; it can go on later.", icon_name="stop"
        )
        self.open = Button(
            "Open in workbench",
            "Open in workbench",
            "Load the codec of its newest checkpoint into every other panel (Ctrl+Enter).",
        )
        self.strip = RunStrip()
        self.warning = WarningLine("Newest alarm", "Show all alarms and what helps.")
        self.pages = {
            key: Button(title, f"Show {title.lower()}", f"Show or hide {title.lower()}.", True)
            for key, title in PAGES.items()
        }
        self.curves = RunCurves(context)
        self.listen = RunListen(context)
        self.alarms = RunAlarms()
        self.rules = QLabel(" ".join(RULES))
        self.rules.setWordWrap(True)
        self.rules.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.overfit = ReadOut("", lines=2)
        self.empty = EmptyState(
            "No training run is chosen.", "Start one in the panel Training, or add the folder of one with “Add run…”."
        )
        self._draw_next = 0.0  # on the monotonic clock, while a long log is read
        self._remembered: tuple[str, ...] = ()  # runs that were looked at when the window was closed
        self._sizes: list[int] | None = None  # of the pages, once the person has moved what stands between them
        self._wanted: list[str] | None = None  # pages chosen by the person; None: by the room there is
        self._lay_out()
        self._connect()
        self._show_runs()

    # -- layout -----------------------------------------------------------------------------------------------------
    def _lay_out(self) -> None:
        self._head = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        for widgets in ((self.run, self.beside, self.add), (self.stop, self.open)):
            row = QHBoxLayout()
            for widget in widgets:
                row.addWidget(widget, 1 if widget is self.run else 0)
            self._head.addLayout(row)
        self._head.setStretch(0, 1)
        warned = QWidget()
        column = QVBoxLayout(warned)
        column.setContentsMargins(4, 4, 4, 4)
        column.addWidget(self.alarms, 1)
        column.addWidget(self.overfit)
        column.addWidget(self.rules)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.setChildrenCollapsible(False)
        self.split.setMinimumWidth(LEAST)  # else it could never become so narrow that one page goes
        self._bodies = {"curves": self.curves, "listen": self.listen, "alarms": warned}
        for body in self._bodies.values():
            self.split.addWidget(body)
        self.split.setSizes([700, 460, 460])
        for index, share in enumerate((3, 2, 2)):
            self.split.setStretchFactor(index, share)
        pages = QHBoxLayout()
        for button in self.pages.values():
            pages.addWidget(button)
        pages.addWidget(self.warning, 100)
        pages.addStretch(1)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.strip)
        column.addLayout(pages)
        column.addWidget(self.split, 1)
        self.stack = QStackedLayout()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(inside)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(6, 6, 6, 6)
        whole.setSpacing(4)
        whole.addLayout(self._head)
        whole.addLayout(self.stack, 1)
        in_tab_order(self.run, self.beside, self.add, self.stop, self.open, *self.pages.values(), self.curves.group)

    def _connect(self) -> None:
        ctx = self.context
        self.run.currentIndexChanged.connect(lambda: training.choose_run(ctx, self.run.value))
        self.beside.clicked.connect(self._offer_beside)
        self.add.clicked.connect(self._add_run)
        self.stop.clicked.connect(lambda: training.stop_run(ctx, ctx.runs.chosen))
        self.open.clicked.connect(lambda: run_watch.open_in_workbench(ctx))
        for key, button in self.pages.items():
            button.clicked.connect(partial(self._toggle_page, key))
        self.alarms.step_wanted.connect(self._go_to)
        self.warning.clicked.connect(lambda: self._show_page("alarms"))
        ctx.runs.changed.connect(self._show_runs)
        ctx.runs.chosen_changed.connect(self._show_runs)
        ctx.runs.moved.connect(self._tell_alarms)
        self.split.splitterMoved.connect(self._keep_sizes)
        ctx.run_watch.grew.connect(self._grew)

    # -- state → widgets --------------------------------------------------------------------------------------------
    def refresh(self) -> None:
        ctx = self.context
        if ctx.runs.runs:
            self._take_up()
        if not ctx.runs.chosen:
            return
        now = time.monotonic()
        if now >= self._draw_next and self.curves.isVisible() and self.curves.grid.waits:
            reading = any(history.read_share < 1 for history in run_watch.histories(ctx))
            self._draw_next = now + READING_S if reading else 0.0
            self.curves.grid.draw(DRAW_BUDGET_S)  # in a frame of its own: both together may take too long
        else:
            run_watch.read(ctx, READ_BUDGET_S)
        if self.listen.isVisible():
            self.listen.refresh()

    def _take_up(self) -> None:
        """What was looked at when the window was closed; else a run that goes, or the newest."""
        ctx, known = self.context, self.context.runs.runs
        remembered, self._remembered = self._remembered, ()
        if not ctx.runs.chosen:
            there = [folder for folder in remembered if folder in known]
            active = [folder for folder, run in known.items() if run.active]
            ctx.runs.choose((there or active or list(known))[0])
        for folder in remembered[1:]:
            training.lay_beside(ctx, folder)

    def _show_runs(self) -> None:
        ctx = self.context
        self.run.set_entries(tuple((run.name, folder) for folder, run in ctx.runs.runs.items()), ctx.runs.chosen)
        chosen = ctx.runs.run
        self.stack.setCurrentIndex(0 if chosen is None else 1)
        self.run.setEnabled(bool(ctx.runs.runs))
        self.beside.setEnabled(chosen is not None and len(ctx.runs.runs) > 1)
        count = len(ctx.runs.beside)
        self.beside.setText(f"Lay over ({count})…" if count else "Lay over…")
        self.stop.setEnabled(chosen is not None and chosen.active)
        if ctx.runs.runs and chosen is None:
            self.empty.set_text("No training run is chosen.", "Choose one above, or start one in the panel Training.")
        self._choose_pages()
        self._grew()

    def _grew(self, _folder: object = "") -> None:
        """There is more of a log, or other runs are looked at."""
        ctx, chosen = self.context, self.context.runs.run
        self.curves.show_runs()
        if chosen is None:
            return
        histories = run_watch.histories(ctx)
        self.strip.set_standing(standing(histories[0], chosen.status, chosen.words))
        there = run_watch.has_codec(ctx, ctx.runs.chosen)
        self.open.setEnabled(there)
        self.alarms.set_alarms(histories)
        self.overfit.say(countdown(histories[0]))
        count = sum(len(run.alarms) for run in histories)
        self.pages["alarms"].setText(f"Alarms ({count})" if count else "Alarms")
        newest = max((row for run in histories for row in run.alarms), key=lambda row: row.time, default=None)
        self.warning.say(
            "" if newest is None else f"{title_of(newest)} (step {newest.step}): {newest.words} {newest.advice}"
        )

    # -- pages ------------------------------------------------------------------------------------------------------
    @property
    def _letters(self) -> float:
        """How wide it is."""
        return self.width() / self.fontMetrics().averageCharWidth()

    def _choose_pages(self) -> None:
        """Those that the person wants, else what there is room for."""
        wide = self._letters >= WIDE
        pages = self._wanted if self._wanted is not None else (["curves", "listen"] if wide else ["curves"])
        if not wide:
            pages = pages[-1:]
        for key, body in self._bodies.items():
            body.setVisible(key in pages)
            self.pages[key].setChecked(key in pages)

    def _toggle_page(self, key: str) -> None:
        shown = [name for name, button in self.pages.items() if button.isChecked() and name != key]
        if self.pages[key].isChecked():
            shown.append(key)  # the last one stays where there is room for one only
        self._wanted = shown or [key]
        self._choose_pages()

    def _show_page(self, key: str) -> None:
        if not self.pages[key].isChecked():
            self.pages[key].setChecked(True)
            self._toggle_page(key)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self._bodies:
            self._fit()

    def _fit(self) -> None:
        narrow, ways = self._letters < NARROW, QBoxLayout.Direction
        self._head.setDirection(ways.TopToBottom if narrow else ways.LeftToRight)
        self.curves.set_narrow(narrow)
        self._choose_pages()

    # -- the person -------------------------------------------------------------------------------------------------
    def _offer_beside(self) -> None:
        menu = QMenu(self)
        runs = self.context.runs
        for folder, run in runs.runs.items():
            if folder != runs.chosen:
                action = menu.addAction(run.name)
                action.setCheckable(True)
                action.setChecked(folder in runs.beside)
                action.setEnabled(folder in runs.beside or len(runs.beside) < run_watch.MOST_BESIDE)
                action.toggled.connect(partial(training.lay_beside, self.context, folder))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.beside.mapToGlobal(self.beside.rect().bottomLeft()))

    def _add_run(self) -> None:
        folder = dialogs.ask_folder(
            self, "Look at a training run: choose its folder", str(training.runs_folder(self.context))
        )
        if folder:
            training.add_run(self.context, folder)

    def _go_to(self, folder: str, step: int) -> None:
        """Show where an alarm was."""
        self._show_page("curves")
        self.curves.go_to(folder, step)

    def event(self, event: QEvent) -> bool:
        if self.context.runs.chosen and claims(event, KEYS):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        control = event.modifiers() == Qt.KeyboardModifier.ControlModifier
        if control and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            run_watch.open_in_workbench(self.context)
        elif event.modifiers() or not self.context.runs.chosen or not self.listen.press(event):
            super().keyPressEvent(event)

    def _keep_sizes(self) -> None:
        self._sizes = self.split.sizes()

    def _tell_alarms(self, folder: str) -> None:
        run_watch.tell_alarms(self.context, folder)

    # -- taken out --------------------------------------------------------------------------------------------------
    def figures(self) -> tuple[Figure, ...]:
        return self.curves.figures() + self.listen.figures()

    def view_state(self) -> dict[str, Any]:
        runs = [*(run_watch.folders(self.context) or self._remembered)]
        return {"pages": self._wanted, "split": self._sizes, "runs": runs, **self.curves.look()}

    def set_view_state(self, state: dict[str, Any]) -> None:
        pages, sizes, runs = state.get("pages"), state.get("split"), state.get("runs")
        if isinstance(runs, list) and all(isinstance(folder, str) for folder in runs):
            self._remembered = tuple(runs)
        if isinstance(pages, list) and pages and set(map(str, pages)) <= set(PAGES):
            self._wanted = [str(page) for page in pages]
        self.curves.set_look(state)
        if isinstance(sizes, list) and len(sizes) == 3 and all(isinstance(size, int) for size in sizes):
            self.split.setSizes(sizes)
            self._sizes = sizes
        self._choose_pages()
