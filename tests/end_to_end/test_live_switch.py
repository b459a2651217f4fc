"""Codecs, steps and devices that change while a real loudspeaker plays: never a click, and the sound goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.app.engine.harness import Talk
from tests.app.engine.tiny_engine import COMMAND
from tests.core.tiny_codec import tiny_file
from tests.end_to_end.pulse import Pulse
from tests.end_to_end.undisturbed import undisturbed
from workbench.engine import protocol as p
from workbench.engine.client import EngineClient

pytestmark = [pytest.mark.audio_path, pytest.mark.slow, pytest.mark.timeout(300)]
TONE_HZ = 250.0
PLAYED_S = 1.5  # between two changes
# Mix 0: the loudspeaker gives the tone itself, in which nothing hides.
START = p.StartLive(generator="sine", tone_hz=TONE_HZ, mix=0.0, muted=False, howl_guard=False)


@pytest.fixture
def tiny(pulse: Pulse, tmp_path: Path) -> Iterator[Talk]:
    client = EngineClient(COMMAND)
    client.start()
    talk = Talk(client)
    talk.next(p.EngineReady)
    talk.ask(p.LoadCodec(str(tiny_file(tmp_path)), "cpu"))
    yield talk
    client.stop()


def gaps_s(samples: NDArray[np.float32], rate_hz: int) -> list[float]:
    """The lengths of what is silent within the sound."""
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    between = np.diff(loud)
    return [float(gap) / rate_hz for gap in between[between > 0.02 * rate_hz]]


def test_a_tone_through_every_switch_has_no_click(tiny: Talk, pulse: Pulse, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    other = str(tiny_file(folder, rate_hz=24_000, hop=120, depth=2))
    changes = (
        p.SwitchLive(frames_per_step=5),
        p.SwitchLive(source=other, device="cpu"),
        p.SwitchLive(output=p.DEFAULT_DEVICE),
        p.LoadCodec(str(tiny_file(tmp_path)), "cpu"),
    )

    def play() -> NDArray[np.float32]:
        recording = pulse.record()
        tiny.ask(START)
        for change in changes:
            time.sleep(PLAYED_S)
            tiny.ask(change)
        time.sleep(PLAYED_S)
        heard = recording.stop()
        tiny.ask(p.StopLive())
        tiny.ask(p.LoadCodec(str(tiny_file(tmp_path)), "cpu"))
        return heard

    def steepest(heard: NDArray[np.float32]) -> float:
        """Against the steepest move of the tone itself."""
        level = float(np.percentile(np.abs(heard[np.abs(heard) > 0.01]), 99))
        return float(np.abs(np.diff(heard)).max()) / (level * 2 * np.pi * TONE_HZ / pulse.rate_hz)

    heard = undisturbed(play, lambda take: steepest(take) < 2.0)
    assert len(heard) > len(changes) * PLAYED_S * pulse.rate_hz
    assert steepest(heard) < 2.0, "an edge of the tone would be 10"
    assert max(gaps_s(heard, pulse.rate_hz), default=0.0) < 0.5
