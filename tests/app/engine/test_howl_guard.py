"""Feedback is heard, speech is not taken for it."""

from __future__ import annotations

import numpy as np
import pytest

from speefeare_core.audio import read
from speefeare_core.resources import resource
from workbench.engine.server.howl_guard import HowlGuard

RATE = 16_000
TIME = np.arange(2 * RATE) / RATE


def hears(sound: np.ndarray, block: int = 320) -> bool:
    guard = HowlGuard(RATE)
    return any(guard.hears_howl(sound[:, at : at + block]) for at in range(0, sound.shape[1], block))


@pytest.mark.parametrize("gain", [0.1, 1.0, 4.0])
def test_speech_is_not_feedback(gain: float) -> None:
    speech = read(resource("samples", "sense_and_sensibility.flac"), RATE, 1).samples
    assert not hears(np.clip(gain * speech, -1, 1).astype(np.float32))


@pytest.mark.parametrize("frequency", [180.0, 1000.0, 3100.0])
def test_a_growing_tone_is(frequency: float) -> None:
    tone = np.minimum(0.002 * 10 ** (1.5 * TIME), 0.9) * np.sin(2 * np.pi * frequency * TIME)
    assert hears(tone[None].astype(np.float32))


def test_a_clipped_tone_and_a_steady_roar_are() -> None:
    assert hears(np.sign(np.sin(2 * np.pi * 700 * TIME))[None].astype(np.float32))
    roar = np.random.default_rng(0).uniform(-1, 1, (1, len(TIME)))
    assert hears(roar.astype(np.float32))


def test_a_short_beep_and_silence_are_not() -> None:
    beep = 0.5 * np.sin(2 * np.pi * 1000 * TIME) * (TIME < 0.2)
    assert not hears(beep[None].astype(np.float32))
    assert not hears(np.zeros((1, RATE), np.float32))
