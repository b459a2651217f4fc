"""The window on a real engine process: the main job, and its sudden death at work and at play."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from speefeare_core import audio
from tests.app.engine.tiny_engine import COMMAND
from tests.core.tiny_codec import tiny_file
from workbench import commands
from workbench.app import Workbench, build_workbench
from workbench.engine.client import EngineClient
from workbench.engine.protocol import VIRTUAL_DEVICE
from workbench.message_bar import ENGINE_DIED
from workbench.settings import Settings

pytestmark = pytest.mark.timeout(300)
PATIENCE_MS = 120_000  # an engine imports torch first, and a busy machine takes its time


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "tone.wav"
    time = np.arange(3 * 16_000) / 16_000
    audio.write(path, audio.Audio((0.3 * np.sin(2 * np.pi * 220 * time)).astype(np.float32)[None], 16_000))
    return path


@pytest.fixture
def workbench(qapp: QApplication, tmp_path: Path) -> Iterator[Workbench]:
    made = build_workbench(Settings(output_device=VIRTUAL_DEVICE), EngineClient(COMMAND))
    made.add_panels()
    made.window.show()
    made.start()
    yield made
    made.close()
    made.window.close()
    made.window.deleteLater()


def kill_engine(workbench: Workbench) -> None:
    pid = workbench.context.client.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def test_documents_survive_the_engine_killed_while_it_plays(
    workbench: Workbench, clip: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    ctx, messages = workbench.context, workbench.window.messages

    def until(done: Callable[[], bool]) -> None:
        qtbot.waitUntil(done, timeout=PATIENCE_MS)

    commands.load_codec(ctx, tiny_file(tmp_path), "cpu")
    commands.open_clip(ctx, clip)
    until(lambda: ctx.clip.complete)
    assert sorted(ctx.clip.data.renders) == [0, 1, 2, 3, 4] and ctx.clip.data.latents is not None
    commands.select_depth(ctx, 2)
    commands.play(ctx)
    until(lambda: ctx.playback.position > 1600)
    before = ctx.clip.data
    kill_engine(workbench)
    until(lambda: ctx.engine.status == "dead")
    assert messages.text == ENGINE_DIED and not ctx.playback.playing
    assert ctx.clip.data is before
    for render in before.renders.values():  # the memory is still there to be read
        assert np.isfinite(render.audio).all() and float(np.abs(render.audio).max()) > 0.1
    position = ctx.playback.position

    messages.restart.click()
    until(lambda: ctx.clip.complete)
    assert ctx.clip.data is not before and sorted(ctx.clip.data.renders) == [0, 1, 2, 3, 4]
    assert ctx.playback.depth == 2 and not messages.text
    until(lambda: not ctx.playback.seek_request)
    workbench.clock.tick()
    assert ctx.playback.position == position
    commands.play(ctx)
    until(lambda: ctx.playback.position > position)


def test_an_engine_killed_while_it_encodes_can_be_restarted(
    workbench: Workbench, clip: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    ctx = workbench.context
    commands.load_codec(ctx, tiny_file(tmp_path), "cpu")
    commands.open_clip(ctx, clip)
    qtbot.waitUntil(lambda: ctx.clip.is_open, timeout=PATIENCE_MS)
    kill_engine(workbench)
    qtbot.waitUntil(lambda: ctx.engine.status == "dead", timeout=PATIENCE_MS)
    assert ctx.clip.data.path == str(clip) and not ctx.clip.stage
    commands.restart_engine(ctx)
    qtbot.waitUntil(lambda: ctx.clip.complete, timeout=PATIENCE_MS)
    assert sorted(ctx.clip.data.renders) == [0, 1, 2, 3, 4]
