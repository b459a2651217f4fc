"""Training: make a run from a recipe, its data and a place; start it, and see all runs there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLineEdit, QScrollArea, QSplitter, QVBoxLayout, QWidget

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.form import FormRow, text_of, value_at, value_from
from workbench import dialogs
from workbench.context import Context
from workbench.panels.base import Panel
from workbench.panels.training_runs import TrainingRuns
from workbench.verbs import training, training_words
from workbench.verbs import training_draft as making
from workbench.widgets.controls import Button, Choice, in_tab_order
from workbench.widgets.entry_card import EntryCard
from workbench.widgets.figure import Figure
from workbench.widgets.group import Group
from workbench.widgets.line import line_of
from workbench.widgets.read_out import ReadOut
from workbench.widgets.recipe_model import RecipeModel
from workbench.widgets.recipe_tree import RecipeTree
from workbench.widgets.remark_list import RemarkList
from workbench.widgets.run_setup import BUDGET, RunSetup
from workbench.widgets.scroll_bars import flat_scroll_bars
from workbench.widgets.theme import describe
from workbench.widgets.training_figures import recipe_figure, runs_figure

FILE = "file"  # in the list of recipes: one from a file
VIEWS = (("All entries", ""), ("Where columns differ", "differs"), ("Changed by you", "changed"))
NARROW = 820  # units of width below which everything stands in one column
RUNS_FRAMES = 8  # the list of runs is shown anew no more often


class TrainingPanel(Panel):
    """The recipe on the left, what the run needs besides on the right, the runs below."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.family = Choice("Family", "The family of the codec that is made.")
        self.family.setMinimumContentsLength(13)
        self.size_choice = Choice("Recipe", "Its recipe: after the paper, after the official code, or a small one.")
        self.view = Choice("Which entries", "Show all entries, those in which the columns differ, or yours.", VIEWS)
        self.search = QLineEdit()
        self.search.setClearButtonEnabled(True)
        self.search.setPlaceholderText("Search entries (Ctrl+F)")
        describe(self.search, "Search entries", "Entries whose name, explanation or value hold every word.")
        self.reset = Button("Reset all", "Reset all", "Give up all changes: the recipe as it is written.")
        self.model = RecipeModel(self._written)
        self.tree = RecipeTree(self.model)
        self.card = EntryCard(self.model)
        self.setup = RunSetup()
        self.remarks = RemarkList()
        self.command = QLineEdit()
        self.command.setReadOnly(True)
        describe(self.command, "Command", "What starts this very run in a shell, here or on another computer.")
        self.copy = Button("Copy", "Copy the command", "Copy the command to the clipboard.")
        self.dry_run = Button("Dry run", "Dry run", "Make a few real steps: how long it takes, and how much memory.")
        self.queue = Button("Queue", "Queue the run", "Let it wait for its turn behind the runs that wait already.")
        self.start = Button("Start", "Start the run", "Start it in a process of its own (Ctrl+Enter).")
        self.estimate = ReadOut("A dry run says how long it takes and how much memory it needs.", lines=3)
        self.list = TrainingRuns(context)
        self._shaped: tuple[object, ...] = ()
        self._stale = True  # the form has to be shown anew
        self._stages: list[Callable[[], None]] = []  # what of that is still to be done, one a frame
        self._frame = 0
        self._build()
        self._connect()

    def _build(self) -> None:
        chosen = line_of(self.family, self.size_choice, stretch=1)
        found = line_of(self.search, self.view, self.reset)
        found.setStretch(0, 1)
        self.form = QSplitter(Qt.Orientation.Vertical)
        self.form.addWidget(self.tree)
        self.form.addWidget(self.card)
        self.form.setStretchFactor(0, 1)
        self.form.setStretchFactor(1, 0)
        self.form.setSizes([400, 110])
        self.form.setChildrenCollapsible(False)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        for row in (chosen, found):
            column.addLayout(row)
        column.addWidget(self.form, 1)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.setup)
        column.addWidget(self.remarks, 1)
        command = QHBoxLayout()
        command.addWidget(self.command, 1)
        command.addWidget(self.copy)
        column.addLayout(command)
        column.addWidget(self.estimate)
        column.addLayout(line_of(self.dry_run, None, self.queue, self.start))
        self.both = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self.both.setContentsMargins(0, 0, 0, 0)
        self.both.setSpacing(10)
        self.both.addWidget(left, 5)
        self.both.addWidget(right, 4)
        make = QWidget()
        make.setLayout(self.both)
        self.made = Group("New run", make)
        self.known = Group("Runs", self.list)
        inside = QWidget()
        self.column = QVBoxLayout(inside)
        self.column.setContentsMargins(8, 4, 8, 6)
        self.column.setSpacing(4)
        self.column.addWidget(self.made, 3)
        self.column.addWidget(self.known, 1)
        self.scroll = QScrollArea()
        flat_scroll_bars(self.scroll)
        self.scroll.setWidget(inside)
        self.scroll.setWidgetResizable(True)
        self.scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self.scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.scroll)
        in_tab_order(
            self.family, self.size_choice, self.search, self.view, self.reset, self.tree, self.card, self.setup.name,
        )  # fmt: skip
        in_tab_order(
            self.remarks, self.command, self.copy, self.dry_run, self.queue, self.start, self.list.runs,
        )  # fmt: skip
        self.setFocusProxy(self.tree)

    def _connect(self) -> None:
        ctx, setup = self.context, self.setup
        self.family.currentIndexChanged.connect(self._family_chosen)
        self.size_choice.currentIndexChanged.connect(self._recipe_chosen)
        self.search.textChanged.connect(lambda text: self.tree.choose(text, self.view.value))
        self.view.currentIndexChanged.connect(lambda: self.tree.choose(self.search.text(), self.view.value))
        self.reset.clicked.connect(lambda: making.reset_all(ctx))
        self.tree.entry_shown.connect(self._show_card)
        self.tree.reset_wanted.connect(lambda path: making.reset_entry(ctx, path))
        self.tree.refused.connect(self._refused)
        self.remarks.entry_wanted.connect(self._go_to_entry)
        setup.name_given.connect(lambda name: ctx.draft.update(run_name=name))
        setup.folder_wanted.connect(self._choose_folder)
        setup.data_folder_wanted.connect(self._add_data_folder)
        setup.data_file_wanted.connect(self._add_data_file)
        setup.data_removed.connect(lambda path: making.remove_data(ctx, path))
        setup.data.dropped.connect(lambda path: making.add_data(ctx, path))
        setup.data_doctor_wanted.connect(lambda path: making.show_doctor(ctx, path))
        setup.start_codec_wanted.connect(lambda: self._start_from(ctx.codec.info.source if ctx.codec.info else ""))
        setup.start_file_wanted.connect(lambda: self._start_from(dialogs.ask_codec_file(self)))
        setup.entry_written.connect(lambda path, text: self._written(self._row(path), text))
        setup.device_chosen.connect(lambda device: ctx.draft.update(device=device))
        setup.launcher_chosen.connect(lambda launcher: making.set_launcher(ctx, launcher))
        setup.processes_given.connect(lambda count: making.set_launcher(ctx, ctx.draft.launcher, count))
        setup.option_given.connect(lambda key, value: making.set_launcher(ctx, ctx.draft.launcher, **{key: value}))
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(making.command_line(ctx)))
        self.dry_run.clicked.connect(self._dry_run)
        self.queue.clicked.connect(lambda: making.start(ctx, queue=True))
        self.start.clicked.connect(lambda: making.start(ctx))
        for signal in (ctx.draft.changed, ctx.draft.recipe_changed, ctx.draft.shelf_changed, ctx.draft.told):
            signal.connect(self._form_changed)
        ctx.engine.changed.connect(self._form_changed)
        ctx.codec.changed.connect(self._form_changed)
        ctx.errands.changed.connect(self._form_changed)

    # -- with the clock ---------------------------------------------------------------------------------------------
    @property
    def settled(self) -> bool:
        """All recipes are read, and the form shows the chosen one."""
        return self.context.draft.base is not None and not self._stale and not self._stages

    def refresh(self) -> None:
        self._frame += 1
        reading = making.read_on(self.context)
        if self.context.draft.base is None and not reading:
            making.choose_first(self.context)
        if self._stale and not reading and not self.tree.editing:
            self._stale = False
            self._stages = [self._show_recipes, self._show_entries, self._show_setup, self._show_start]
        if self._stages:
            self._stages.pop(0)()
        elif self._frame % RUNS_FRAMES == 0:
            self.list.refresh()

    def _form_changed(self, _key: str = "") -> None:
        self._stale = True

    # -- what is shown ----------------------------------------------------------------------------------------------
    def _show_entries(self) -> None:
        ctx, draft = self.context, self.context.draft
        rows = training_words.form_rows(ctx)
        shape = (draft.source, rows, tuple(recipe.name for recipe in draft.columns.values()))
        entry = self.tree.entry
        if shape != self._shaped:
            self._shaped = shape
            self.model.set_rows(rows, training_words.form_columns(ctx, rows))
        values = {row.path: value_at(draft.recipe, row.path) for row in rows} if draft.recipe is not None else {}
        self.model.set_values(values, frozenset(_shown_as_changed(draft.changes, values)))
        self.tree.filter.refilter()
        if entry is not None and self.tree.entry is None:
            self.tree.show_entry(entry.path)
        self._show_card(self.tree.entry)
        self.reset.setEnabled(bool(draft.changes))

    def _show_recipes(self) -> None:
        ctx = self.context
        base = ctx.draft.base
        kind = "" if base is None else training_words.kind_of(base)
        self.family.set_entries(training_words.families(ctx), kind)
        listed = (*training_words.sizes(ctx, kind), ("A recipe file…", FILE))
        self.size_choice.set_entries(listed, ctx.draft.source)

    def _show_setup(self) -> None:
        ctx, draft, setup = self.context, self.context.draft, self.setup
        setup.show_name(draft.run_name, making.run_name(ctx), str(training.runs_folder(ctx)))
        looking = "the doctor is looking at it …" if ctx.errands.running(making.LOOK) else ""
        setup.show_data(draft.data, training_words.data_words(ctx), looking)
        info = ctx.codec.info
        setup.show_start(str(self.model.yours.get("start_from") or ""), info.source if info is not None else "")
        rows = [row for _, group in self.model.groups for row in group if row.path in BUDGET]
        rows.sort(key=lambda row: BUDGET.index(row.path))
        setup.show_budget(rows, {row.path: text_of(self.model.yours.get(row.path)) for row in rows})
        setup.show_place(making.devices(ctx), draft.device, draft.launcher, draft.processes)
        setup.show_options(draft.launcher, draft.options)

    def _show_start(self) -> None:
        ctx = self.context
        remarks = making.remarks(ctx)
        self.remarks.set_remarks(remarks)
        line = making.command_line(ctx)
        if line != self.command.text():
            self.command.setText(line)
            self.command.setCursorPosition(0)
            self.command.setToolTip(line)
        good, trying = all(remark.level != "problem" for remark in remarks), ctx.errands.running(making.DRY_RUN)
        starting = ctx.errands.running(making.START)
        for button in (self.start, self.queue):
            button.setEnabled(good and not starting)
        self.start.setText("Starting …" if starting else "Start")
        self.dry_run.setEnabled(good or trying)
        self.dry_run.setText("Cancel the dry run" if trying else "Dry run")
        self.estimate.say(making.estimate(ctx))

    def _show_card(self, row: FormRow | None) -> None:
        self.card.show_row(row, self.context.draft.refused.get(row.path, "") if row is not None else "")

    # -- the person -------------------------------------------------------------------------------------------------
    def _row(self, path: str) -> FormRow:
        return next(row for _, rows in self.model.groups for row in rows if row.path == path)

    def _written(self, row: FormRow, text: str) -> None:
        """A value was written in the form or beside it."""
        try:
            problem = making.set_entry(self.context, row.path, value_from(row, text))
        except SpeefeareError as error:
            problem = str(error)
        if problem:
            self._refused(row.path, problem)

    def _refused(self, path: str, words: str) -> None:
        self.context.draft.refused[path] = words
        self._form_changed()

    def _go_to_entry(self, path: str) -> None:
        if not self.tree.show_entry(path):
            self.search.clear()
            self.view.setCurrentIndex(0)
            self.tree.show_entry(path)
        self.tree.setFocus(Qt.FocusReason.OtherFocusReason)

    def _family_chosen(self) -> None:
        listed = training_words.sizes(self.context, self.family.value)
        if listed:
            making.choose_recipe(self.context, listed[0][1])

    def _recipe_chosen(self) -> None:
        if self.size_choice.value == FILE:
            path = dialogs.ask_recipe(self)
            if path:
                making.choose_recipe(self.context, path)
            self._form_changed()
        else:
            making.choose_recipe(self.context, self.size_choice.value)

    def _choose_folder(self) -> None:
        folder = dialogs.ask_folder(self, "Keep training runs in", str(training.runs_folder(self.context)))
        if folder:
            training.set_runs_folder(self.context, folder)

    def _add_data_folder(self) -> None:
        folder = dialogs.ask_folder(self, "Train on the speech in")
        if folder:
            making.add_data(self.context, folder)

    def _add_data_file(self) -> None:
        path = dialogs.ask_speech(self)
        if path:
            making.add_data(self.context, path)

    def _start_from(self, codec: str) -> None:
        if codec:
            self._written(self._row("start_from"), codec)

    def _dry_run(self) -> None:
        if self.context.errands.running(making.DRY_RUN):
            self.context.errands.cancel(making.DRY_RUN)
        else:
            making.dry_run(self.context)

    def keyPressEvent(self, event: Any) -> None:
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if control and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.start.isEnabled():
            self.start.click()
        elif control and event.key() == Qt.Key.Key_F:
            self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.search.selectAll()
        else:
            super().keyPressEvent(event)

    # -- the window -------------------------------------------------------------------------------------------------
    def figures(self) -> tuple[Figure, ...]:
        draft = self.context.draft
        made = (recipe_figure(self.tree, draft.source),) if draft.recipe is not None else ()
        return (*made, *((runs_figure(self.list.runs),) if self.list.runs.runs.rows else ()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < NARROW * self.fontMetrics().height() / 16
        way = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        if way != self.both.direction():
            self.both.setDirection(way)
            self.list.verbs.setDirection(way)

    def view_state(self) -> dict[str, Any]:
        return {"draft": making.remembered(self.context), "view": self.view.value, "run": self.context.runs.chosen}

    def set_view_state(self, state: dict[str, Any]) -> None:
        draft, view, run = state.get("draft"), state.get("view"), state.get("run")
        if isinstance(run, str):
            self.context.runs.wanted = run
        if isinstance(draft, dict) and draft.get("source"):
            making.restore(self.context, draft)
        if isinstance(view, str):
            self.view.set_value(view)
            self.tree.choose(self.search.text(), self.view.value)


def _shown_as_changed(changes: dict[str, Any], values: dict[str, Any]) -> list[str]:
    """Paths of the form that a change is about: itself, or a list that a part of was changed."""
    return [path for path in values if path in changes or any(name.startswith(f"{path}.") for name in changes)]
