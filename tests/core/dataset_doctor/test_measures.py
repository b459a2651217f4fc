"""Measures of single clips, against what was put in, and whatever the blocks are."""

from __future__ import annotations

import numpy as np
import pytest

from speefeare_core.audio import Samples
from speefeare_core.dataset_doctor.loudness_meter import LoudnessMeter
from speefeare_core.dataset_doctor.measures import measure
from speefeare_core.levels import loudness_lufs
from tests.core.dataset_doctor.bad_set import RATE, narrow, speech


def blocks(samples: Samples, size: int) -> list[Samples]:
    whole = np.atleast_2d(samples)
    return [whole[:, start : start + size] for start in range(0, whole.shape[1], size)]


@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100])
@pytest.mark.parametrize("size", [137, 4096, 10**6])
def test_loudness_block_by_block_is_that_of_the_whole(rate_hz: int, size: int) -> None:
    quiet_end = np.concatenate([speech(1, 2.0, rate_hz), 0.01 * speech(2, 1.0, rate_hz)])
    for samples in (quiet_end[None], np.stack([quiet_end, 0.5 * quiet_end]), quiet_end[None, : rate_hz // 5]):
        meter = LoudnessMeter(rate_hz, samples.shape[0])
        for block in blocks(samples, size):
            meter.add(block)
        assert meter.loudness_lufs() == pytest.approx(loudness_lufs(samples, rate_hz), abs=0.01)


def test_silence_has_no_loudness() -> None:
    assert measure([np.zeros((1, RATE), np.float32)], RATE, 1).loudness_lufs == -np.inf
    assert measure([np.zeros((1, 10), np.float32)], RATE, 1).silent_share == 1.0


def test_measures_do_not_hang_on_the_blocks() -> None:
    sound = np.concatenate([np.zeros(RATE, np.float32), np.clip(20 * speech(3), -0.5, 0.5), np.zeros(RATE, np.float32)])
    one, many = measure(blocks(sound, 10**6), RATE, 1), measure(blocks(sound, 1024 * 3), RATE, 1)
    assert many.content == one.content and many.print == one.print
    assert many.lead_s == one.lead_s == pytest.approx(1.0, abs=0.03)
    assert many.tail_s == one.tail_s == pytest.approx(1.0, abs=0.15)
    assert many.clipped_share == pytest.approx(one.clipped_share, rel=0.02) and one.flat_tops > 100
    assert many.peak == one.peak == 0.5
    assert many.dc == pytest.approx(one.dc)


def test_tops_are_flat_where_they_were_cut_and_nowhere_else() -> None:
    time = np.arange(RATE) / RATE
    tone = (0.8 * np.sin(2 * np.pi * 100 * time)).astype(np.float32)
    rounded = np.round(tone * 32767).astype(np.float32) / 32768
    assert measure([rounded[None]], RATE, 1).clipped_share < 0.02
    noise = np.round(speech(1) * 32767).astype(np.float32) / 32768
    assert measure([noise[None]], RATE, 1).flat_tops == 0
    cut = measure([np.clip(tone, -0.7, 0.7)[None]], RATE, 1)
    share = float((np.abs(tone) >= 0.7).mean())
    assert cut.clipped_share == pytest.approx(share, rel=0.1) and cut.flat_tops == 200


def test_bandwidth_is_where_the_sound_ends() -> None:
    assert measure([speech(1)[None]], RATE, 1).bandwidth_hz > 7500
    assert measure([narrow(1)[None]], RATE, 1).bandwidth_hz == pytest.approx(3400, abs=250)


@pytest.mark.parametrize(("kind", "other"), [("same", 1.0), ("stereo", 0.4), ("cancels", -1.0), ("one_silent", 0.0)])
def test_channels_are_told_apart(kind: str, other: float) -> None:
    one = speech(1)
    assert measure([np.stack([one, np.float32(other) * one])], RATE, 2).channel_kind == kind


def test_a_fingerprint_survives_gain_and_tells_clips_apart() -> None:
    def bits(samples: Samples) -> np.ndarray:
        return np.unpackbits(np.frombuffer(measure([samples[None]], RATE, 1).print, np.uint8))

    one = bits(speech(1, 4.0))
    assert len(one) == 128
    noisy = 0.25 * speech(1, 4.0) + 1e-4 * np.random.default_rng(0).standard_normal(4 * RATE).astype(np.float32)
    assert (one != bits(noisy)).sum() <= 7
    assert (one != bits(speech(2, 4.0))).sum() > 30
    assert measure([np.zeros((1, RATE), np.float32)], RATE, 1).print == b""
