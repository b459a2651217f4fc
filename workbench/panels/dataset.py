"""Dataset doctor: what is wrong with speech that is to be trained on, and what helps."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QSignalBlocker, QSize
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout

from speefeare_core.dataset_doctor.repairs import REPAIRS
from workbench import dialogs
from workbench.context import Context
from workbench.panels.base import Panel
from workbench.verbs import dataset
from workbench.widgets.controls import in_tab_order
from workbench.widgets.empty_state import EmptyState
from workbench.widgets.figure import Figure
from workbench.widgets.report_view import ReportView
from workbench.widgets.speech_picker import SpeechPicker

REPAIR_TITLES = {
    "leave_out": "Leave out bad clips", "dc": "Remove DC", "mono": "Mono", "trim": "Trim", "level": "Level",
}  # fmt: skip
USUAL = ("leave_out", "dc", "mono")  # repairs that nobody minds
BUSY = {"check": "Checking", "repair": "Writing the copy", "manifest": "Writing the manifest"}
NARROWEST = 60  # letters


class DatasetPanel(Panel):
    """Which speech above, its report below."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._shown_place = ""
        self.picker = SpeechPicker(
            tuple((text, str(count)) for text, count in dataset.AMOUNTS),
            tuple((f"{rate / 1000:g} kHz" if rate else "Any rate", str(rate)) for rate in dataset.RATES_HZ),
        )
        self.rate = self.picker.rate
        self.empty = EmptyState("", "")
        self.view = ReportView({key: (REPAIR_TITLES[key], words, key in USUAL) for key, words in REPAIRS.items()})
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.view)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(6)
        layout.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)  # see minimumSizeHint
        layout.addWidget(self.picker)
        layout.addWidget(self.stack, 1)
        self.setFocusProxy(self.picker)
        in_tab_order(self.picker.go, self.view.pictures)
        self._connect()
        self._show()

    def _connect(self) -> None:
        picker, view = self.picker, self.view
        picker.place.returnPressed.connect(self._check)
        picker.folder.clicked.connect(self._choose_folder)
        picker.file.clicked.connect(self._choose_file)
        picker.amount.currentIndexChanged.connect(self._options_changed)
        picker.rate.currentIndexChanged.connect(self._options_changed)
        picker.go.clicked.connect(self._go)
        view.findings.chosen.connect(self._choose_finding)
        view.clips.opened.connect(self._open_clip)
        view.pictures.hovered.connect(self._say)
        view.list.clicked.connect(self._write_manifest)
        view.copy.clicked.connect(self._write_copy)
        for box in view.repairs.values():
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
            self.picker.place.setText(state.place)
        self.stack.setCurrentIndex(1 if state.report is not None else 0)
        if state.report is None:
            text = "Listening to the clips …" if state.work else state.problem or "What is in your speech?"
            hint = "Choose speech and press Check: hours, clipping, silence, duplicates, levels, broken files"
            self.empty.set_text(text, "" if state.work else hint)
        else:
            self.view.set_report(state.report, state.finding)
        self.picker.amount.set_value(str(state.at_most))
        self.picker.rate.set_value(str(state.rate_hz))
        self.picker.set_busy(bool(state.work))
        self._show_written()
        self._show_progress()

    def _show_written(self) -> None:
        state, view = self.context.dataset, self.view
        reason = dataset.why_no_list(state.report)
        view.list.setEnabled(not state.work and not reason)
        view.list.setToolTip(reason or view.list.accessibleDescription())
        view.copy.setEnabled(not state.work and state.report is not None and bool(view.wanted))

    def _show_progress(self) -> None:
        state = self.context.dataset
        self.picker.set_progress(state.fraction if state.work else 0.0)
        if state.work:
            self.picker.told.say(f"{BUSY[state.work]}: {state.words}, {100 * state.fraction:.0f} %")
        else:
            self.picker.told.say(state.problem or state.done)

    def _say(self, words: str) -> None:
        state = self.context.dataset
        self.picker.told.say(words or state.problem or state.done) if not state.work else None

    def _errand_moved(self, key: str) -> None:
        dataset.hear_progress(self.context, key)

    # -- the person acts ----------------------------------------------------------------------------------------------
    def _go(self) -> None:
        if self.context.dataset.work:
            dataset.cancel(self.context)
        else:
            self._check()

    def _check(self) -> None:
        dataset.check(self.context, self.picker.place.text())

    def _choose_folder(self) -> None:
        self._chosen(dialogs.ask_folder(self, "Look at a folder of speech", self.picker.place.text()))

    def _choose_file(self) -> None:
        self._chosen(dialogs.ask_speech(self))

    def _chosen(self, place: str) -> None:
        if place:
            self.picker.place.setText(place)
            self._check()

    def _options_changed(self) -> None:
        self.context.dataset.update(
            at_most=int(self.picker.amount.value or 0), rate_hz=int(self.picker.rate.value or 0)
        )

    def _choose_finding(self, kind: str) -> None:
        dataset.choose_finding(self.context, kind)

    def _open_clip(self, number: int) -> None:
        if 0 <= number < len(self.view.clips.clips):
            dataset.open_clip(self.context, self.view.clips.clips[number])

    def _write_manifest(self) -> None:
        target = dialogs.ask_target(self, "Write a manifest", "", "Manifests (*.jsonl *.csv)")
        if target:
            dataset.write_manifest(self.context, target)

    def _write_copy(self) -> None:
        folder = dialogs.ask_folder(self, "Write the repaired copy into a new folder")
        if folder:
            dataset.write_copy(self.context, folder, self.view.wanted)

    def minimumSizeHint(self) -> QSize:
        """As narrow as it gets once it has made room: what is wide now need not stay so."""
        return QSize(NARROWEST * self.fontMetrics().horizontalAdvance("0"), super().minimumSizeHint().height())

    # -- kept and taken out -------------------------------------------------------------------------------------------
    def view_state(self) -> dict[str, Any]:
        return {
            "place": self.context.dataset.place,
            "amount": self.picker.amount.value,
            "rate": self.picker.rate.value,
            "repairs": self.view.wanted,
        }

    def set_view_state(self, state: dict[str, Any]) -> None:
        for choice, key in ((self.picker.amount, "amount"), (self.picker.rate, "rate")):
            if isinstance(state.get(key), str):
                choice.set_value(state[key])
        self._options_changed()
        if isinstance(state.get("repairs"), list):
            for key, box in self.view.repairs.items():
                with QSignalBlocker(box):
                    box.setChecked(key in state["repairs"])
        if isinstance(state.get("place"), str) and state["place"] and not self.context.dataset.place:
            dataset.set_place(self.context, state["place"])

    def figures(self) -> tuple[Figure, ...]:
        report = self.context.dataset.report
        if report is None:
            return ()
        notes = (f"{report.place}: {report.words}", *(f"{one.words} {one.fix}" for one in report.findings))
        found = [Figure("dataset", "Speech: lengths and levels", self.view.pictures, self.view.pictures.arrays,
                        self.view.pictures.table, notes)]  # fmt: skip
        if report.findings:
            counts = {"clips": np.array([one.count for one in report.findings])}
            found.append(
                Figure("findings", "Findings", self.view.findings, lambda: counts, self.view.findings.table, notes)
            )
        return tuple(found)
