"""The panel Training: a recipe written in as a form, what it says at once, and the list of runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QModelIndex, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from speefeare_core.training.process_record import ProcessRecord
from tests.core.training.made_run import MadeRun
from workbench import dialogs
from workbench.context import Context
from workbench.panels import PanelInfo, panel_info
from workbench.panels.base import Panel
from workbench.panels.training import TrainingPanel
from workbench.verbs import training
from workbench.verbs import training_draft as making
from workbench.widgets.entry_editor import ChoiceEditor, LineEditor
from workbench.widgets.recipe_model import YOURS

Show = Callable[[PanelInfo, Context], Panel]
KEY = Qt.Key
RECIPE = "dac-44k-official"


@pytest.fixture
def panel(context: Context, show: Show, tmp_path: Path) -> TrainingPanel:
    """With one recipe of a family, speech, and an empty folder for runs."""
    training.set_runs_folder(context, tmp_path / "runs")
    context.engine.devices = ("cpu",)
    for name in (RECIPE, "dac-44k-paper", "soundstream-16k-small"):
        making.choose_recipe(context, name)
        assert context.draft.base is not None
        context.draft.shelf[name] = context.draft.base
    context.draft.unread = []
    making.choose_recipe(context, RECIPE)
    (tmp_path / "speech").mkdir()
    context.draft.update(data=(str(tmp_path / "speech"),))
    context.draft.looked = {str(tmp_path / "speech"): {"words": "3.0 h of speech in 7 clips"}}
    made = show(panel_info("training"), context)
    assert isinstance(made, TrainingPanel)
    made.resize(1200, 800)
    settle(made)
    return made


def settle(panel: TrainingPanel) -> None:
    """Some frames of the clock."""
    for _ in range(10):
        training.poll(panel.context)
        panel.refresh()
        QApplication.processEvents()


def shown_entries(panel: TrainingPanel) -> list[str]:
    """Paths of the entries that the filter lets through."""
    model = panel.tree.filter
    groups = [model.index(number, 0) for number in range(model.rowCount())]
    rows = [model.entry(model.index(place, 0, group)) for group in groups for place in range(model.rowCount(group))]
    return [row.path for row in rows if row is not None]


def cell(panel: TrainingPanel, path: str, column: int = YOURS) -> str:
    index: QModelIndex = panel.model.index_of(path)
    return str(index.siblingAtColumn(column).data())


def write(panel: TrainingPanel, qtbot: QtBot, path: str, text: str) -> None:
    """As a person does it: go to the entry, F2, type, Enter."""
    assert panel.tree.show_entry(path)
    qtbot.keyClick(panel.tree, KEY.Key_F2)
    (editor,) = panel.tree.findChildren(LineEditor)
    editor.selectAll()
    qtbot.keyClicks(editor, text)
    qtbot.keyClick(editor, KEY.Key_Return)
    QApplication.processEvents()
    settle(panel)


# -- the form -------------------------------------------------------------------------------------------------------
def test_the_recipes_of_a_family_stand_side_by_side(panel: TrainingPanel) -> None:
    titles = [column.title for column in panel.model.columns]
    assert titles == ["paper", "official"] and panel.tree.header().count() == 4
    panel.view.setCurrentIndex(panel.view.findData("differs"))
    differing = shown_entries(panel)
    assert 0 < len(differing) < len(panel.model.paths())
    first = differing[0]
    assert cell(panel, first, 2) != cell(panel, first, 3)
    panel.tree.show_entry(first)
    assert first in panel.card.toPlainText() and "official" in panel.card.toPlainText()


def test_a_value_is_written_in_the_tree(panel: TrainingPanel, qtbot: QtBot) -> None:
    before = cell(panel, "data.batch")
    write(panel, qtbot, "data.batch", "4")
    assert panel.context.draft.changes == {"data.batch": 4}
    assert cell(panel, "data.batch") == "4" and before != "4"
    assert cell(panel, "data.batch", 0) == "● batch"
    assert "--set data.batch=4" in panel.command.text()
    panel.view.setCurrentIndex(panel.view.findData("changed"))
    assert shown_entries(panel) == ["data.batch"]
    qtbot.keyClick(panel.tree, KEY.Key_Delete)
    settle(panel)
    assert panel.context.draft.changes == {} and shown_entries(panel) == []


def test_a_choice_and_a_switch_are_chosen(panel: TrainingPanel, qtbot: QtBot) -> None:
    for path, text in (("precision", "bfloat16"), ("data.flip", "yes")):
        panel.tree.show_entry(path)
        panel.tree.edit_entry()
        editor = panel.tree.findChildren(ChoiceEditor)[-1]  # the one before is on its way out
        editor.set_text(text)
        editor.activated.emit(editor.currentIndex())
        QApplication.processEvents()
        settle(panel)
        assert cell(panel, path) == text
    assert panel.context.draft.changes["precision"] == "bfloat16"


def test_what_cannot_be_is_said_while_it_is_written(panel: TrainingPanel, qtbot: QtBot) -> None:
    write(panel, qtbot, "data.batch", "0")
    assert panel.context.draft.changes == {}
    assert "should be at least 1, not 0" in panel.card.toPlainText()
    assert any("should be at least 1" in remark.words for remark in panel.remarks.remarks)
    assert not panel.start.isEnabled()
    write(panel, qtbot, "data.batch", "many")
    assert "should be a number, not many" in panel.card.toPlainText()
    write(panel, qtbot, "data.batch", "3")
    assert panel.start.isEnabled() and "Not taken" not in panel.card.toPlainText()


def test_search_finds_words_of_names_and_explanations(panel: TrainingPanel, qtbot: QtBot) -> None:
    panel.tree.setFocus()
    qtbot.keyClick(panel, KEY.Key_F, Qt.KeyboardModifier.ControlModifier)
    panel.search.setText("warm-up rate")
    found = shown_entries(panel)
    assert "optimiser.rate" in found and "data.batch" not in found
    panel.search.setText("zzz")
    assert shown_entries(panel) == []
    panel.search.clear()
    assert len(shown_entries(panel)) == len(panel.model.paths())


def test_a_remark_leads_to_its_entry(panel: TrainingPanel, qtbot: QtBot) -> None:
    write(panel, qtbot, "checkpoint_every", "999999999")
    panel.search.setText("batch")
    panel.remarks.entry_wanted.emit("checkpoint_every")
    assert panel.tree.entry is not None and panel.tree.entry.path == "checkpoint_every"
    assert panel.search.text() == ""


def test_another_family_and_a_recipe_file(
    panel: TrainingPanel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    panel.family.setCurrentIndex(panel.family.findData("soundstream"))
    settle(panel)
    assert panel.context.draft.source == "soundstream-16k-small"
    assert any(column.tip.startswith("There is no official code") for column in panel.model.columns)
    path = tmp_path / "mine.yaml"
    path.write_text("{name: mine, family: linear, network: {books: 4}}")
    monkeypatch.setattr(dialogs, "ask_recipe", lambda _parent: str(path))
    panel.size_choice.setCurrentIndex(panel.size_choice.count() - 1)
    settle(panel)
    assert panel.context.draft.source == str(path) and panel.size_choice.currentText() == "mine (file)"
    assert cell(panel, "network.books") == "4"
    assert f"--recipe {path}" in panel.command.text()


def test_a_column_that_is_missing_says_why_and_differs_in_nothing(panel: TrainingPanel) -> None:
    making.choose_recipe(panel.context, "soundstream-16k-small")
    settle(panel)
    panel.tree.show_entry("data.batch")
    assert "There is no official code" in panel.card.toPlainText()
    panel.view.setCurrentIndex(panel.view.findData("differs"))
    assert shown_entries(panel) == []  # there is one column besides


# -- beside it ------------------------------------------------------------------------------------------------------
def test_budget_name_speech_and_place(
    panel: TrainingPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    setup, draft = panel.setup, panel.context.draft
    setup.budget["budget.minutes"].setFocus()
    setup.budget["budget.minutes"].selectAll()  # type: ignore[union-attr]
    qtbot.keyClicks(setup.budget["budget.minutes"], "30")
    qtbot.keyClick(setup.budget["budget.minutes"], KEY.Key_Return)
    setup.name.setText("night shift")
    qtbot.keyClick(setup.name, KEY.Key_Return)
    setup.launcher.setCurrentIndex(setup.launcher.findData("torchrun"))
    settle(panel)
    setup.processes.setText("2")
    setup.processes.edited.emit()
    settle(panel)
    assert draft.changes["budget.minutes"] == 30 and draft.run_name == "night shift"
    line = panel.command.text()
    assert "--launcher torchrun --processes 2" in line and "night shift'" in line and "budget.minutes=30" in line
    assert setup.data_words.text() == "3.0 h of speech in 7 clips"
    asked: list[str] = []
    monkeypatch.setattr(panel.context.errands, "run", lambda key, words, then=None, **_: asked.append(words[2]))
    (tmp_path / "more").mkdir()
    monkeypatch.setattr(dialogs, "ask_folder", lambda *_: str(tmp_path / "more"))
    setup.add_folder.click()
    assert asked == [str(tmp_path / "more")]
    for path in draft.data:
        setup.data_removed.emit(path)
    settle(panel)
    assert "No speech is given" in panel.remarks.toPlainText() and not panel.start.isEnabled()


def test_a_run_starts_from_the_open_codec(loaded_context: Context, panel: TrainingPanel) -> None:
    assert loaded_context is panel.context and panel.context.codec.info is not None
    settle(panel)
    panel.setup.open_codec.click()
    settle(panel)
    source = panel.context.codec.info.source
    assert panel.context.draft.changes["start_from"] == source == panel.setup.start_from.text()
    panel.setup.start_from.setText("")
    panel.setup.start_from.edited.emit()
    assert "start_from" not in panel.context.draft.changes


def test_options_of_the_launcher_are_a_form(panel: TrainingPanel) -> None:
    panel.setup.launcher.setCurrentIndex(panel.setup.launcher.findData("slurm"))
    settle(panel)
    assert panel.setup.options, "SLURM has options"
    key, editor = next(
        (k, e) for k, e in panel.setup.options.items() if isinstance(e, LineEditor) and not e.row.help.low
    )
    editor.setText("1" if editor.row.kind == "whole" else "short")
    editor.edited.emit()
    settle(panel)
    assert f"--option {key}=" in panel.command.text()
    panel.setup.launcher.setCurrentIndex(panel.setup.launcher.findData("local"))
    settle(panel)
    assert panel.context.draft.options == {} and "--option" not in panel.command.text()


def test_speech_can_be_dropped_on_its_list(
    panel: TrainingPanel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(panel.context.errands, "run", lambda key, words, then=None, **_: None)
    (tmp_path / "more").mkdir()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "more")), QUrl("https://example.org/a.wav")])
    given = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    for event in (QDragEnterEvent(QPoint(5, 5), *given), QDropEvent(QPointF(5, 5), *given)):
        QApplication.sendEvent(panel.setup.data.viewport(), event)
        assert event.isAccepted()
    assert panel.context.draft.data[-1] == str(tmp_path / "more") and len(panel.context.draft.data) == 2


def test_the_command_is_copied(panel: TrainingPanel) -> None:
    panel.copy.click()
    assert QGuiApplication.clipboard().text() == panel.command.text() != ""


def test_control_enter_starts_and_dry_run_can_be_cancelled(
    panel: TrainingPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    errands, asked = panel.context.errands, []
    monkeypatch.setattr(errands, "run", lambda key, words, then=None, **_: asked.append(key))
    qtbot.keyClick(panel, KEY.Key_Return, Qt.KeyboardModifier.ControlModifier)
    panel.queue.click()
    panel.dry_run.click()
    assert asked == [making.START, making.START, making.DRY_RUN]
    monkeypatch.setattr(errands, "running", lambda key: key == making.DRY_RUN)
    monkeypatch.setattr(errands, "cancel", lambda key: asked.append(f"not {key}"))
    panel.context.draft.changed.emit()
    settle(panel)
    assert panel.dry_run.text() == "Cancel the dry run" and panel.estimate.text() == "Making a few real steps …"
    panel.dry_run.click()
    assert asked[-1] == f"not {making.DRY_RUN}"


# -- runs -----------------------------------------------------------------------------------------------------------
def test_the_list_of_runs(panel: TrainingPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> None:
    run = MadeRun(tmp_path / "runs" / "one")
    run.begin()
    run.losses(400)
    run.log("alarm", 400, kind="collapse", words="Book 2 uses 3 entries.", advice="Lower the rate.")
    panel.context.runs.next_scan = 0.0
    for _ in range(3):
        settle(panel)
    (row,) = panel.list.runs.runs.rows
    assert (row.name, row.state, row.progress, row.step) == ("one", "interrupted", 0.4, "400 of 1 000")
    assert row.texts[1] == "! interrupted ▲ 1"
    assert not panel.list.resume.isEnabled() and panel.list.explanation.text() == "no run is chosen"
    panel.list.runs.selectRow(0)
    settle(panel)
    assert panel.context.runs.chosen == str(run.folder) and "Lower the rate." in panel.list.explanation.text()
    assert panel.list.resume.isEnabled() and panel.list.clone.isEnabled() and not panel.list.stop.isEnabled()
    asked: list[list[str]] = []
    monkeypatch.setattr(panel.context.errands, "run", lambda key, words, then=None, **_: asked.append([*words]))
    panel.list.resume.click()
    assert asked == [["runs", "resume", str(run.folder), "--json"]]
    wanted: list[str] = []
    panel.context.runs.panel_wanted.connect(wanted.append)
    panel.list.watch.click()
    assert wanted == ["run"]
    qtbot.keyClick(panel.list.runs, KEY.Key_Return)
    assert "no codec to open yet" in panel.context.engine.messages[-1]


def test_kill_has_to_be_pressed_twice(panel: TrainingPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = MadeRun(tmp_path / "runs" / "one")
    ProcessRecord.of_this_process().write(run.folder / "process.json")
    panel.context.runs.next_scan = 0.0
    settle(panel)
    panel.list.runs.selectRow(0)
    settle(panel)
    asked: list[str] = []
    monkeypatch.setattr(panel.context.errands, "run", lambda key, words, then=None, **_: asked.append(words[1]))
    panel.list.kill.click()
    assert asked == [] and panel.list.kill.text() == "Press again to kill"
    panel.list.kill.click()
    assert asked == ["kill"] and panel.list.kill.text() == "Kill"
    panel.list.stop.click()
    assert asked == ["kill", "stop"]


# -- the window -----------------------------------------------------------------------------------------------------
def test_a_narrow_panel_has_one_column_and_loses_nothing(panel: TrainingPanel) -> None:
    wide = panel.setup.mapTo(panel, panel.setup.rect().topLeft())
    assert wide.x() > panel.tree.width()
    panel.resize(560, 700)
    settle(panel)
    narrow = panel.setup.mapTo(panel, panel.setup.rect().topLeft())
    assert narrow.x() < 60 and narrow.y() > panel.tree.height()
    assert panel.scroll.widget().minimumSizeHint().width() <= 560


def test_figures_hold_every_entry_and_run(panel: TrainingPanel, tmp_path: Path) -> None:
    MadeRun(tmp_path / "runs" / "one").begin()
    panel.context.runs.next_scan = 0.0
    for _ in range(3):
        settle(panel)
    recipe, runs = panel.figures()
    assert list(recipe.table().columns) == ["entry", "unit", "yours", "paper", "official", "why"]
    assert {row[0] for row in recipe.table().rows} == set(panel.model.paths())
    assert len(recipe.arrays()["entry"]) == len(panel.model.paths())
    assert [row[0] for row in runs.table().rows] == ["one"]


def test_the_draft_is_remembered_with_the_panel(panel: TrainingPanel, qtbot: QtBot) -> None:
    write(panel, qtbot, "data.batch", "4")
    state = panel.view_state()
    making.choose_recipe(panel.context, "soundstream-16k-small")
    settle(panel)
    panel.set_view_state(state)
    settle(panel)
    assert panel.context.draft.source == RECIPE and cell(panel, "data.batch") == "4"
