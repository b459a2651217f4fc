"""Short sounds beside the clip, buffers that are replaced, and differences, sample by sample."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from tests.app.engine.played import FADE, LENGTH, RATE, UP, heard
from workbench.engine.memory import Status
from workbench.engine.server.player_core import PlayerCore
from workbench.state.mixed import Mixed


@pytest.mark.parametrize("block", [1, 37, 480])
def test_a_moment_is_heard_once_with_ramps_and_the_cursor_stays(
    core: PlayerCore, buffers: list, status: Status, block: int
) -> None:
    core.post(partial(core.seek, 3000))
    core.post(partial(core.once, 500, 1500, 1))
    out = heard(core, 1600, block)
    wanted = buffers[1][0, 500:1500].copy()
    wanted[:FADE] *= UP
    wanted[-FADE:] *= UP[::-1]
    np.testing.assert_allclose(out[:1000], wanted, atol=1e-6)
    assert not out[1000:].any()
    assert (status["position"], status["playing"]) == (3000, 0)
    assert not core.playing and not core.ends


def test_what_plays_waits_and_goes_on_where_it_was(core: PlayerCore, buffers: list, status: Status) -> None:
    core.post(core.play)
    heard(core, 320, 40)
    core.post(partial(core.aside, np.zeros((1, 400), np.float32), 0, 400))
    out = heard(core, 400, 40)
    np.testing.assert_allclose(out[:FADE], buffers[0][0, 320:400] * (1 - UP), atol=1e-6)
    assert not out[FADE:].any() and status["position"] == 320
    assert status["playing"] == 1, "for who looks it still plays"
    out = heard(core, 400, 40)
    np.testing.assert_allclose(out[:FADE], buffers[0][0, 320:400] * UP, atol=1e-6)
    assert np.array_equal(out[FADE:], buffers[0][0, 400:720])


def test_a_newer_moment_takes_the_place_of_the_one_before_without_a_click(core: PlayerCore) -> None:
    ones = np.ones((1, 2000), np.float32)
    core.post(partial(core.aside, ones, 0, 2000))
    heard(core, 500)
    core.post(partial(core.aside, ones, 0, 1000))
    out = heard(core, 1200)
    assert np.abs(np.diff(out)).max() < 1.5 / FADE
    np.testing.assert_allclose(out[:FADE], 1.0, atol=1e-6)  # one goes as the other comes
    assert not out[1000:].any()


def test_pause_ends_it_and_nothing_is_resumed(core: PlayerCore, status: Status) -> None:
    core.post(core.play)
    heard(core, 200)
    core.post(partial(core.aside, np.ones((1, 3000), np.float32), 0, 3000))
    heard(core, 200)
    core.post(core.pause)
    out = heard(core, 600)
    assert out[0] > 0.9 and not out[FADE + 37 :].any()
    assert status["playing"] == 0 and not core.playing


def test_a_moment_of_a_take_that_is_not_there_is_heard_when_it_comes(core: PlayerCore, buffers: list) -> None:
    core.post(partial(core.once, 100, 400, 7))
    assert not heard(core, 200).any()
    core.post(partial(core.add, 7, buffers[2]))
    out = heard(core, 400)
    assert np.array_equal(out[FADE : 300 - FADE], buffers[2][0, 100 + FADE : 400 - FADE])
    core.post(partial(core.add, 7, buffers[2]))
    assert not heard(core, 200).any(), "once"


def test_a_moment_beyond_the_end_and_of_another_clip_is_silence(core: PlayerCore, buffers: list) -> None:
    core.post(partial(core.once, LENGTH - 50, LENGTH + 900, 0))
    out = heard(core, 300)
    assert out[:50].any() and not out[50:].any()
    core.post(partial(core.once, 0, 2000, 0))
    heard(core, 100)
    core.post(partial(core.open, np.zeros((2, 500), np.float32), RATE))
    core.render(10)
    assert core.render(300).shape == (2, 300) and not core.render(300).any()


def test_a_buffer_that_is_replaced_while_it_is_heard_is_cross_faded(core: PlayerCore, buffers: list) -> None:
    core.post(partial(core.select, 1, False))
    core.post(core.play)
    heard(core, 400)
    core.post(partial(core.add, 1, buffers[2]))
    out = heard(core, 400)
    old, new = buffers[1][0, 400:800], buffers[2][0, 400:800]
    np.testing.assert_allclose(out[:FADE], old[:FADE] * (1 - UP) + new[:FADE] * UP, atol=1e-6)
    assert np.array_equal(out[FADE:], new[FADE:])


def test_a_take_that_is_removed_gives_way_to_the_original(core: PlayerCore, buffers: list, status: Status) -> None:
    core.post(partial(core.select, 1, False))
    core.post(core.play)
    heard(core, 400)
    core.post(partial(core.remove, 1))
    assert np.array_equal(heard(core, 400)[FADE:], buffers[0][0, 400 + FADE : 800])
    assert status["depth"] == 0
    core.post(partial(core.remove, 99))
    heard(core, 10)


@pytest.mark.parametrize("block", [37, 480])
def test_a_difference_plays_loops_and_switches_like_any_buffer(core: PlayerCore, buffers: list, block: int) -> None:
    difference = buffers[0] - buffers[1]
    core.post(partial(core.add, 2001, Mixed([(buffers[0], 1.0), (buffers[1], -1.0)])))
    core.post(partial(core.loop, 500, 731))
    core.post(partial(core.select, 2001, False))
    core.post(core.play)
    out = heard(core, 1500, block)
    expected = np.tile(difference[0, 500:731], 8)[:1500].copy()
    expected[:FADE] *= UP
    np.testing.assert_allclose(out, expected, atol=1e-6)


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_a_thousand_random_switches_and_moments_never_click(status: Status, seed: int) -> None:
    """Every buffer is a constant, so each step beyond that of a ramp would be a click."""
    draw = np.random.default_rng(seed)
    length = 200_000
    levels = {number: 0.1 * (number + 1) for number in range(5)}
    arrays = {number: np.full((1, length), level, np.float32) for number, level in levels.items()}
    core = PlayerCore(status)
    core.open(arrays[0], RATE)
    for number, array in arrays.items():
        core.add(number, array)
    core.add(2004, Mixed([(arrays[0], 1.0), (arrays[4], -1.0)]))
    levels[2004] = levels[0] - levels[4]
    core.post(partial(core.loop, 100, length - 100))
    core.post(core.play)
    pieces = []
    for _ in range(1000):
        number = int(draw.choice(list(levels)))
        what = draw.integers(0, 12)
        if what == 0:
            core.post(partial(core.once, 1000, 1000 + int(draw.integers(2 * FADE, 900)), number))
        elif what == 1:
            core.post(partial(core.seek, int(draw.integers(0, length))))
        else:
            core.post(partial(core.select, number, bool(draw.integers(0, 2))))
        pieces += [core.render(int(draw.integers(1, 500)))[0] for _ in range(int(draw.integers(1, 4)))]
        if draw.integers(0, 40) == 0:
            pieces += [core.render(400)[0] for _ in range(6)]
            assert pieces[-1] == pytest.approx(levels[int(status["depth"])], abs=1e-6)
    heard_all = np.concatenate(pieces)
    assert np.abs(np.diff(heard_all)).max() < 2.0 / FADE
