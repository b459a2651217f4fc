"""What a run needs besides its recipe: a name, speech, a budget, and where it is to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from speefeare_core.training.form import FormRow
from speefeare_core.training.jobs import LAUNCHERS
from speefeare_core.training.jobs.launcher import LauncherOption
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.recipe_entry import EntryHelp, help_of
from workbench.widgets.controls import Button, Choice, in_tab_order
from workbench.widgets.entry_editor import ChoiceEditor, LineEditor, editor_for
from workbench.widgets.labelled_grid import labelled_grid
from workbench.widgets.path_list import PathList
from workbench.widgets.read_out import ReadOut
from workbench.widgets.theme import describe

_MIDDLE = Qt.TextElideMode.ElideMiddle
_TOP, _BESIDE = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignVCenter
BUDGET = ("budget.minutes", "budget.steps", "budget.epochs")
UNITS = {"budget.minutes": "minutes", "budget.steps": "steps", "budget.epochs": "epochs"}
PROCESSES = FormRow("processes", "", EntryHelp("Processes, one for each GPU.", low=1, high=4096), "whole")


class RunSetup(QWidget):
    """Tells what a person has chosen; shows what is so by its `show_` methods."""

    name_given = Signal(str)
    folder_wanted = Signal()
    data_folder_wanted = Signal()
    data_file_wanted = Signal()
    data_removed = Signal(str)
    data_doctor_wanted = Signal(str)  # a path of the data; empty: there is none yet
    start_codec_wanted = Signal()  # start from the codec that is open
    start_file_wanted = Signal()
    entry_written = Signal(str, str)  # path of a recipe's entry, text
    device_chosen = Signal(str)
    launcher_chosen = Signal(str)
    processes_given = Signal(int)
    option_given = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.name = QLineEdit()
        describe(self.name, "Name of the run", "Name of the folder that the run is kept in; empty: one is made up.")
        self.name.setMaxLength(100)
        self.name.setMinimumWidth(60)
        self.folder = Button("In …", "Folder of the runs", "Choose the folder that runs are kept in.")
        self.data = PathList(
            "Speech", "What it is trained on: folders, packed sets, manifests (.csv, .jsonl), corpora, shards (.tar)."
        )
        self.add_folder = Button("Add folder…", "Add a folder", "Train on the speech in a folder, or on a corpus.")
        self.add_file = Button("Add file…", "Add a file", "Train on a manifest (.csv, .jsonl) or on shards (.tar).")
        self.remove = Button("Remove", "Remove the speech", "Train without the chosen one (Delete).")
        self.doctor = Button("Doctor", "Dataset doctor", "Look into the chosen speech: what is wrong with it, and why.")
        self.data_words = ReadOut("no speech is given yet", lines=2)
        self.start_from = LineEditor(FormRow("start_from", "", help_of(Recipe, "start_from"), "text"))
        self.start_from.setPlaceholderText("random weights")
        self.start_from.setMinimumWidth(60)
        self.open_codec = Button("Open codec", "Start from the open codec", "Fine-tune the codec that is open.")
        self.codec_file = Button("File…", "Start from a file", "Fine-tune a codec from its file.")
        self.budget: dict[str, LineEditor | ChoiceEditor] = {}
        self.device = Choice("Device", "What computes: auto takes a GPU where there is one.", (("auto", "auto"),))
        self.launcher = Choice(
            "Launcher",
            "Who starts the processes.",
            tuple((LAUNCHERS[key].title, key) for key in LAUNCHERS),
        )
        self.processes = LineEditor(PROCESSES)
        self.launcher_words = ReadOut()
        self.options: dict[str, LineEditor | ChoiceEditor] = {}
        self._options_of = ""
        self._build()
        self._connect()

    def _build(self) -> None:
        named = QHBoxLayout()
        named.addWidget(self.name, 1)
        named.addWidget(self.folder)
        buttons = QHBoxLayout()
        for button in (self.add_folder, self.add_file, self.remove, self.doctor):
            buttons.addWidget(button)
        buttons.addStretch(1)
        speech = QVBoxLayout()
        speech.setSpacing(2)
        speech.addWidget(self.data)
        speech.addLayout(buttons)
        speech.addWidget(self.data_words)
        begin = QHBoxLayout()
        begin.addWidget(self.start_from, 1)
        begin.addWidget(self.open_codec)
        begin.addWidget(self.codec_file)
        self._budget_line = QHBoxLayout()
        where = QHBoxLayout()
        where.addWidget(self.device)
        where.addWidget(self.launcher, 1)
        self._processes_label = QLabel("processes")
        where.addWidget(self.processes)
        where.addWidget(self._processes_label)
        self.processes.setMaximumWidth(self.fontMetrics().horizontalAdvance("0") * 7)
        self._options_box = QWidget()
        self._options_column = QVBoxLayout(self._options_box)
        self._options_column.setContentsMargins(0, 0, 0, 0)
        rows = (
            ("Name", named),
            ("Speech", speech),
            ("Starts from", begin),
            ("Budget", self._budget_line),
            ("Runs on", where),
        )
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        for number, (title, layout) in enumerate(rows):
            label = QLabel(title)
            label.setBuddy(
                {"Name": self.name, "Speech": self.data, "Starts from": self.start_from, "Runs on": self.device}.get(
                    title, self
                )
            )
            grid.addWidget(label, number, 0, _TOP if title == "Speech" else _BESIDE)
            grid.addLayout(layout, number, 1)
        grid.addWidget(self.launcher_words, len(rows), 1)
        grid.addWidget(self._options_box, len(rows) + 1, 1)
        grid.setColumnStretch(1, 1)
        in_tab_order(
            self.name, self.folder, self.data, self.add_folder, self.add_file, self.remove, self.doctor,
            self.start_from, self.open_codec, self.codec_file, self.device,
            self.launcher, self.processes,
        )  # fmt: skip

    def _connect(self) -> None:
        self.name.editingFinished.connect(lambda: self.name_given.emit(self.name.text().strip()))
        self.folder.clicked.connect(self.folder_wanted)
        self.add_folder.clicked.connect(self.data_folder_wanted)
        self.add_file.clicked.connect(self.data_file_wanted)
        self.remove.clicked.connect(lambda: self.data_removed.emit(self.data.chosen))
        self.data.remove_wanted.connect(self.data_removed)
        self.doctor.clicked.connect(lambda: self.data_doctor_wanted.emit(self.data.chosen))
        self.data.more_wanted.connect(self.data_doctor_wanted)
        self.start_from.edited.connect(lambda: self.entry_written.emit("start_from", self.start_from.text().strip()))
        self.open_codec.clicked.connect(self.start_codec_wanted)
        self.codec_file.clicked.connect(self.start_file_wanted)
        self.device.currentIndexChanged.connect(lambda: self.device_chosen.emit(self.device.value))
        self.launcher.currentIndexChanged.connect(lambda: self.launcher_chosen.emit(self.launcher.value))
        self.processes.edited.connect(self._processes_written)

    def _processes_written(self) -> None:
        if not self.processes.problem:
            self.processes_given.emit(int(self.processes.value))

    # -- what is so -------------------------------------------------------------------------------------------------
    def show_name(self, given: str, made_up: str, folder: str) -> None:
        """The name that was given, or the one that is taken without, and where runs are kept."""
        self.name.setPlaceholderText(made_up)
        if not self.name.hasFocus() or not given:
            self.name.setText(given)
        shown = self.fontMetrics().elidedText(folder, _MIDDLE, self.fontMetrics().averageCharWidth() * 24)
        self.folder.setText(f"in {shown}")
        self.folder.setToolTip(f"Choose the folder that runs are kept in; now {folder}.")

    def show_data(self, paths: Sequence[str], words: Mapping[str, str], looking: str = "") -> None:
        """The speech, and what the doctor says of it."""
        self.data.set_paths(paths, {})
        self.remove.setEnabled(bool(paths))
        told = [words[path] for path in paths if words.get(path)]
        self.data_words.say(" · ".join(told) or looking)

    def show_start(self, start_from: str, open_codec: str) -> None:
        """The codec whose weights are the start, and the one that is open (empty: none)."""
        self.start_from.set_text(start_from)
        self.open_codec.setEnabled(bool(open_codec))

    def show_budget(self, rows: Sequence[FormRow], texts: Mapping[str, str]) -> None:
        """The limits; the first one that is reached ends the run."""
        for row in rows:
            if row.path not in self.budget:
                editor = editor_for(row, self)
                editor.edited.connect(lambda path=row.path, editor=editor: self._budget_written(path, editor))
                editor.setMaximumWidth(self.fontMetrics().horizontalAdvance("0") * 14)
                self.budget[row.path] = editor
                self._budget_line.addWidget(editor)
                self._budget_line.addWidget(QLabel(UNITS.get(row.path, row.title)))
                self._budget_line.addSpacing(6)
                if row.path == BUDGET[-1]:
                    self._budget_line.addStretch(1)
            self.budget[row.path].set_text(texts[row.path])

    def _budget_written(self, path: str, editor: LineEditor) -> None:
        if not editor.problem:
            self.entry_written.emit(path, editor.text() or "0")

    def show_place(self, devices: Sequence[str], device: str, launcher: str, processes: int) -> None:
        """What computes, and who starts it."""
        known = dict.fromkeys(("auto", *devices, "cpu", device))
        self.device.set_entries(tuple((name, name) for name in known), device)
        self.launcher.set_value(launcher)
        if launcher in LAUNCHERS:
            found = LAUNCHERS[launcher]
            self.processes.setVisible(found.several)
            self._processes_label.setVisible(found.several)
            self.processes.set_text(str(processes))
            self.launcher_words.say(found.help)

    def show_options(self, launcher: str, values: Mapping[str, str]) -> None:
        """The launcher's own options."""
        if launcher != self._options_of and launcher in LAUNCHERS:
            self._options_of = launcher
            self._build_options(LAUNCHERS[launcher].options)
        for key, editor in self.options.items():
            editor.set_text(values.get(key, ""))

    def _build_options(self, options: Sequence[LauncherOption]) -> None:
        before = self._options_column.takeAt(0)
        if before is not None and before.widget() is not None:
            before.widget().deleteLater()
        inside = QWidget()
        self.options = {option.key: self._option_editor(option, inside) for option in options}
        inside.setLayout(labelled_grid([(option.key, self.options[option.key], None) for option in options]))
        inside.layout().setContentsMargins(0, 0, 0, 0)  # type: ignore[union-attr]
        self._options_column.addWidget(inside)
        self._options_box.setVisible(bool(options))

    def _option_editor(self, option: LauncherOption, parent: QWidget) -> LineEditor | ChoiceEditor:
        told = f"{option.help} Empty: {option.default or 'nothing'}."
        choices = ("", *option.choices) if option.choices else ()
        low = float(option.low) if option.kind == "count" else None
        kind = "choice" if choices else "whole" if option.kind == "count" else "text"
        row = FormRow(option.key, "", EntryHelp(told, low=low, choices=choices), kind, optional=True)  # type: ignore[arg-type]
        editor = editor_for(row, parent)
        if isinstance(editor, LineEditor):
            editor.setPlaceholderText(option.default)
            editor.edited.connect(lambda: editor.problem or self.option_given.emit(option.key, editor.text().strip()))
        else:
            editor.edited.connect(lambda: self.option_given.emit(option.key, editor.text))
        return editor
