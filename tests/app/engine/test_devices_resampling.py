"""Devices at other rates and channel counts: every sample at its time, in any blocks, after a delay that is said."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from workbench.engine.server.converters import PullConverter, PushConverter
from workbench.engine.server.resampler import LowDelayResampler, SoxrResampler

RATES = (8000, 16_000, 24_000, 44_100, 48_000)
PAIRS = [(a, b) for a in RATES for b in RATES if a != b]
FLAT = 0.84  # of the lower rate's Nyquist frequency


def tones(rate: int, lower: int, seconds: float = 0.5) -> np.ndarray:
    """Tones all over the pass band, as they are at any time: the exact resampling of one rate is that of another."""
    t = np.arange(round(seconds * rate)) / rate
    draw = np.random.default_rng(0)
    hz, phase = np.linspace(0.01, FLAT, 17) * lower / 2, draw.uniform(0, 6, 17)
    return np.sin(2 * np.pi * hz[:, None] * t + phase[:, None]).mean(axis=0)


def ragged(total: int, most: int) -> list[int]:
    """Block sizes, 1 to `most`, that end before `total`."""
    sizes = np.random.default_rng(1).integers(1, most + 1, total)
    return [int(n) for n in sizes[: np.searchsorted(np.cumsum(sizes), total)]]


@pytest.mark.parametrize(("rate", "out_rate"), PAIRS)
def test_every_sample_is_what_the_sound_was_at_its_time(rate: int, out_rate: int) -> None:
    lower = min(rate, out_rate)
    out = LowDelayResampler(rate, out_rate, 1)(tones(rate, lower).astype(np.float32)[None])[0]
    exact = tones(out_rate, lower)[: len(out)]
    begin = round(0.02 * out_rate)  # before the first sample there is silence, which is no tone
    assert np.abs(out - exact)[begin:].max() < 5e-6


@pytest.mark.parametrize(("rate", "out_rate"), PAIRS)
def test_ragged_blocks_are_one_block_and_soxr_says_the_same(rate: int, out_rate: int) -> None:
    lower = min(rate, out_rate)
    sound = tones(rate, lower).astype(np.float32)[None]
    whole = LowDelayResampler(rate, out_rate, 1)(sound)
    pieces, at = [], 0
    convert = LowDelayResampler(rate, out_rate, 1)
    for size in ragged(sound.shape[1], rate // 50):
        pieces.append(convert(sound[:, at : at + size]))
        at += size
        assert 0 < convert.held_s < 42 / lower + 1 / out_rate
    joined = np.concatenate(pieces, axis=1)
    assert joined.shape[1] > 0.4 * out_rate
    assert np.abs(joined - whole[:, : joined.shape[1]]).max() < 1e-6
    other = soxr.resample(sound[0], rate, out_rate, quality="VHQ")
    inside = slice(round(0.03 * out_rate), round(0.4 * out_rate))
    assert np.abs(joined[0, inside] - other[inside]).max() < 1e-4  # soxr's own ripple is larger than ours


@pytest.mark.parametrize(("rate", "out_rate"), PAIRS)
def test_what_is_only_listened_to_is_what_soxr_makes_of_the_whole(rate: int, out_rate: int) -> None:
    sound = tones(rate, min(rate, out_rate)).astype(np.float32)[None]
    pieces, at = [], 0
    convert = SoxrResampler(rate, out_rate, 1)
    for size in ragged(sound.shape[1], rate // 50):
        pieces.append(convert(sound[:, at : at + size]))
        at += size
    joined = np.concatenate(pieces, axis=1)[0]
    assert len(joined) == pytest.approx(out_rate * (at / rate - convert.held_s), abs=1)
    assert np.abs(joined - soxr.resample(sound[0], rate, out_rate, quality="HQ")[: len(joined)]).max() < 1e-6


@pytest.mark.parametrize(("rate", "out_rate"), [pair for pair in PAIRS if pair[0] > pair[1]])
def test_what_the_lower_rate_cannot_hold_does_not_come_back_as_something_else(rate: int, out_rate: int) -> None:
    tone = np.sin(2 * np.pi * 0.51 * out_rate * np.arange(rate // 2) / rate).astype(np.float32)[None]
    out = LowDelayResampler(rate, out_rate, 1)(tone)[0, round(0.02 * out_rate) :]
    assert np.abs(out).max() < 10 ** (-85 / 20)


def test_the_ratio_may_change_without_a_click() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000).astype(np.float32)[None]
    convert = LowDelayResampler(48_000, 48_000, 1)
    out = []
    for turn, at in enumerate(range(0, 48_000, 480)):
        convert.ratio = 1 + (500e-6 if turn % 2 else -500e-6)
        out.append(convert(tone[:, at : at + 480]))
    joined = np.concatenate(out, axis=1)[0, 1000:]
    assert np.abs(np.diff(joined, 2)).max() < 1.05 * (2 * np.pi * 440 / 48_000) ** 2


class Tape:
    """Endless sound that is pulled from: `[channels, n]`, each channel another tone."""

    def __init__(self, rate: int, channels: int) -> None:
        t = np.arange(rate) / rate
        self.sound = np.stack([np.sin(2 * np.pi * 200 * (1 + channel) * t) for channel in range(channels)])
        self.at = 0

    def __call__(self, count: int) -> np.ndarray:
        self.at += count
        return self.sound[:, self.at - count : self.at].astype(np.float32)


@pytest.mark.parametrize("low_delay", [True, False])
@pytest.mark.parametrize(("rate", "out_rate"), [(16_000, 44_100), (24_000, 48_000), (44_100, 24_000), (48_000, 8000)])
@pytest.mark.parametrize(("channels", "out_channels"), [(1, 1), (1, 2), (2, 1), (1, 6), (2, 6), (6, 2)])
def test_a_loudspeaker_pulls_at_its_own_rate(
    rate: int, out_rate: int, channels: int, out_channels: int, low_delay: bool
) -> None:
    tape = Tape(rate, channels)
    convert = PullConverter(tape, rate, out_rate, channels, out_channels, low_delay)
    pieces = []
    for size in ragged(round(0.4 * out_rate), out_rate // 40):
        pieces.append(convert(size))
        assert pieces[-1].shape == (out_channels, size)
        given = sum(piece.shape[1] for piece in pieces)
        assert convert.held_s == pytest.approx(tape.at / rate - given / out_rate, abs=1e-9)
        assert not low_delay or convert.held_s < 50 / min(rate, out_rate) + 2 / rate
    out = np.concatenate(pieces, axis=1)
    wanted = Tape(out_rate, channels).sound
    wanted = wanted[:out_channels] if channels >= out_channels > 1 else wanted.mean(axis=0, keepdims=True)
    wanted = np.broadcast_to(wanted, (out_channels, out_rate)) if channels != out_channels else wanted
    inside = slice(round(0.05 * out_rate), out.shape[1])
    assert np.abs(out[:, inside] - wanted[:, inside]).max() < 1e-4


@pytest.mark.parametrize(("rate", "out_rate"), [(44_100, 16_000), (48_000, 24_000), (16_000, 44_100), (8000, 48_000)])
@pytest.mark.parametrize(("channels", "out_channels"), [(1, 1), (1, 2), (2, 1), (6, 1), (6, 2)])
def test_a_microphone_pushes_at_its_own_rate(rate: int, out_rate: int, channels: int, out_channels: int) -> None:
    tape, pieces = Tape(rate, channels), []
    convert = PushConverter(pieces.append, rate, out_rate, out_channels)
    for size in ragged(round(0.4 * rate), rate // 40):
        convert(tape(size))
        given = sum(piece.shape[1] for piece in pieces)
        assert convert.held_s == pytest.approx(tape.at / rate - given / out_rate, abs=1e-9)
    out = np.concatenate(pieces, axis=1)
    wanted = Tape(out_rate, channels).sound
    wanted = wanted[:out_channels] if channels >= out_channels > 1 else wanted.mean(axis=0, keepdims=True)
    inside = slice(round(0.05 * out_rate), out.shape[1])
    assert np.abs(out[:, inside] - wanted[:, inside]).max() < 1e-4


def test_the_same_rate_is_passed_on_to_the_bit() -> None:
    tape, pieces = Tape(16_000, 1), []
    push = PushConverter(pieces.append, 16_000, 16_000, 2)
    push(tape(100))
    assert np.array_equal(pieces[0], np.repeat(Tape(16_000, 1)(100), 2, axis=0)) and push.held_s == 0
    pull = PullConverter(Tape(16_000, 1), 16_000, 16_000, 1, 2)
    assert np.array_equal(pull(100), pieces[0])
