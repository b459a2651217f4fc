"""Known shifts and polarities are found; silence and unlike recordings are not trusted."""

from __future__ import annotations

import numpy as np
import pytest

from speefeare_core.alignment import estimate_delay, shifted
from tests.core.speech import speech_like


@pytest.mark.parametrize("delay", [0, 1, -1, 37, -400, 2500])
@pytest.mark.parametrize("gain", [1.0, -0.2])
def test_a_known_shift_is_found_with_its_polarity(delay: int, gain: float) -> None:
    sound = speech_like()
    late = shifted(sound, -delay, len(sound)) * np.float32(gain)
    found = estimate_delay(sound, late)
    assert (found.samples, found.polarity) == (delay, int(np.sign(gain)))
    assert found.confidence > 0.99
    assert found.trusted


def test_noise_lowers_the_confidence_but_not_the_answer() -> None:
    sound = speech_like()
    noise = np.random.default_rng(1).standard_normal(len(sound)).astype(np.float32)
    noise *= np.sqrt((sound @ sound) / (noise @ noise))
    found = estimate_delay(sound, shifted(sound, -120, len(sound)) + noise)
    assert found.samples == 120
    assert 0.6 < found.confidence < 0.8  # equal parts: 1 / √2


def test_lengths_may_differ() -> None:
    sound = speech_like()
    assert estimate_delay(sound, sound[300:9000]).samples == -300


def test_the_search_stays_within_its_limit() -> None:
    sound = speech_like()
    assert abs(estimate_delay(sound, shifted(sound, -5000, len(sound)), max_samples=100).samples) <= 100


@pytest.mark.parametrize("other", [np.zeros(500, np.float32), np.zeros(0, np.float32)])
def test_silence_gives_no_confidence(other: np.ndarray) -> None:
    found = estimate_delay(speech_like(), other)
    assert (found.samples, found.confidence, found.trusted) == (0, 0.0, False)


def test_unlike_recordings_are_not_trusted() -> None:
    draw = np.random.default_rng(0)
    one, two = draw.standard_normal((2, 16_000)).astype(np.float32)
    assert not estimate_delay(one, two).trusted


def test_shifted_keeps_the_length() -> None:
    samples = np.arange(4, dtype=np.float32)[None]
    assert shifted(samples, 1, 4).tolist() == [[1, 2, 3, 0]]
    assert shifted(samples, -2, 4).tolist() == [[0, 0, 0, 1]]
    assert shifted(samples, 9, 2).tolist() == [[0, 0]]
