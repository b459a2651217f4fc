"""Takes beyond a codec's own: differences, books alone, edits; what is dropped and made again."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from speefeare_core.audio import read
from speefeare_core.codec import Codec
from speefeare_core.codecs import FAMILIES
from speefeare_core.errors import SpeefeareError
from tests.app.engine.checks import of
from tests.app.engine.harness import Talk, speech_file
from tests.app.engine.one_clip import OneClip, finished
from tests.core.tiny_codec import TinyCodec
from tests.core.tiny_kinds import KINDS, TinyAhead, TinyHeld, kind_file
from workbench.engine import protocol as p
from workbench.engine.server import clip as clip_module
from workbench.engine.server.edited_source import EditedCodes
from workbench.engine.topics.takes import DifferenceReady, RenderDropped
from workbench.state.derived_takes import number_of, terms_of
from workbench.state.mixed import Mixed


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    for family in KINDS:
        monkeypatch.setitem(FAMILIES, family.key, family)


@pytest.fixture
def one(tmp_path: Path) -> Iterator[OneClip]:
    made = OneClip(TinyAhead(), speech_file(tmp_path, 0.5))
    yield made
    made.clip.unlink()


def want(one: OneClip, kind: str, of: int) -> np.ndarray:
    number = number_of(kind, of)  # type: ignore[arg-type]
    finished(one.clip.want(1, number))
    return one.clip.samples(number)[:, :]


def test_differences_are_those_of_the_takes_that_are_heard(one: OneClip) -> None:
    x = one.clip.samples(0)
    missing = want(one, "missing", 2)
    np.testing.assert_array_equal(missing, x - one.clip.samples(2))
    np.testing.assert_array_equal(want(one, "added", 3), one.clip.samples(3) - one.clip.samples(2))
    np.testing.assert_array_equal(want(one, "added", 1), one.clip.samples(1))
    told = {event.depth: event for event in one.of(DifferenceReady)}
    found = told[number_of("missing", 2)]
    assert found.terms == terms_of(number_of("missing", 2)) == ((0, 1.0), (2, -1.0))
    assert found.level_db == pytest.approx(10 * np.log10((missing**2).sum() / (x**2).sum()), abs=1e-3)
    assert isinstance(one.heard[number_of("missing", 2)], Mixed), "no copy is made of it"
    assert {event.depth for event in one.of(p.PeaksReady)} >= set(told)
    last = one.of(p.SpectrogramReady)[-1]
    assert last.depth == number_of("added", 1) and last.columns_done == last.spectrogram.shape[0]


def test_a_take_that_a_difference_needs_is_made_first_and_once(one: OneClip) -> None:
    want(one, "added", 4)
    want(one, "missing", 4)
    assert [event.depth for event in one.of(p.RenderReady)] == [4, 3]


@pytest.mark.parametrize("make", [TinyAhead, lambda: TinyAhead("rates"), lambda: TinyAhead("parallel"), TinyHeld])
def test_a_book_alone_is_what_the_library_decodes(make: type[Codec], tmp_path: Path) -> None:
    codec = make()
    one = OneClip(codec, speech_file(tmp_path, 0.4))
    found = want(one, "alone", 2)
    sound = read(one.clip.file.path, codec.info.rate_hz, codec.info.channels)
    encoded = codec.encode(torch.from_numpy(sound.samples)[None])
    (ready,) = one.of(p.RenderReady)
    expected = codec.decode(encoded, books=[1])[0].numpy() * 10 ** (ready.gain_db / 20)
    np.testing.assert_allclose(found, expected, atol=2e-5)
    assert ready.delay_samples == 0
    assert ready.bitrate_kbps == pytest.approx(codec.info.books[1].bits * codec.info.books[1].frame_rate_hz / 1000)
    one.clip.unlink()


def test_edited_codes_keep_gain_and_delay_of_what_was_edited(one: OneClip) -> None:
    take = number_of("edited", 4)
    with pytest.raises(SpeefeareError, match="Nothing is edited"):
        one.clip.check(take)
    coded = finished(one.clip.codes(1))
    codes = coded.encoded.code_groups[0].clone()
    codes[..., 150:] = 3
    one.clip.set_edited(EditedCodes(dataclasses.replace(coded.encoded, code_groups=(codes,))))
    found, plain = want(one, "edited", 4).copy(), one.clip.samples(4)
    hop = one.clip.codec.info.hop_samples
    np.testing.assert_allclose(found[:, : 148 * hop], plain[:, : 148 * hop], atol=1e-6)
    assert np.abs(found[:, 151 * hop :] - plain[:, 151 * hop :]).max() > 0.01
    told = {event.depth: event for event in one.of(p.RenderReady)}
    assert told[take].gain_db == told[4].gain_db and told[take].delay_samples == told[4].delay_samples

    first = told[take].audio.name
    one.clip.set_edited(EditedCodes(coded.encoded))
    assert not Path(first).exists() and not one.gone, "what is heard stays until the next is there"
    np.testing.assert_allclose(want(one, "edited", 4), plain, atol=1e-6)
    one.clip.set_edited(None)
    assert one.gone == [take] and [event.depth for event in one.of(RenderDropped)] == [take]


def test_what_was_longest_not_wanted_makes_room(one: OneClip, monkeypatch: pytest.MonkeyPatch) -> None:
    size = one.clip.samples(0).nbytes
    monkeypatch.setattr(clip_module, "ROOM_BYTES", 2 * size)
    one.clip.heard = lambda: 1
    for depth in (1, 2, 3):
        finished(one.clip.want(1, depth))
    assert one.clip.numbers == (0, 1, 3), "1 is heard, so 2 went"
    want(one, "added", 3)
    assert set(one.clip.numbers) >= {2, 3, number_of("added", 3)}
    one.clip.heard = lambda: number_of("added", 3)
    finished(one.clip.want(1, 4))
    assert set(one.clip.numbers) >= {2, 3, 4, number_of("added", 3)}, "what is heard holds what it is made of"
    one.clip.heard = lambda: 4
    finished(one.clip.want(1, 1))
    assert number_of("added", 3) not in one.clip.numbers, "it goes with what it was made of"
    finished(one.clip.want(1, 2))
    assert 2 in one.clip.numbers, "it can be made again"


@pytest.mark.parametrize(
    ("make", "kind", "of", "words"),
    [
        (TinyAhead, "added", 9, "does not exist"),
        (TinyAhead, "missing", 0, "does not exist"),
        (TinyAhead, "alone", 5, "Book 5"),
        (lambda: TinyAhead("continuous"), "added", 1, "no codebooks"),
        (lambda: TinyAhead("continuous"), "alone", 1, "no codebooks"),
        (lambda: TinyAhead("parallel"), "added", 2, "side by side"),
        (TinyHeld, "added", 5, "no book added"),
    ],
)
def test_what_a_codec_does_not_have_is_one_sentence(
    make: type[Codec], kind: str, of: int, words: str, tmp_path: Path
) -> None:
    one = OneClip(make(), speech_file(tmp_path, 0.2))
    with pytest.raises(SpeefeareError, match=words) as caught:
        finished(one.clip.want(1, number_of(kind, of)))  # type: ignore[arg-type]
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)
    one.clip.unlink()


def test_single_book_and_continuous_codecs_have_their_missing(tmp_path: Path) -> None:
    for flavour in ("single", "continuous"):
        one = OneClip(TinyAhead(flavour), speech_file(tmp_path, 0.2))  # type: ignore[arg-type]
        assert want(one, "missing", 1).shape == one.clip.samples(0).shape
        one.clip.unlink()


def test_numbers_through_the_pipe_and_a_switch_to_a_difference(talk: Talk, tmp_path: Path) -> None:
    file = kind_file(tmp_path, "tiny_ahead", flavour="plain")
    talk.ask(p.LoadCodec(str(file), "cpu"))
    talk.ask(p.ProcessClip(str(speech_file(tmp_path, 0.6))))
    missing = number_of("missing", 1)
    talk.ask(p.SelectDepth(missing))
    events = talk.ask(p.WantDepth(missing))
    (ready,) = of(DifferenceReady, events)
    assert ready.depth == missing
    talk.until(lambda: talk.client.player_status["depth"] == missing)  # type: ignore[index]
    talk.ask(p.Play())
    talk.next(p.PlayerStopped)
    assert "no take" in talk.refused(p.WantDepth(9_500))
    assert "no column" in talk.refused(p.WantDepth(number_of("take", 1, 3)))


def test_the_lapped_test_codec_says_that_it_has_no_book_alone(talk: Talk, tmp_path: Path) -> None:
    talk.ask(p.ProcessClip(str(speech_file(tmp_path, 0.3))))
    name = TinyCodec().info.name
    assert name in talk.refused(p.WantDepth(number_of("alone", 2)))
    assert of(p.SpectrogramReady, talk.ask(p.WantDepth(2))), "the engine goes on"
