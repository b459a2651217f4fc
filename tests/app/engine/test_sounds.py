"""Sounds compared beside the clip: sample by sample, and through a real engine with and without a clip."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.app.engine.harness import Talk, speech_file
from tests.app.engine.played import FADE, RATE, heard
from workbench.engine import protocol
from workbench.engine.memory import Status
from workbench.engine.server.deck import Deck
from workbench.engine.server.player_core import PlayerCore
from workbench.engine.topics.sounds import HearSound, PlaySounds, SeekSounds, SoundsEnded, SoundsReady, StopSounds


def _levels(*values: float, length: int = 2000) -> list[np.ndarray]:
    return [np.full((1, length), value, np.float32) for value in values]


def _play(core: PlayerCore, deck: Deck, count: int, block: int = 37) -> np.ndarray:
    core.post(partial(core.beside, deck))
    return heard(core, count, block)


@pytest.mark.parametrize("block", [1, 37, 480])
def test_the_one_that_is_heard_comes_with_ramps_and_ends(core: PlayerCore, block: int) -> None:
    deck = Deck(_levels(0.5, 0.25), 1, 0, False, FADE)
    out = _play(core, deck, 2400, block)
    assert out[FADE + 40 : 2000 - FADE].tolist() == pytest.approx([0.25] * (2000 - 2 * FADE - 40))
    assert np.abs(np.diff(out)).max() < 0.5 / FADE and not out[2000:].any()
    assert deck.ended and not core.keeps(deck) and not core.playing


@pytest.mark.parametrize("block", [1, 37, 480])
def test_a_switch_is_a_cross_fade_at_the_same_sample(core: PlayerCore, block: int) -> None:
    ramp = (np.arange(2000) / 4000).astype(np.float32)[None]
    deck = Deck([ramp, ramp + 0.25], 0, 0, False, FADE)
    _play(core, deck, 480, block)
    core.post(partial(deck.select, 1))
    out = heard(core, 480, block)
    np.testing.assert_allclose(out[FADE:], ramp[0, 480 + FADE : 960] + 0.25, atol=1e-6)
    assert np.abs(np.diff(out)).max() < 0.3 / FADE
    core.post(partial(deck.select, 7))
    np.testing.assert_allclose(heard(core, 100, block), ramp[0, 960:1060] + 0.25, atol=1e-6)


def test_a_loop_goes_round_without_a_click_and_stops(core: PlayerCore) -> None:
    deck = Deck(_levels(0.5), 0, 1900, True, FADE)
    out = _play(core, deck, 5000)
    assert np.abs(np.diff(out)).max() < 1.0 / FADE
    assert out[500:1000].tolist() == pytest.approx([0.5] * 500)
    deck.stop()
    out = heard(core, 200)
    assert not out[FADE + 1 :].any() and deck.ended


def test_seeking_is_silent_for_a_moment_and_then_elsewhere(core: PlayerCore) -> None:
    ramp = (np.arange(2000) / 4000).astype(np.float32)[None]
    deck = Deck([ramp], 0, 0, False, FADE)
    _play(core, deck, 200)
    core.post(partial(deck.seek, 1500))
    out = heard(core, 400)
    assert np.abs(np.diff(out)).max() < 1.0 / FADE
    assert 0.37 < out[FADE * 2 + 40] < 0.42 and not deck.ended


def test_the_clip_waits_and_goes_on(core: PlayerCore, buffers: list, status: Status) -> None:
    core.post(core.play)
    heard(core, 320, 40)
    _play(core, Deck(_levels(0.0, length=400), 0, 0, False, FADE), 400, 40)
    assert status["position"] == 320 and status["playing"] == 1
    out = heard(core, 400, 40)
    assert np.array_equal(out[FADE:], buffers[0][0, 320 + FADE : 720])


@pytest.mark.parametrize("seed", [1, 5])
def test_random_switches_seeks_and_loops_never_click(core: PlayerCore, seed: int) -> None:
    draw = np.random.default_rng(seed)
    deck = Deck(_levels(0.1, 0.3, 0.5, length=3000), 0, 0, True, FADE)
    core.post(partial(core.beside, deck))
    pieces = []
    for _ in range(400):
        what = int(draw.integers(0, 6))
        core.post(partial(deck.seek, int(draw.integers(0, 3000))) if what == 5 else partial(deck.select, what % 3))
        pieces.append(heard(core, int(draw.integers(1, 500)), int(draw.integers(1, 200))))
    assert np.abs(np.diff(np.concatenate(pieces))).max() < 2.0 / FADE


# -- through a real engine ----------------------------------------------------------------------------------------
def _three(folder: Path) -> tuple[str, ...]:
    original = speech_file(folder, 0.6, name="original.wav")
    samples, _ = soundfile.read(original, dtype="float32")
    for name, gain in (("a", 0.5), ("b", 2.0)):
        soundfile.write(folder / f"{name}.wav", samples * gain, RATE, subtype="FLOAT")
    return tuple(str(folder / f"{name}.wav") for name in ("original", "a", "b"))


def test_sounds_play_without_a_clip_matched_and_end(talk: Talk, tmp_path: Path) -> None:
    number = talk.client.send(PlaySounds(_three(tmp_path), heard=1))
    ready = talk.next(SoundsReady, number)
    assert ready.length_s == pytest.approx(0.6) and ready.gains_db == pytest.approx((0.0, 6.02, -6.02), abs=0.1)
    talk.ask(HearSound(2))
    talk.next(SoundsEnded, number)
    assert talk.client.player_status is not None and talk.client.player_status["sounds_s"] == pytest.approx(
        0.6, abs=0.05
    )


def test_a_loop_is_moved_stopped_and_replaced(talk: Talk, tmp_path: Path) -> None:
    paths = _three(tmp_path)
    first = talk.client.send(PlaySounds(paths, loop=True, match=False))
    assert talk.next(SoundsReady, first).gains_db == (0.0, 0.0, 0.0)
    second = talk.client.send(PlaySounds(paths[:1], loop=True, start_s=0.3))
    talk.next(SoundsReady, second)
    talk.next(SoundsEnded, first)
    talk.ask(SeekSounds(0.1))
    talk.ask(StopSounds())
    talk.next(SoundsEnded, second)
    talk.ask(StopSounds())


def test_with_a_clip_of_another_rate_and_when_the_clip_is_played(talk: Talk, tmp_path: Path) -> None:
    clip = speech_file(tmp_path, 1.0, 22_050, "clip22.wav")
    talk.ask(protocol.ProcessClip(str(clip)))
    number = talk.client.send(PlaySounds(_three(tmp_path), loop=True))
    assert talk.next(SoundsReady, number).length_s == pytest.approx(0.6, abs=1e-3)
    talk.ask(protocol.Play())
    talk.next(SoundsEnded, number)
    talk.ask(protocol.Pause())


def test_a_file_that_is_not_there_is_named(talk: Talk, tmp_path: Path) -> None:
    assert "missing.wav" in talk.refused(PlaySounds((str(tmp_path / "missing.wav"),)))
    assert "no sound" in talk.refused(PlaySounds(()))
