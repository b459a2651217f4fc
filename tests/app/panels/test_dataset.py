"""The dataset doctor's panel: on a report whose numbers are known, and on a real check in its own process."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from speefeare_core.dataset_doctor.report import DatasetReport, Finding, FoundClip, Histogram, keep_report
from tests.app.widgets.pictures import rgb
from tests.core.dataset_doctor.bad_set import RATE, speech
from tests.core.training.speech.sounds import put
from workbench import dialogs
from workbench.context import Context
from workbench.engine.errands import Answer
from workbench.panels import PanelInfo, panel_info
from workbench.panels.base import Panel
from workbench.panels.dataset import DatasetPanel
from workbench.verbs import dataset
from workbench.widgets.theme import theme_of

Show = Callable[[PanelInfo, Context], Panel]
WAIT_MS = 60_000


def known_report(place: str = "/speech", layout: str = "folder") -> DatasetReport:
    clips = tuple(FoundClip(f"{number}.wav", f"{place}/{number}.wav", f"{9 - number} % of it") for number in range(3))
    histograms = {
        "length": Histogram("Length of the clips", "s", (0.0, 1.0, 2.0, 3.0), (1, 0, 9), 2.5),
        "loudness": Histogram("Loudness", "LUFS", (-60.0, -30.0, 0.0), (4, 6), -25.0),
    }
    findings = (
        Finding("clipped", "problem", "Clipping", "3 clips are clipped.", "Leave them out.", "leave_out", clips, 3),
        Finding("dc", "warning", "DC offset", "1 clip has a DC offset.", "Take the mean off.", "dc", clips[:1], 1),
        Finding("rates", "note", "Several rates", "The clips have several rates.", "Nothing has to be done."),
    )
    return DatasetReport(
        place,
        layout,
        10,
        10,
        0,
        True,
        1.5,
        {"16000": 1.5},
        {"1": 1.5},
        {"WAV PCM_16": 1.5},
        {},
        0,
        histograms,
        findings,
    )


class Recorded:
    """Stands where `Errands.run` stands."""

    def __init__(self, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
        self.words: list[str] = []
        self.then: Callable[[Answer], None] | None = None
        self.cancelled = 0
        monkeypatch.setattr(context.errands, "run", self.run)
        monkeypatch.setattr(context.errands, "cancel", self.cancel)

    def run(self, key: str, words: list[str], then: Callable[[Answer], None] | None = None) -> None:
        self.words, self.then = list(words), then

    def cancel(self, key: str) -> None:
        self.cancelled += 1

    def answer(self, answer: Answer) -> None:
        assert self.then is not None
        self.then(answer)


@pytest.fixture
def errands(context: Context, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    return Recorded(context, monkeypatch)


def opened(show: Show, context: Context) -> DatasetPanel:
    panel = show(panel_info("dataset"), context)
    assert isinstance(panel, DatasetPanel)
    panel.resize(1100, 600)
    return panel


def test_a_check_goes_from_the_place_to_its_findings(context: Context, show: Show, errands: Recorded) -> None:
    panel = opened(show, context)
    assert panel.stack.currentIndex() == 0 and "speech" in panel.empty.text
    panel.picker.place.setText("/speech")
    panel.picker.amount.setCurrentIndex(0)
    panel.picker.rate.setCurrentIndex(2)
    QTest.keyClick(panel.picker.place, Qt.Key.Key_Return)
    assert errands.words == ["data", "check", "/speech", "--json", "--progress-lines", "--rate", "16000",
                             "--at-most", "300"]  # fmt: skip
    assert (
        panel.picker.go.text() == "Cancel" and not panel.picker.folder.isEnabled() and not panel.picker.bar.isHidden()
    )
    context.errands.progress[dataset.ERRAND] = {"fraction": 0.25, "words": "Listening to x.wav"}
    context.errands.changed.emit(dataset.ERRAND)
    assert panel.picker.bar.value() == 250 and panel.picker.told.text() == "Checking: Listening to x.wav, 25 %"
    errands.answer(known_report().to_dict())
    assert panel.stack.currentIndex() == 1 and panel.view.summary.text() == known_report().words
    assert panel.picker.go.text() == "Check" and panel.picker.bar.isHidden()
    assert [panel.view.findings.item(row, 0).text() for row in range(3)] == ["■ problem", "▲ warning", "● note"]
    assert panel.view.fix.text() == "3 clips are clipped. Leave them out."
    assert panel.view.clips.rowCount() == 3


def test_keys_choose_a_finding_and_open_a_clip(context: Context, show: Show, tmp_path: Path) -> None:
    put(tmp_path / "0.wav", speech(1), RATE)
    panel = opened(show, context)
    context.dataset.update(place=str(tmp_path), report=known_report(str(tmp_path)))
    panel.view.findings.setFocus()
    QTest.keyClick(panel.view.findings, Qt.Key.Key_Down)
    assert context.dataset.chosen == "dc" and panel.view.clips.rowCount() == 1
    panel.view.clips.setCurrentCell(0, 0)
    QTest.keyClick(panel.view.clips, Qt.Key.Key_Return)
    assert context.clip.wanted == str(tmp_path / "0.wav")
    dataset.open_clip(context, FoundClip("inside.flac"))
    assert "inside of a set" in context.engine.messages[-1]


def test_cancel_leaves_what_was_said_before(context: Context, show: Show, errands: Recorded) -> None:
    panel = opened(show, context)
    context.dataset.update(place="/speech", report=known_report())
    panel.picker.go.click()
    assert context.dataset.work == "check"
    panel.picker.go.click()
    assert errands.cancelled == 1 and not context.dataset.work and context.dataset.report == known_report()


def test_a_problem_is_told_and_an_answer_about_another_place_is_not(
    context: Context, show: Show, errands: Recorded
) -> None:
    panel = opened(show, context)
    dataset.check(context, "/speech")
    errands.answer({"error": "There is nothing at /speech."})
    assert panel.empty.text == "There is nothing at /speech." and panel.picker.go.text() == "Check"
    dataset.check(context, "/speech")
    late = errands.then
    dataset.set_place(context, "/other")
    assert late is not None
    late(known_report().to_dict())
    assert context.dataset.report is None
    dataset.check(context)
    errands.answer({"version": 99})
    assert "cannot be read" in context.dataset.problem
    dataset.set_place(context, "")
    dataset.check(context)
    assert "Choose a folder" in context.dataset.problem


def test_what_was_said_before_is_there_at_once(context: Context, show: Show, tmp_path: Path) -> None:
    keep_report(known_report(str(tmp_path)))
    panel = opened(show, context)
    dataset.set_place(context, str(tmp_path))
    assert panel.stack.currentIndex() == 1 and panel.picker.place.text() == str(tmp_path)
    other = opened(show, context)
    other.set_view_state({"place": str(tmp_path), "amount": "3000", "rate": "nonsense", "repairs": ["trim", 3]})
    assert other.view_state() == {"place": str(tmp_path), "amount": "3000", "rate": "0", "repairs": ["trim"]}


def test_a_manifest_and_a_copy_are_asked_for_as_the_person_wants_them(
    context: Context, show: Show, errands: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = opened(show, context)
    assert not panel.view.list.isEnabled() and not panel.view.copy.isEnabled()
    context.dataset.update(place="/speech", report=known_report(), rate_hz=16000)
    monkeypatch.setattr(dialogs, "ask_target", lambda *_: "/lists/good.jsonl")
    monkeypatch.setattr(dialogs, "ask_folder", lambda *_: "/copy")
    panel.view.list.click()
    assert errands.words[:5] == ["data", "manifest", "/speech", "/lists/good.jsonl", "--without"]
    errands.answer({"manifest": "/lists/good.jsonl", "clips": 7, "left_out": 3})
    assert panel.picker.told.text() == "/lists/good.jsonl lists 7 clips, 3 are left out."
    panel.view.repairs["trim"].setChecked(True)
    panel.view.copy.click()
    assert errands.words == ["data", "repair", "/speech", "/copy", "--repairs", "leave_out,dc,mono,trim", "--json",
                             "--progress-lines", "--rate", "16000"]  # fmt: skip
    errands.answer({"error": "/copy is not empty; choose a new folder for the copy."})
    assert "not empty" in panel.picker.told.text()
    for box in panel.view.repairs.values():
        box.setChecked(False)
    assert not panel.view.copy.isEnabled()
    context.dataset.update(report=dataclasses.replace(known_report(), whole=False))
    assert not panel.view.list.isEnabled() and "check all of them" in panel.view.list.toolTip()
    context.dataset.update(report=known_report(layout="packed"))
    assert not panel.view.list.isEnabled() and "no files of their own" in panel.view.list.toolTip()


def test_bars_are_as_high_as_their_counts_and_told(context: Context, show: Show) -> None:
    panel = opened(show, context)
    context.dataset.update(place="/speech", report=known_report())
    pictures = panel.view.pictures
    pictures.resize(600, 200)
    theme = theme_of(pictures.palette())
    image = QImage(600, 200, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    pictures.paint_figure(painter, QRect(0, 0, 600, 200), theme)
    painter.end()
    cells = pictures.cells_in(QRect(0, 0, 600, 200), pictures.fontMetrics())
    assert len(cells) == 2
    plot = pictures.plot_in(cells[0], pictures.fontMetrics())

    def height(bar: int) -> int:
        x = plot.left() + int((bar + 0.3) * plot.width() / 3)
        return sum(image.pixel(x, y) != rgb(theme.lane) for y in range(plot.top(), plot.bottom() + 1))

    assert height(1) == 0
    assert height(0) == pytest.approx(height(2) / 9, abs=2) and height(2) > 50
    place = QPointF(plot.left() + 0.9 * plot.width(), plot.center().y())
    assert pictures.words_of(pictures.bar_at(place)) == "Length of the clips from 2 on s: 9 clips, 90.0 %"
    QTest.keyClick(pictures, Qt.Key.Key_End)
    assert panel.picker.told.text().endswith("9 clips, 90.0 %")
    QTest.keyClick(pictures, Qt.Key.Key_Down)
    assert panel.picker.told.text() == "Loudness from −30 on LUFS: 6 clips, 60.0 %" or pictures.chosen == (1, 0)


def test_a_small_panel_shows_fewer_pictures_and_keeps_the_findings(context: Context, show: Show) -> None:
    panel = opened(show, context)
    context.dataset.update(place="/speech", report=known_report())
    assert panel.view.left.isVisible()
    panel.resize(420, 400)
    assert not panel.view.left.isVisible() and panel.view.findings.isVisible()
    assert panel.minimumSizeHint().width() < 620


def test_figures_hold_what_is_shown(context: Context, show: Show) -> None:
    panel = opened(show, context)
    assert panel.figures() == ()
    context.dataset.update(place="/speech", report=known_report())
    pictures, findings = panel.figures()
    assert pictures.arrays()["length_clips"].tolist() == [1, 0, 9]
    assert list(pictures.table().rows)[2] == ("length", "s", 2.0, 3.0, 9)
    assert [row[1] for row in findings.table().rows] == ["Clipping", "DC offset", "Several rates"]
    assert any("several rates" in note for note in pictures.notes)


def test_a_real_check_runs_in_its_own_process(
    context: Context, show: Show, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        put(tmp_path / "speech" / f"{number}.wav", speech(number) + (0.05 if number == 3 else 0.0), RATE, "PCM_16")
    panel = opened(show, context)
    moved: list[Any] = []
    context.dataset.moved.connect(lambda: moved.append(context.dataset.fraction))
    panel.picker.place.setText(str(tmp_path / "speech"))
    panel.picker.go.click()
    qtbot.waitUntil(lambda: context.dataset.report is not None or bool(context.dataset.problem), timeout=WAIT_MS)
    assert context.dataset.problem == "" and context.dataset.report is not None
    assert [clip.name for clip in context.dataset.report.findings[0].clips] == ["3.wav"]
    assert moved and moved == sorted(moved)
    monkeypatch.setattr(dialogs, "ask_folder", lambda *_: str(tmp_path / "copy"))
    panel.view.copy.click()
    qtbot.waitUntil(lambda: not context.dataset.work, timeout=WAIT_MS)
    assert "5 clips" in panel.picker.told.text() and (tmp_path / "copy" / "manifest.jsonl").is_file()
    context.errands.stop()
