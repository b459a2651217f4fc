"""The gain around lost frames: how fast, how smooth, and the same for every chunking."""

from __future__ import annotations

import numpy as np
import pytest

from speefeare_core.channel.conceal import EDGE_S, FADE_S, RETURN_S, Concealer

HOP, RATE_HZ = 320, 16_000  # frames of 20 ms


def frames(*runs: tuple[int, bool]) -> np.ndarray:
    return np.concatenate([np.full(count, lost) for count, lost in runs])


def gain_of(lost: np.ndarray, conceal: bool = True) -> np.ndarray:
    gain = Concealer(HOP, RATE_HZ).gain(lost, conceal)
    assert gain is not None and gain.shape == (len(lost) * HOP,)
    return gain


def test_nothing_lost_is_nothing_to_do() -> None:
    concealer = Concealer(HOP, RATE_HZ)
    assert all(concealer.gain(np.zeros(3, bool), conceal) is None for conceal in (True, False, True))


def test_what_is_lost_fades_in_100_ms_and_comes_back_in_5() -> None:
    gain = gain_of(frames((1, False), (10, True), (2, False)))
    start, stop = HOP, 11 * HOP
    fade, back = round(FADE_S * RATE_HZ), round(RETURN_S * RATE_HZ)
    assert (gain[:start] == 1).all()
    assert (np.diff(gain[start : start + fade]) <= 0).all() and gain[start + fade // 2] == pytest.approx(0.5, abs=0.01)
    assert (gain[start + fade : stop] == 0).all()
    assert (np.diff(gain[stop : stop + back]) >= 0).all() and (gain[stop + back :] == 1).all()


def test_without_concealment_the_hole_is_silent_with_short_edges() -> None:
    gain = gain_of(frames((1, False), (2, True), (1, False)), conceal=False)
    edge = round(EDGE_S * RATE_HZ)
    assert (gain[HOP + edge : 3 * HOP] == 0).all() and 0 < gain[HOP + edge // 2] < 1
    assert (gain[3 * HOP + edge :] == 1).all()


def test_a_short_loss_does_not_reach_silence() -> None:
    gain = gain_of(frames((1, False), (1, True), (1, False)))
    assert 0.8 < gain.min() < 1 and gain[-1] == 1


@pytest.mark.parametrize("conceal", [True, False])
def test_no_step_of_the_gain_is_a_click(conceal: bool) -> None:
    lost = np.random.default_rng(0).random(300) < 0.4
    gain = gain_of(lost, conceal)
    steepest = np.pi / 2 / (RATE_HZ * (RETURN_S if conceal else EDGE_S))
    assert np.abs(np.diff(gain)).max() <= steepest * 1.01
    assert np.isfinite(gain).all() and gain.min() >= 0 and gain.max() <= 1


def test_before_anything_arrived_there_is_silence() -> None:
    gain = gain_of(frames((2, True), (2, False)))
    assert (gain[: 2 * HOP] == 0).all() and gain[-1] == 1


@pytest.mark.parametrize("size", [1, 7, 64])
def test_the_chunking_does_not_matter(size: int) -> None:
    lost = np.random.default_rng(1).random(200) < 0.5
    whole, concealer = gain_of(lost), Concealer(HOP, RATE_HZ)
    parts = []
    for start in range(0, len(lost), size):
        part = lost[start : start + size]
        gain = concealer.gain(part, True)
        parts.append(np.ones(len(part) * HOP, np.float32) if gain is None else gain)
    assert np.array_equal(np.concatenate(parts), whole)


def test_the_state_goes_on_elsewhere() -> None:
    lost = np.random.default_rng(2).random(60) < 0.5
    whole, one, other = gain_of(lost), Concealer(HOP, RATE_HZ), Concealer(HOP, RATE_HZ)
    one.gain(lost[:31], True)
    other.set_state(one.get_state())
    gain = other.gain(lost[31:], True)
    assert gain is not None and np.array_equal(gain, whole[31 * HOP :])
