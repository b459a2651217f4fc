"""The tab Training on a real job: from the form to a codec that is open in every other panel."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from speefeare_core.training.process_record import read_process
from speefeare_core.training.recipe import write_recipe
from speefeare_core.training.run_log import RunFolder
from tests.app.shell.fake_engine import FakeClient
from tests.core.training.tiny_run import make_tones, tiny
from workbench.app import Workbench, build_workbench
from workbench.engine.client import EngineClient
from workbench.engine.protocol import VIRTUAL_DEVICE
from workbench.panels.training import TrainingPanel
from workbench.settings import Settings
from workbench.verbs import training
from workbench.verbs import training_draft as making
from workbench.widgets.entry_editor import LineEditor

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]
PATIENCE_MS = 120_000
KEY = Qt.Key


def recipe_file(path: Path) -> Path:
    write_recipe(tiny(data__sources=[], data__workers=1, validation__clips=1), path)
    return path


@pytest.fixture
def open_window(qapp: QApplication, tmp_path: Path) -> Iterator[Callable[..., Workbench]]:
    """Opens windows on the same settings, one after the other; whatever trains is ended after the test."""
    made: list[Workbench] = []
    runs = tmp_path / "runs"

    def build(client: Any) -> Workbench:
        for window in made:
            close(window)
        settings = Settings(output_device=VIRTUAL_DEVICE, runs_folder=str(runs), path=tmp_path / "settings.json")
        made[:] = [build_workbench(settings, client)]
        made[0].add_panels()
        made[0].window.show()
        made[0].start()
        return made[0]

    yield build
    for window in made:
        close(window)
    for run in runs.iterdir() if runs.is_dir() else ():
        record = read_process(RunFolder(run).process)
        if record is not None and record.alive:
            psutil.Process(record.pid).kill()


def close(workbench: Workbench) -> None:
    workbench.close()
    workbench.window.close()
    workbench.window.deleteLater()


def panel_of(workbench: Workbench) -> TrainingPanel:
    docks = workbench.window.docks
    assert docks is not None
    docks.show_panel("training")
    panel = docks.panels["training"]
    assert isinstance(panel, TrainingPanel)
    return panel


def write(panel: TrainingPanel, qtbot: QtBot, path: str, text: str) -> None:
    assert panel.tree.show_entry(path)
    qtbot.keyClick(panel.tree, KEY.Key_F2)
    editor = panel.tree.findChildren(LineEditor)[-1]
    editor.selectAll()
    qtbot.keyClicks(editor, text)
    qtbot.keyClick(editor, KEY.Key_Return)
    qtbot.waitUntil(lambda: not panel.tree.editing and not panel.tree.findChildren(LineEditor), timeout=PATIENCE_MS)


def test_from_the_form_to_open_in_workbench(
    open_window: Callable[..., Workbench], qtbot: QtBot, tmp_path: Path
) -> None:
    def until(done: Callable[[], object]) -> None:
        qtbot.waitUntil(lambda: bool(done()), timeout=PATIENCE_MS)

    speech = make_tones(tmp_path / "data")
    workbench = open_window(FakeClient())  # an engine is not needed to train
    ctx, panel = workbench.context, panel_of(workbench)
    until(lambda: ctx.draft.base is not None)
    making.choose_recipe(ctx, recipe_file(tmp_path / "tiny.yaml"))
    making.add_data(ctx, speech / "tones")
    until(lambda: ctx.draft.looked)
    until(lambda: "clips" in panel.setup.data_words.text())
    write(panel, qtbot, "budget.steps", "100000")
    write(panel, qtbot, "checkpoint_every", "10")
    panel.setup.name.setText("first")
    qtbot.keyClick(panel.setup.name, KEY.Key_Return)
    until(lambda: f"{tmp_path / 'runs' / 'first'} --recipe" in panel.command.text() and panel.start.isEnabled())
    assert "--set checkpoint_every=10" in panel.command.text()

    qtbot.mouseClick(panel.dry_run, Qt.MouseButton.LeftButton)
    until(lambda: "100000 steps" in panel.estimate.text())
    estimate = panel.estimate.text()
    assert "M parameters on cpu" in estimate and "a step takes" in estimate and "memory" in estimate
    assert not (tmp_path / "runs" / "first").exists()  # it leaves nothing behind

    qtbot.mouseClick(panel.start, Qt.MouseButton.LeftButton)
    run = str(tmp_path / "runs" / "first")
    until(lambda: ctx.runs.chosen == run)  # it is looked at as soon as it is there
    until(lambda: ctx.runs.runs[run].status == "running" and ctx.runs.runs[run].summary.step >= 10)
    record = read_process(RunFolder(Path(run)).process)
    assert record is not None and record.pid != os.getpid()

    seen = ctx.runs.runs[run].summary.step
    again = open_window(EngineClient())  # the first window is closed; the job goes on without it
    ctx, panel = again.context, panel_of(again)
    until(lambda: run in ctx.runs.runs and ctx.runs.runs[run].summary.step > seen)
    assert psutil.pid_exists(record.pid) and ctx.runs.runs[run].status == "running"
    until(lambda: panel.list.runs.runs.rows)
    panel.list.runs.selectRow(0)
    until(panel.list.stop.isEnabled)
    qtbot.mouseClick(panel.list.stop, Qt.MouseButton.LeftButton)
    until(lambda: ctx.runs.runs[run].status == "stopped")
    until(panel.list.resume.isEnabled)

    qtbot.mouseClick(panel.list.open, Qt.MouseButton.LeftButton)
    until(lambda: ctx.codec.info is not None and ctx.codec.info.source.startswith(run))
    assert ctx.codec.info is not None and ctx.codec.info.depth == 3  # the tiny network's books
    assert training.runs_folder(ctx) == tmp_path / "runs"
