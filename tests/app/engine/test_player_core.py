"""The player, sample by sample, without a device."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.app.engine.played import FADE, LENGTH, RATE, UP, heard
from workbench.engine.memory import Status
from workbench.engine.server.player_core import PlayerCore


def test_it_starts_with_a_ramp_and_then_plays_the_samples_themselves(core: PlayerCore, buffers: list) -> None:
    core.post(core.play)
    out = heard(core, 1000)
    np.testing.assert_allclose(out[:FADE], buffers[0][0, :FADE] * UP, atol=1e-6)
    assert np.array_equal(out[FADE:], buffers[0][0, FADE:1000])


@pytest.mark.parametrize("block", [1, 16, 37, 480])
def test_a_sighted_switch_is_a_cross_fade_at_the_same_sample(core: PlayerCore, buffers: list, block: int) -> None:
    core.post(core.play)
    heard(core, 480, block)
    core.post(partial(core.select, 2, False))
    out = heard(core, 480, block)
    old, new = buffers[0][0, 480:960], buffers[2][0, 480:960]
    np.testing.assert_allclose(out[:FADE], old[:FADE] * (1 - UP) + new[:FADE] * UP, atol=1e-6)
    assert np.array_equal(out[FADE:], new[FADE:])


def test_a_blind_switch_goes_out_and_then_in(core: PlayerCore, buffers: list) -> None:
    core.post(core.play)
    heard(core, 400)
    core.post(partial(core.select, 1, True))
    out = heard(core, 400)
    old, new = buffers[0][0, 400:800], buffers[1][0, 400:800]
    np.testing.assert_allclose(out[:FADE], old[:FADE] * (1 - UP), atol=1e-6)
    np.testing.assert_allclose(out[FADE : 2 * FADE], new[FADE : 2 * FADE] * UP, atol=1e-6)
    assert np.array_equal(out[2 * FADE :], new[2 * FADE :])


@pytest.mark.parametrize("block", [7, 64, 1000])
def test_a_loop_is_exact_to_the_sample(core: PlayerCore, buffers: list, block: int) -> None:
    core.post(partial(core.loop, 500, 731))
    core.post(core.play)
    out = heard(core, 1500, block)
    expected = np.tile(buffers[0][0, 500:731], 8)[:1500].copy()
    expected[:FADE] *= UP
    np.testing.assert_allclose(out, expected, atol=1e-6)


def test_a_switch_in_a_loop_keeps_the_place(core: PlayerCore, buffers: list) -> None:
    core.post(partial(core.loop, 100, 200))
    core.post(core.play)
    heard(core, 250)
    core.post(partial(core.select, 1, False))
    out = heard(core, 300)
    expected = np.tile(buffers[1][0, 100:200], 6)[50:350]
    assert np.array_equal(out[FADE:], expected[FADE:])


def test_pause_and_seek_do_not_click(core: PlayerCore, buffers: list, status: Status) -> None:
    core.post(core.play)
    heard(core, 300)
    core.post(core.pause)
    out = heard(core, 200)
    np.testing.assert_allclose(out[:FADE], buffers[0][0, 300:380] * (1 - UP), atol=1e-6)
    assert not out[FADE:].any()
    assert (status["position"], status["playing"]) == (300, 0)
    core.post(core.play)
    heard(core, 200)
    core.post(partial(core.seek, 2000))
    out = heard(core, 200)
    mixed = buffers[0][0, 500:580] * (1 - UP) + buffers[0][0, 2000:2080] * UP
    np.testing.assert_allclose(out[:FADE], mixed, atol=1e-6)
    assert np.array_equal(out[FADE:], buffers[0][0, 2080:2200])
    assert status["position"] == 2200


def test_a_depth_that_is_not_there_yet_is_heard_when_it_comes(
    status: Status, buffers: list[NDArray[np.float32]]
) -> None:
    core = PlayerCore(status)
    core.open(buffers[0], RATE)
    core.post(core.play)
    core.post(partial(core.select, 1, False))
    out = heard(core, 400)
    assert np.array_equal(out[FADE:], buffers[0][0, FADE:400]) and status["depth"] == 0
    core.post(partial(core.add, 1, buffers[1]))
    out = heard(core, 400)
    assert np.array_equal(out[FADE:], buffers[1][0, 400 + FADE : 800]) and status["depth"] == 1


def test_the_end_fades_counts_and_the_next_play_begins_at_the_start(
    core: PlayerCore, buffers: list, status: Status
) -> None:
    core.post(partial(core.seek, LENGTH - 500))
    core.post(core.play)
    out = heard(core, 700)
    assert np.array_equal(out[FADE : 500 - FADE], buffers[0][0, LENGTH - 500 + FADE : LENGTH - FADE])
    np.testing.assert_allclose(out[500 - FADE : 500], buffers[0][0, -FADE:] * (1 - UP), atol=1e-6)
    assert not out[500:].any()
    assert (core.ends, status["position"], status["playing"]) == (1, LENGTH, 0)
    core.post(core.play)
    assert np.array_equal(heard(core, 200)[FADE:], buffers[0][0, FADE:200])


def test_volume_moves_without_a_jump(core: PlayerCore, buffers: list) -> None:
    core.post(core.play)
    heard(core, 200)
    core.post(partial(core.volume, 0.5))
    out = core.render(400)[0]
    gain = out / buffers[0][0, 200:600]
    assert np.abs(np.diff(gain)).max() < 0.01
    assert np.allclose(core.render(100)[0], buffers[0][0, 600:700] * 0.5)


def test_another_clip_stops_and_forgets_the_loop(core: PlayerCore, buffers: list, status: Status) -> None:
    core.post(partial(core.loop, 100, 200))
    core.post(partial(core.select, 2, False))
    core.post(core.play)
    heard(core, 300)
    core.post(partial(core.open, buffers[1], RATE))
    out = heard(core, 300)
    assert not out[FADE:].any()
    assert (status["position"], status["playing"], status["depth"], status["loop_end"]) == (0, 0, 0, 0)
    core.post(partial(core.add, 2, buffers[0]))
    assert status["depth"] == 0
    heard(core, 10)
    assert status["depth"] == 2, "the depth that was chosen stays chosen"


def test_stereo_and_a_very_short_clip(status: Status) -> None:
    core = PlayerCore(status)
    short = np.full((2, 30), 0.5, np.float32)
    core.open(short, RATE)
    core.post(core.play)
    out = core.render(400)
    assert out.shape == (2, 400)
    assert out[:, :30].any() and not out[:, 30 + FADE :].any()
    assert core.ends == 1 and not core.playing
