"""The ladder in the engine: what the library computes, for any length, and the sound of what is left over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from speefeare_core import audio, load_codec
from speefeare_core.codec import Codec
from speefeare_core.evaluation.ladder_rows import row_energies
from speefeare_core.evaluation.mean_pyramid import split_levels
from tests.app.engine.harness import Talk, speech_file
from tests.core.lyra_folder import lyra_folder
from tests.core.small_mimi import small_codec as small_mimi
from tests.core.small_seanet import SEGMENTS, small_encodec
from tests.core.small_snac import small_snac
from tests.core.speech import speech_like
from tests.core.test_book_energies import MAKERS
from tests.core.tiny_codec import TinyCodec
from tests.core.tiny_kinds import TinyAhead, TinyHeld
from workbench.engine import protocol
from workbench.engine.server.left_over import decode_left_over
from workbench.engine.topics.ladder import LadderReady, WantLadder
from workbench.state.derived_takes import number_of


def ready(talk: Talk) -> LadderReady:
    """The last word on the ladder."""
    found = [event for event in talk.ask(WantLadder()) if isinstance(event, LadderReady)]
    return found[-1]


def test_rows_are_those_of_the_library(talk: Talk, tmp_path: Path) -> None:
    path = speech_file(tmp_path, 20.0)
    talk.ask(protocol.ProcessClip(str(path)))
    event = ready(talk)
    codec = TinyCodec()
    wanted = row_energies(codec, codec.encode(torch.from_numpy(audio.read(path).samples[None])))
    assert wanted is not None and event.rows == wanted.rows and event.energies is not None
    energies = talk.client.array(event.energies)
    assert event.frames_done == len(energies) == wanted.energies.shape[1]
    np.testing.assert_allclose(energies.T, wanted.energies, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(event.means, wanted.energies.mean(axis=1), rtol=1e-4)
    assert event.levels is not None
    (level,) = split_levels(talk.client.array(event.levels), len(energies))
    np.testing.assert_allclose(level[0], energies[:4].mean(axis=0), rtol=1e-5)
    assert event.parts.added and event.parts.residual and not event.parts.alone


def test_what_is_left_over_can_be_heard(talk: Talk, tmp_path: Path) -> None:
    path = speech_file(tmp_path, 1.0)
    talk.ask(protocol.ProcessClip(str(path)))
    number = number_of("residual", 2)
    rendered = next(event for event in talk.ask(protocol.WantDepth(number)) if isinstance(event, protocol.RenderReady))
    assert rendered.depth == number and rendered.bitrate_kbps == 0
    heard = talk.client.array(rendered.audio) / 10 ** (rendered.gain_db / 20)
    codec = TinyCodec()
    encoded = codec.encode(torch.from_numpy(audio.read(path).samples[None]))
    left = codec.remainder(encoded, 2)
    assert left is not None
    wanted = codec.decode_latents(left, encoded.length_samples)[0].numpy()
    np.testing.assert_allclose(heard, wanted, atol=1e-5)
    assert "so none is number 9" in talk.refused(protocol.WantDepth(number_of("residual", 9)))


@pytest.mark.parametrize(
    ("source", "words"), [("identity:16000", "nothing is quantised"), ("mulaw:8", "does not show the latents")]
)
def test_codecs_without_a_ladder_say_why(source: str, words: str, talk: Talk, tmp_path: Path) -> None:
    talk.ask(protocol.LoadCodec(source, "cpu"))
    talk.ask(protocol.ProcessClip(str(speech_file(tmp_path, 0.3))))
    event = ready(talk)
    assert event.rows == () and event.energies is None and words in " ".join(event.words)


@pytest.mark.parametrize("samples", [np.zeros(3000), np.full(1, 0.5), np.full(5, 0.5)], ids=["silence", "one", "five"])
def test_hardly_anything_is_a_ladder_too(samples: np.ndarray, talk: Talk, tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    audio.write(path, audio.Audio(samples[None].astype(np.float32), 16_000))
    talk.ask(protocol.ProcessClip(str(path)))
    event = ready(talk)
    assert len(event.rows) == 5 and event.frames_done >= 1 and np.isfinite(event.means).all()


def test_without_a_clip_it_is_one_sentence(talk: Talk) -> None:
    assert "no open clip" in talk.refused(WantLadder())


KINDS: dict[str, Callable[[], Codec]] = {
    "default": lambda: load_codec("default", "cpu"),
    "split": small_mimi,
    "rates": small_snac,
    "segments": lambda: small_encodec(3, **SEGMENTS),
    "factorised": MAKERS["dac"],
    "held back": TinyHeld,
    "side": lambda: TinyAhead("side"),
    "lyra": lambda: load_codec(lyra_folder(), "cpu"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_piece_by_piece_is_the_same_as_at_once(kind: str) -> None:
    codec = KINDS[kind]()
    info = codec.info
    sound = speech_like(1.3, info.rate_hz)[None].repeat(info.channels, axis=0)
    out = np.zeros_like(sound)
    for _ in decode_left_over(codec, sound, 1, out, lambda done, total: None):
        pass
    encoded = codec.encode(torch.from_numpy(sound[None]))
    left = codec.remainder(encoded, 1)
    assert left is not None
    wanted = codec.decode_latents(left, sound.shape[1], side=encoded.side)[0].numpy()
    np.testing.assert_allclose(out, wanted, atol=1e-4)
