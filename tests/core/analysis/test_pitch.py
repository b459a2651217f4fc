from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from speefeare_core.analysis import pitch
from speefeare_core.errors import SpeefeareError
from speefeare_core.projection import frame_values
from tests.core.projection.test_space_and_trace import done

RATE_HZ = 16_000


def voice(length_s: float) -> np.ndarray:
    """Harmonics of a pitch that glides from 100 to 300 Hz; the last fifth is silent."""
    time = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    phase = 2 * np.pi * np.cumsum(100 + 200 * time / length_s) / RATE_HZ
    sound = sum(np.sin(k * phase) / k for k in range(1, 8))
    sound = np.asarray(sound) * (time < 0.8 * length_s)
    return (0.1 * sound).astype(np.float32)[None]


def track(samples: np.ndarray, times: np.ndarray) -> np.ndarray:
    work = pitch.tracking(pitch.array_blocks(samples, RATE_HZ), RATE_HZ, times)
    while True:
        try:
            next(work)
        except StopIteration as end:
            found: np.ndarray = end.value
            return found


def test_a_glide_is_followed_and_silence_has_no_pitch() -> None:
    times = np.arange(0.1, 6.9, 0.02)
    found = track(voice(7.0), times)
    voiced = times < 5.5
    np.testing.assert_allclose(found[voiced], 100 + 200 * times[voiced] / 7.0, rtol=0.02)
    assert np.isnan(found[times > 5.75]).all()


def test_pieces_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    times = np.arange(0.1, 5.0, 0.02)
    pieces = track(voice(7.0), times)
    monkeypatch.setattr(pitch, "BLOCK_S", 30.0)
    np.testing.assert_allclose(track(voice(7.0), times), pieces, rtol=0.01)


@pytest.mark.parametrize("samples", [np.zeros((1, 16_000)), np.ones((2, 100)), np.zeros((1, 0))])
def test_silence_and_a_hundredth_of_a_second_have_none(samples: np.ndarray) -> None:
    assert np.isnan(track(samples.astype(np.float32), np.array([0.001, 0.5]))).all()


def test_frames_of_a_file_have_the_pitch_of_their_middle(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    soundfile.write(path, voice(4.0)[0], RATE_HZ, subtype="FLOAT")
    found = done(frame_values.pitch(path, 50.0, 200, RATE_HZ))
    assert found.unit == "Hz" and found.values.shape == (200,)
    assert found.values[75] == pytest.approx(100 + 200 * 1.51 / 4.0, rel=0.02) and np.isnan(found.values[185])


def test_without_praat_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pitch, "installed", lambda: False)
    with pytest.raises(SpeefeareError, match="praat-parselmouth"):
        track(voice(0.5), np.array([0.1]))
