"""Loudness against the standard's table, its calibration tone and pyloudnorm."""

from __future__ import annotations

import math

import numpy as np
import pyloudnorm
import pytest

from speefeare_core.levels import _high_pass, _high_shelf, loudness_lufs, matching_gain
from tests.core.speech import speech_like


def test_filters_are_the_table_of_the_standard_at_48_khz() -> None:
    (b1, a1), (b2, a2) = _high_shelf(48_000), _high_pass(48_000)
    assert b1 == pytest.approx([1.53512485958697, -2.69169618940638, 1.19839281085285], abs=1e-8)
    assert a1 == pytest.approx([1.0, -1.69065929318241, 0.73248077421585], abs=1e-8)
    assert b2 == pytest.approx([1.0, -2.0, 1.0], abs=1e-7)
    assert a2 == pytest.approx([1.0, -1.99004745483398, 0.99007225036621], abs=1e-8)


@pytest.mark.parametrize(
    ("rate_hz", "within"), [(8_000, 0.25), (16_000, 0.06), (24_000, 0.03), (44_100, 0.01), (48_000, 0.01)]
)
def test_a_full_scale_tone_of_997_hz_reads_minus_3_01(rate_hz: int, within: float) -> None:
    tone = np.sin(2 * np.pi * 997 * np.arange(3 * rate_hz) / rate_hz)[None].astype(np.float32)
    assert loudness_lufs(tone, rate_hz) == pytest.approx(-3.01, abs=within)
    assert loudness_lufs(np.repeat(tone, 2, axis=0), rate_hz) == pytest.approx(0.0, abs=within)


@pytest.mark.parametrize("pause", [0.0, 1.0])
def test_gating_equals_pyloudnorm(pause: float) -> None:
    rate = 48_000
    sound = np.concatenate([speech_like(3, rate), np.full(round(pause * 2 * rate), 1e-5, np.float32)])
    stereo = np.stack([sound, 0.3 * sound])
    meter = pyloudnorm.Meter(rate, filter_class="DeMan")
    assert loudness_lufs(stereo, rate) == pytest.approx(meter.integrated_loudness(stereo.T.astype(float)), abs=1e-3)


def test_silence_and_shortness() -> None:
    assert loudness_lufs(np.zeros((1, 16_000), np.float32), 16_000) == -math.inf
    assert math.isfinite(loudness_lufs(speech_like(0.05)[None], 16_000))
    assert loudness_lufs(np.full((1, 16_000), 1e-9, np.float32), 16_000) == -math.inf


def test_matching_gain_makes_them_equally_loud() -> None:
    sound = speech_like()[None]
    quiet = 0.25 * sound
    gain = matching_gain(sound, quiet, 16_000)
    assert gain == pytest.approx(4.0, rel=1e-3)
    assert loudness_lufs(quiet * np.float32(gain), 16_000) == pytest.approx(loudness_lufs(sound, 16_000), abs=1e-3)


def test_matching_gain_is_limited_and_leaves_silence_alone() -> None:
    sound = speech_like()[None]
    assert matching_gain(sound, 0.03 * sound, 16_000, limit_db=20) == pytest.approx(10.0)
    assert matching_gain(sound, 0 * sound, 16_000) == 1.0
