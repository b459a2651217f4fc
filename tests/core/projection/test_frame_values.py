from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from speefeare_core.projection import frame_values
from speefeare_core.projection.values import FrameValues
from tests.core.projection.test_space_and_trace import done


def loudness(path: Path, frames: int, rate_hz: int = 48_000) -> FrameValues:
    found: FrameValues = done(frame_values.loudness(path, 50.0, frames, rate_hz))
    return found


def test_a_sine_of_1_khz_has_the_level_of_the_standard(tmp_path: Path) -> None:
    """BS.1770: 0 dBFS at 997 Hz in one channel is −3.01 LUFS."""
    path = tmp_path / "sine.wav"
    sine = np.sin(2 * np.pi * 997 * np.arange(48_000) / 48_000)
    soundfile.write(path, sine.astype(np.float32), 48_000, subtype="FLOAT")
    found = loudness(path, 50)
    assert found.unit == "LUFS" and found.values.shape == (50,)
    assert found.values[10:40] == pytest.approx(np.full(30, -3.01), abs=0.15)


def test_silence_and_frames_beyond_the_end_are_the_least_there_is(tmp_path: Path) -> None:
    path = tmp_path / "half.wav"
    sound = np.concatenate([np.zeros(24_000), 0.1 * np.random.default_rng(0).standard_normal(24_000)])
    soundfile.write(path, sound.astype(np.float32), 48_000, subtype="FLOAT")
    found = loudness(path, 60).values
    assert (found[:22] == frame_values.SILENT_LUFS).all() and (found[27:48] > -30).all()
    assert (found[52:] == frame_values.SILENT_LUFS).all()


def test_blocks_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "noise.wav"
    noise = 0.1 * np.random.default_rng(1).standard_normal(3 * 48_000)
    soundfile.write(path, noise.astype(np.float32), 48_000, subtype="FLOAT")
    whole = loudness(path, 150).values
    monkeypatch.setattr(frame_values, "_BLOCK_S", 0.37)
    np.testing.assert_allclose(loudness(path, 150).values, whole, atol=0.01)
