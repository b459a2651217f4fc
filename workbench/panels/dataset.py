"""Dataset doctor: what is wrong with speech that is to be trained on, and what helps."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from speefeare_core.dataset_doctor.repairs import REPAIRS
from speefeare_core.dataset_doctor.words import facts
from workbench import dialogs
from workbench.context import Context
from workbench.panels.base import Panel
from workbench.verbs import dataset
from workbench.widgets.controls import Button, Choice, in_tab_order
from workbench.widgets.empty_state import EmptyState
from workbench.widgets.figure import Figure
from workbench.widgets.finding_list import ClipList, FindingList
from workbench.widgets.histogram_grid import HistogramGrid
from workbench.widgets.read_out import ReadOut
from workbench.widgets.theme import describe

REPAIR_TITLES = {
    "leave_out": "Leave out bad clips",
    "dc": "Remove DC",
    "mono": "Mono",
    "trim": "Trim",
    "level": "Level",
}
PICTURES_FROM = 75  # letters that the panel is wide, for pictures beside the findings
ROW_FROM = 100  # letters for all that can be written in one row
NARROWEST = 60  # letters
BUSY = {"check": "Checking", "repair": "Writing the copy", "manifest": "Writing the manifest"}


class DatasetPanel(Panel):
    """Which speech above, pictures on the left, findings and their clips on the right, what can be written below."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._shown_place = ""
        self._build_controls()
        self.empty = EmptyState("", "")
        self.pictures = HistogramGrid()
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.facts = ReadOut()
        self.findings, self.clips = FindingList(), ClipList()
        self.fix = QLabel()
        self.fix.setWordWrap(True)
        self.fix.setTextFormat(Qt.TextFormat.PlainText)
        self.told = ReadOut()
        self._lay_out()
        self._connect()
        self._show()

    # -- building ---------------------------------------------------------------------------------------------------
    def _build_controls(self) -> None:
        self.place = QLineEdit()
        self.place.setPlaceholderText("Folder, manifest (.csv, .jsonl), shards (.tar) or packed set")
        self.place.setClearButtonEnabled(True)
        describe(self.place, "Speech to look at", "A folder, manifest, corpus, shards or packed set; Enter checks it.")
        self.folder = Button("Folder …", "Choose a folder", "Choose a folder of speech, or of a packed set.")
        self.file = Button("File …", "Choose a file", "Choose a manifest or a shard of speech.")
        self.amount = Choice(
            "How many clips are measured",
            "A part is enough for a first look; the same clips are measured each time.",
            tuple((text, str(count)) for text, count in dataset.AMOUNTS),
        )
        self.amount.set_value("0")
        self.rate = Choice(
            "Rate of the codec",
            "Sample rate of the codec that is to be trained: speech below it is named, and a copy is brought to it.",
            tuple((f"{rate / 1000:g} kHz" if rate else "Any rate", str(rate)) for rate in dataset.RATES_HZ),
        )
        self.go = Button("Check", "Check or cancel", "Look at every clip, in a process of its own; again to cancel.")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(6)
        describe(self.bar, "Progress", "How far the work is.")
        policy = self.bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(policy)
        self.list = Button(
            "Write manifest …", "Write a manifest", "List the clips in a new file, without the bad ones."
        )
        self.copy = Button("Repaired copy …", "Write a repaired copy", "Write the clips into a new folder, repaired.")
        self.repairs: dict[str, QCheckBox] = {}
        for key, words in REPAIRS.items():
            box = QCheckBox(REPAIR_TITLES[key])
            describe(box, REPAIR_TITLES[key], f"In the copy: {words}.")
            box.setChecked(key in ("leave_out", "dc", "mono"))
            self.repairs[key] = box

    def _lay_out(self) -> None:
        above, tools = QHBoxLayout(), QHBoxLayout()
        for row in (above, tools):
            row.setSpacing(4)
        above.addWidget(self.place, 1)
        for widget in (self.folder, self.file):
            above.addWidget(widget)
        for widget in (self.amount, self.rate, self.go):
            tools.addWidget(widget)
        tools.addSpacing(6)
        tools.addWidget(self.told, 1)
        left, right = QWidget(), QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.pictures, 1)
        column.addWidget(self.facts)
        lists = QSplitter(Qt.Orientation.Vertical)
        lists.setChildrenCollapsible(False)
        lower = QWidget()
        under = QVBoxLayout(lower)
        under.setContentsMargins(0, 4, 0, 0)
        under.setSpacing(4)
        under.addWidget(self.fix)
        under.addWidget(self.clips, 1)
        lists.addWidget(self.findings)
        lists.addWidget(lower)
        lists.setSizes([200, 160])
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(lists, 1)
        self.left = left
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.setChildrenCollapsible(False)
        self.split.addWidget(left)
        self.split.addWidget(right)
        self.split.setStretchFactor(0, 2)
        self.split.setStretchFactor(1, 3)
        written, buttons, mended = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        buttons.addWidget(self.list)
        buttons.addWidget(self.copy)
        for box in self.repairs.values():
            mended.addWidget(box)
        for row in (buttons, mended):
            row.setSpacing(10)
            row.addStretch(1)
            written.addLayout(row)
        written.setStretch(1, 1)
        self.written = written
        found = QWidget()
        whole = QVBoxLayout(found)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(6)
        whole.addWidget(self.summary)
        whole.addWidget(self.split, 1)
        whole.addLayout(written)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(found)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(6)
        layout.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)  # see minimumSizeHint
        layout.addLayout(above)
        layout.addLayout(tools)
        layout.addWidget(self.bar)
        layout.addWidget(self.stack, 1)
        self.setFocusProxy(self.place)
        in_tab_order(self.place, self.folder, self.file, self.amount, self.rate, self.go, self.pictures, self.findings,
                     self.clips, self.list, self.copy, *self.repairs.values())  # fmt: skip

    def _connect(self) -> None:
        self.place.returnPressed.connect(self._check)
        self.folder.clicked.connect(self._choose_folder)
        self.file.clicked.connect(self._choose_file)
        self.amount.currentIndexChanged.connect(self._options_changed)
        self.rate.currentIndexChanged.connect(self._options_changed)
        self.go.clicked.connect(self._go)
        self.findings.chosen.connect(self._choose_finding)
        self.clips.opened.connect(self._open_clip)
        self.pictures.hovered.connect(self._say)
        self.list.clicked.connect(self._write_manifest)
        self.copy.clicked.connect(self._write_copy)
        for box in self.repairs.values():
            box.toggled.connect(self._show_written)
        state = self.context.dataset
        state.changed.connect(self._show)
        state.moved.connect(self._show_progress)
        self.context.errands.changed.connect(self._errand_moved)

    # -- the state changed --------------------------------------------------------------------------------------------
    def _show(self) -> None:
        state = self.context.dataset
        if state.place != self._shown_place:  # else a person may be writing
            self._shown_place = state.place
            self.place.setText(state.place)
        report = state.report
        self.stack.setCurrentIndex(1 if report is not None else 0)
        if report is None:
            text = "Listening to the clips …" if state.work else state.problem or "What is in your speech?"
            hint = "Choose speech and press Check: hours, clipping, silence, duplicates, levels, broken files"
            self.empty.set_text(text, "" if state.work else hint)
        else:
            self.summary.setText(report.words)
            self.facts.say(" · ".join(f"{name} {value}" for name, value in facts(report)[2:]))
            self.pictures.set_histograms(report.histograms)
            finding = state.finding
            self.findings.set_findings(report.findings, finding.kind if finding else "")
            self.clips.set_clips(finding.clips if finding else ())
            self.fix.setText(f"{finding.words} {finding.fix}" if finding else "")
        for widget in (self.amount, self.rate, self.folder, self.file):
            widget.setEnabled(not state.work)
        self.amount.set_value(str(state.at_most))
        self.rate.set_value(str(state.rate_hz))
        self.go.setText("Cancel" if state.work else "Check")
        self._show_written()
        self._show_progress()

    def _show_written(self) -> None:
        state = self.context.dataset
        reason = dataset.why_no_list(state.report)
        self.list.setEnabled(not state.work and not reason)
        self.list.setToolTip(reason or self.list.accessibleDescription())
        self.copy.setEnabled(
            not state.work and state.report is not None and any(box.isChecked() for box in self.repairs.values())
        )

    def _show_progress(self) -> None:
        state = self.context.dataset
        self.bar.setVisible(bool(state.work))
        self.bar.setValue(round(1000 * state.fraction))
        if state.work:
            self.told.say(f"{BUSY[state.work]}: {state.words}, {100 * state.fraction:.0f} %")
        else:
            self.told.say(state.problem or state.done)

    def _say(self, words: str) -> None:
        state = self.context.dataset
        self.told.say(words or state.problem or state.done) if not state.work else None

    def _errand_moved(self, key: str) -> None:
        dataset.hear_progress(self.context, key)

    # -- the person acts ----------------------------------------------------------------------------------------------
    def _go(self) -> None:
        if self.context.dataset.work:
            dataset.cancel(self.context)
        else:
            self._check()

    def _check(self) -> None:
        dataset.check(self.context, self.place.text())

    def _choose_folder(self) -> None:
        self._chosen(dialogs.ask_folder(self, "Look at a folder of speech", self.place.text()))

    def _choose_file(self) -> None:
        self._chosen(dialogs.ask_speech(self))

    def _chosen(self, place: str) -> None:
        if place:
            self.place.setText(place)
            self._check()

    def _options_changed(self) -> None:
        self.context.dataset.update(at_most=int(self.amount.value or 0), rate_hz=int(self.rate.value or 0))

    def _choose_finding(self, kind: str) -> None:
        dataset.choose_finding(self.context, kind)

    def _open_clip(self, number: int) -> None:
        if 0 <= number < len(self.clips.clips):
            dataset.open_clip(self.context, self.clips.clips[number])

    def _write_manifest(self) -> None:
        target = dialogs.ask_target(self, "Write a manifest", "", "Manifests (*.jsonl *.csv)")
        if target:
            dataset.write_manifest(self.context, target)

    def _write_copy(self) -> None:
        folder = dialogs.ask_folder(self, "Write the repaired copy into a new folder")
        if folder:
            dataset.write_copy(self.context, folder, [key for key, box in self.repairs.items() if box.isChecked()])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        letters = self.width() / max(1, self.fontMetrics().horizontalAdvance("0"))
        self.left.setVisible(letters >= PICTURES_FROM)
        narrow = letters < ROW_FROM
        self.written.setDirection(QHBoxLayout.Direction.TopToBottom if narrow else QHBoxLayout.Direction.LeftToRight)

    def minimumSizeHint(self) -> QSize:
        """As narrow as it gets once it has made room: what is wide now need not stay so."""
        return QSize(NARROWEST * self.fontMetrics().horizontalAdvance("0"), super().minimumSizeHint().height())

    # -- kept and taken out -------------------------------------------------------------------------------------------
    def view_state(self) -> dict[str, Any]:
        return {
            "place": self.context.dataset.place,
            "amount": self.amount.value,
            "rate": self.rate.value,
            "repairs": [key for key, box in self.repairs.items() if box.isChecked()],
        }

    def set_view_state(self, state: dict[str, Any]) -> None:
        for choice, key in ((self.amount, "amount"), (self.rate, "rate")):
            if isinstance(state.get(key), str):
                choice.set_value(state[key])
        self._options_changed()
        if isinstance(state.get("repairs"), list):
            for key, box in self.repairs.items():
                with QSignalBlocker(box):
                    box.setChecked(key in state["repairs"])
        if isinstance(state.get("place"), str) and state["place"] and not self.context.dataset.place:
            dataset.set_place(self.context, state["place"])

    def figures(self) -> tuple[Figure, ...]:
        report = self.context.dataset.report
        if report is None:
            return ()
        notes = (f"{report.place}: {report.words}", *(f"{one.words} {one.fix}" for one in report.findings))
        found = [Figure("dataset", "Speech: lengths and levels", self.pictures, self.pictures.arrays,
                        self.pictures.table, notes)]  # fmt: skip
        if report.findings:
            counts = {"clips": np.array([one.count for one in report.findings])}
            found.append(Figure("findings", "Findings", self.findings, lambda: counts, self.findings.table, notes))
        return tuple(found)
