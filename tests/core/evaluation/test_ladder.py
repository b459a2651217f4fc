"""The residual ladder: energies against the latents themselves, measures against the metrics, sounds that add up."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from speefeare_core import audio
from speefeare_core.audio import Audio
from speefeare_core.codec import Codec
from speefeare_core.codecs.identity import IdentityCodec
from speefeare_core.codecs.mulaw import MulawCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.evaluation import depth_measures, ladder
from speefeare_core.evaluation.ladder import climb, parts_of
from speefeare_core.evaluation.ladder_rows import LadderRow, growing_books
from speefeare_core.evaluation.ladder_sounds import LadderSounds
from speefeare_core.evaluation.ladder_words import words_about, words_about_growth
from speefeare_core.evaluation.metrics import METRICS
from tests.core.small_mimi import small_codec as small_mimi
from tests.core.speech import speech_like
from tests.core.tiny_codec import TinyCodec
from tests.core.tiny_kinds import TinyAhead


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    path = tmp_path / "speech.wav"
    audio.write(path, Audio(speech_like(1.2)[None], 16_000))
    return path


def test_energies_are_those_of_the_latents_less_the_entries(speech: Path) -> None:
    codec = TinyCodec()
    found = climb(codec, speech)
    encoded = codec.encode(torch.from_numpy(audio.read(speech).samples[None]))
    assert encoded.latents is not None
    assert found.rows == (LadderRow(0, None), *(LadderRow(0, book) for book in range(4)))
    wanted = [encoded.latents.square().sum(1)[0]]
    for depth in range(1, 5):
        wanted.append((encoded.latents - codec.quantized_latents(encoded, depth)).square().sum(1)[0])
    np.testing.assert_allclose(found.energies, torch.stack(wanted).numpy(), rtol=1e-4, atol=1e-6)
    assert found.left_db[0] == 0.0
    assert list(found.left_db) == sorted(found.left_db, reverse=True), "this codec's books hold the zero entry"  # type: ignore[type-var]
    assert found.left_db[4] == pytest.approx(10 * np.log10(float(wanted[4].mean() / wanted[0].mean())), abs=1e-3)


def test_depths_carry_the_metrics_of_the_whole_files(speech: Path) -> None:
    codec = TinyCodec()
    found = climb(codec, speech, [1, 3])
    x = audio.read(speech).samples
    assert [step.depth for step in found.steps] == [1, 3]
    for step in found.steps:
        y = codec.decode(codec.encode(torch.from_numpy(x[None])), step.depth)[0].numpy()
        snr = 10 * np.log10(float(np.square(x).sum() / np.square(x - y).sum()))
        assert step.measures.snr_db == pytest.approx(snr, abs=1e-3)
        assert step.measures.si_sdr_db == pytest.approx(METRICS["si_sdr"].measure(x[0], y[0], 16_000).value, abs=1e-2)
        mel = METRICS["mel_distance"].measure(x[0], y[0], 16_000).value
        assert step.measures.mel_distance_db == pytest.approx(mel, abs=1e-4)
        assert step.bitrate_kbps == pytest.approx(codec.info.bitrate_kbps(step.depth))
    assert found.continuous is not None and found.continuous.snr_db is not None
    assert found.continuous.snr_db > 80, "its transform loses nothing, so all that is lost is lost by quantisation"


def test_a_long_recording_in_pieces_gives_the_same(speech: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codec = TinyCodec()
    whole = climb(codec, speech, [2])
    monkeypatch.setattr(ladder, "BLOCK_S", 0.13)
    monkeypatch.setattr(ladder, "PIECE_S", 0.4)
    parts = climb(codec, speech, [2])
    np.testing.assert_allclose(whole.energies, parts.energies, rtol=1e-4, atol=1e-6)
    assert whole.steps[0].measures.snr_db == pytest.approx(parts.steps[0].measures.snr_db)
    assert parts.steps[0].measures.mel_distance_db == pytest.approx(whole.steps[0].measures.mel_distance_db, rel=0.1)


@pytest.mark.parametrize("skip", [0, 7, -5])
def test_pieces_are_cut_and_moved(skip: int) -> None:
    sound = np.arange(1, 101, dtype=np.float32)[None]
    blocks = [sound[:, start : start + 13] for start in range(0, 100, 13)]
    found = list(depth_measures.pieces(blocks, 30, skip, 100))
    assert [piece.shape[1] for piece in found] == [30, 30, 30, 10]
    joined = np.concatenate(found, axis=1)
    padded = np.pad(sound, ((0, 0), (max(0, -skip), 20)))[:, max(0, skip) :][:, :100]
    np.testing.assert_array_equal(joined, padded)


def test_a_split_codec_has_two_ladders(tmp_path: Path) -> None:
    codec = small_mimi()
    path = tmp_path / "speech.wav"
    audio.write(path, Audio(speech_like(0.8, codec.info.rate_hz)[None], codec.info.rate_hz))
    found = climb(codec, path, [1])
    assert [row.chain for row in found.rows if row.book is None] == [0, 1]
    assert [row.book for row in found.rows if row.book is not None] == list(range(codec.info.depth))
    assert "two ladders" in " ".join(found.notes)
    told = found.to_dict()
    assert told["rows"][0] == {"chain": 1, "book": None, "left_db": 0.0} and told["rows"][1]["book"] == 1


def test_what_does_not_exist_is_said(speech: Path) -> None:
    for codec, words in (
        (IdentityCodec(16_000), "nothing is quantised"),
        (MulawCodec(8), "does not show the latents"),
        (TinyAhead("single"), "single book"),
        (TinyAhead("rates"), "several frame rates"),
        (TinyAhead("parallel"), "side by side"),
        (TinyCodec(), "no book can be heard alone"),
    ):
        found = climb(codec, speech, None if codec.info.depth < 2 else [1])
        assert words in " ".join(found.notes), codec.info.name
        assert bool(found.rows) == (codec.info.family in ("tiny", "tiny_ahead"))
    assert (
        "packets"
        in words_about(dataclasses.replace(IdentityCodec().info, latent_dim=0), parts_of(IdentityCodec(), False))[0]
    )


def test_silence_has_no_shares(tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    audio.write(path, Audio(np.zeros((1, 4000), np.float32), 16_000))
    found = climb(TinyCodec(), path)
    assert set(found.left_db) == {None}
    assert {step.measures.snr_db for step in found.steps} == {None}
    assert any("delay" in note for note in found.notes)


def test_a_depth_that_does_not_exist_is_refused(speech: Path) -> None:
    with pytest.raises(SpeefeareError, match="9"):
        climb(TinyCodec(), speech, [9])


@pytest.mark.parametrize("make", [lambda: TinyAhead("plain"), lambda: TinyAhead("rates")], ids=["plain", "rates"])
def test_sounds_add_up(make: object, speech: Path) -> None:
    codec: Codec = make()  # type: ignore[operator]
    x = audio.read(speech).samples
    encoded = codec.encode(torch.from_numpy(x[None]))
    sounds = LadderSounds(codec, x, encoded, 0)
    total = np.zeros_like(x)
    for book in range(1, codec.info.depth + 1):
        total += sounds.added(book)
        np.testing.assert_allclose(total, sounds.take(book), atol=1e-5)
        np.testing.assert_allclose(sounds.take(book) + sounds.missing(book), x, atol=1e-6)
    # This decoder is linear, so a book alone is what it added but for its level.
    alone, step = sounds.alone(2), codec.decode(encoded, 2)[0].numpy() - codec.decode(encoded, 1)[0].numpy()
    assert np.corrcoef(alone[0], step[0])[0, 1] > 0.999
    left = sounds.left_over(2)
    whole = codec.remainder(encoded, 0)
    assert whole is not None
    lacking = codec.decode_latents(whole, x.shape[1])[0].numpy() - codec.decode(encoded, 2)[0].numpy()
    assert np.corrcoef(left[0], lacking[0])[0, 1] > 0.999


def test_what_a_codec_has_not_cannot_be_heard(speech: Path) -> None:
    x = audio.read(speech).samples
    codec = MulawCodec(8)
    x = audio.read(speech, codec.info.rate_hz).samples
    sounds = LadderSounds(codec, x, codec.encode(torch.from_numpy(x[None])), 0)
    with pytest.raises(SpeefeareError, match="left over"):
        sounds.left_over(1)


def test_books_that_do_not_fit_are_told() -> None:
    rows = (LadderRow(0, None), LadderRow(0, 0), LadderRow(1, None), LadderRow(1, 1), LadderRow(1, 2))
    assert growing_books(rows, [1.0, 0.5, 2.0, 3.0, 3.5]) == (1, 2)
    assert growing_books(rows, [1.0, 0.5, 2.0, 1.0, 0.9]) == ()
    assert "Books 2, 3 leave more" in words_about_growth((1, 2))[0] and words_about_growth(()) == ()
