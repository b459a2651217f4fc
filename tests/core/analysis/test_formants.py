from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import scipy.signal

from speefeare_core.analysis import formants, pitch
from speefeare_core.errors import SpeefeareError

RATE = 16_000
PITCH_HZ = 120.0
FORMANTS_HZ = (700.0, 1200.0, 2500.0, 3500.0)


def _vowel(seconds: float) -> np.ndarray:
    """Pulses through resonators: float32 `[1, T]`."""
    sound = np.zeros(round(seconds * RATE))
    sound[(np.arange(0, seconds * PITCH_HZ) * RATE / PITCH_HZ).astype(int)] = 1.0
    for hertz in (*FORMANTS_HZ, 4500.0):  # as many as Praat looks for
        radius = np.exp(-np.pi * 80.0 / RATE)
        sound = scipy.signal.lfilter([1.0], [1.0, -2 * radius * np.cos(2 * np.pi * hertz / RATE), radius**2], sound)
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)[None]


def _tracks(sound: np.ndarray) -> tuple[np.ndarray, list[int]]:
    out = np.zeros((int(np.ceil(sound.shape[1] / RATE / formants.STEP_S)), 1 + formants.SHOWN), np.float32)
    return out, list(formants.tracking(sound, RATE, out))


def test_a_vowel_has_the_pitch_and_the_formants_it_was_made_with() -> None:
    tracks, done = _tracks(_vowel(5.0))
    assert done[-1] == len(tracks) == 500 and done == sorted(done)
    inside = tracks[20:-20]
    assert np.isfinite(inside).all(), "across the seams of the pieces too"
    assert np.median(inside[:, 0]) == pytest.approx(PITCH_HZ, abs=2.0)
    np.testing.assert_allclose(np.median(inside[:, 1:], axis=0), FORMANTS_HZ, rtol=0.1)


@pytest.mark.parametrize("samples", [1, 40, 8000])
def test_silence_and_clicks_have_neither(samples: int) -> None:
    tracks, _ = _tracks(np.zeros((1, samples), np.float32))
    assert np.isnan(tracks).all()


def test_without_praat_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SpeefeareError, match=r"praat-parselmouth: pip install"):
        next(formants.tracking(_vowel(0.2), RATE, np.zeros((20, 5), np.float32)))
    assert not pitch.installed()
