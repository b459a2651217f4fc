"""Every sound of a rung through the real engine, by the window's own actions, on the shipped codec."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from speefeare_core import audio
from tests.core.speech import speech_like
from workbench import commands
from workbench.actions import ACTIONS
from workbench.app import Workbench, build_workbench
from workbench.engine.client import EngineClient
from workbench.engine.protocol import VIRTUAL_DEVICE
from workbench.panels.ladder import LadderPanel
from workbench.settings import Settings
from workbench.state.derived_takes import number_of
from workbench.verbs import ladder

pytestmark = pytest.mark.timeout(300)
PATIENCE_MS = 120_000  # an engine imports torch first, and a busy machine takes its time


@pytest.fixture
def workbench(qapp: QApplication) -> Iterator[Workbench]:
    made = build_workbench(Settings(output_device=VIRTUAL_DEVICE), EngineClient())
    made.add_panels()
    made.window.show()
    made.start()
    yield made
    made.close()
    made.window.close()
    made.window.deleteLater()


def test_keys_make_and_choose_the_sounds_of_a_rung(workbench: Workbench, tmp_path: Path, qtbot: QtBot) -> None:
    ctx = workbench.context
    path = tmp_path / "speech.wav"
    audio.write(path, audio.Audio(speech_like(0.5)[None], 16_000))
    commands.load_codec(ctx, "default", "cpu")
    commands.open_clip(ctx, path)
    qtbot.waitUntil(lambda: ctx.clip.complete, timeout=PATIENCE_MS)
    workbench.window.show_panel("ladder")
    qtbot.waitUntil(lambda: ctx.ladder.ladder is not None and not ctx.ladder.request, timeout=PATIENCE_MS)
    found = ctx.ladder.ladder
    assert ctx.codec.info is not None
    depth = ctx.codec.info.depth
    assert found is not None and len(found.rows) == depth + 1 and found.parts.alone and found.parts.residual
    commands.select_depth(ctx, 3)
    renders = ctx.clip.data.renders
    heard: dict[str, np.ndarray] = {}
    actions = {info.key: info for info in ACTIONS}
    for sound in ladder.SOUNDS:
        if sound.kind is None:
            continue
        info, number = actions[f"hear_{sound.kind}"], number_of(sound.kind, 3)
        assert info.shortcut == sound.key and info.enabled is not None and info.enabled(ctx)
        info.run(workbench.window)
        assert ctx.playback.depth == number
        qtbot.waitUntil(lambda number=number: number in renders, timeout=PATIENCE_MS)
        heard[sound.kind] = np.asarray(renders[number].audio[:, :])
    assert set(heard) == {"take", "added", "missing", "alone", "residual"}
    np.testing.assert_allclose(heard["added"], renders[3].audio - renders[2].audio, atol=1e-6)
    np.testing.assert_allclose(heard["missing"], renders[0].audio - renders[3].audio, atol=1e-6)
    for kind in ("alone", "residual"):
        assert 0.01 < float(np.abs(heard[kind]).max()) and np.isfinite(heard[kind]).all()
        assert float(np.abs(heard[kind] - heard["take"]).max()) > 0.01
    panel = next(iter(workbench.window.findChildren(LadderPanel)))
    qtbot.waitUntil(lambda: len(panel.curves.curves[1].lines) == 1, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: len(panel.curves.curves[1].lines[0].points) == depth, timeout=PATIENCE_MS)
