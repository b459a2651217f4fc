"""Spaces fitted on corpora, and recordings traced through them."""

from __future__ import annotations

from collections.abc import Generator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from speefeare_core.audio import read
from speefeare_core.errors import SpeefeareError
from speefeare_core.projection import frame_values, kept, trace, umap_space
from speefeare_core.projection.corpus import Corpus
from speefeare_core.projection.latents import encoding
from speefeare_core.projection.space import fitting
from speefeare_core.projection.trace import tracing
from tests.core.speech import speech_like
from tests.core.tiny_codec import TinyCodec
from tests.core.tiny_kinds import TinyAhead, TinyHeld


def done(work: Generator[float, None, Any]) -> Any:
    """The value of work; its shares rise from 0 to 1."""
    shares = []
    while True:
        try:
            shares.append(next(work))
        except StopIteration as end:
            assert all(0 <= share <= 1 for share in shares) and shares == sorted(shares)
            return end.value


@cache
def sample_space(codec: Any) -> Any:
    """Fitted on the shipped sample, once for each codec of these tests."""
    return done(fitting(codec, Corpus()))


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    path = tmp_path / "speech.wav"
    soundfile.write(path, speech_like(1.5), 16_000, subtype="FLOAT")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    (folder / "deeper").mkdir(parents=True)
    for seed, name in enumerate(("a.wav", "deeper/b.flac")):
        soundfile.write(folder / name, speech_like(0.8, seed=seed + 1), 16_000)
    (folder / "notes.txt").write_text("no sound")
    return folder


@pytest.mark.parametrize(
    "codec", [TinyCodec(), TinyHeld(), TinyAhead("rates"), TinyAhead("continuous")], ids=lambda codec: codec.info.name
)
def test_pieces_of_a_file_are_the_latents_of_the_whole(codec: Any, speech: Path) -> None:
    pieces: list[np.ndarray] = []
    encoded = done(encoding(codec, speech, pieces.append))
    whole = codec.encode(torch.from_numpy(read(speech, 16_000, 1).samples)[None])
    rows = whole.latents[0].T.numpy()
    np.testing.assert_allclose(np.concatenate(pieces)[: len(rows)], rows, atol=1e-5)
    for found, wanted in zip(encoded.code_groups, whole.code_groups, strict=True):
        assert torch.equal(found[..., : wanted.shape[-1]], wanted)


def test_a_trace_is_the_projection_of_latents_before_and_after(speech: Path) -> None:
    codec = TinyCodec()
    space = done(fitting(codec, Corpus()))
    found = done(tracing(codec, speech, space))
    whole = codec.encode(torch.from_numpy(read(speech, 16_000, 1).samples)[None])
    before = whole.latents[0].T.numpy()
    np.testing.assert_allclose(found.before, space.place(before), atol=1e-4)
    for depth in (1, 4):
        after = codec.quantized_latents(whole, depth)[0].T.numpy()
        placed = done(tracing(codec, speech, space, depth, found.recording))
        np.testing.assert_allclose(placed.after, space.place(after), atol=1e-4)
        np.testing.assert_allclose(placed.distance, np.linalg.norm(after - before, axis=1), atol=1e-4)
        noise = np.square(after - before).sum()
        signal = np.square(before - before.mean(axis=0)).sum()
        assert placed.snr_db == pytest.approx(10 * np.log10(signal / noise), abs=0.01)


def test_more_books_move_points_less(speech: Path) -> None:
    codec = TinyCodec()
    space = done(fitting(codec, Corpus()))
    traced = [done(tracing(codec, speech, space, depth)) for depth in (1, 2, 4)]
    assert traced[0].snr_db < traced[1].snr_db < traced[2].snr_db


def test_a_recording_that_is_known_is_not_encoded_again(speech: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codec = TinyCodec()
    space = done(fitting(codec, Corpus()))
    first = done(tracing(codec, speech, space))

    def never(*_: object) -> None:
        raise AssertionError("encoded again")

    monkeypatch.setattr(trace, "encoding", never)
    again = done(tracing(codec, speech, space, None, first.recording))
    np.testing.assert_allclose(again.before, first.before, atol=1e-6)
    np.testing.assert_array_equal(again.after, first.after)


def test_latents_too_long_to_keep_are_placed_all_the_same(speech: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codec = TinyCodec()
    space = done(fitting(codec, Corpus()))
    whole = done(tracing(codec, speech, space))
    monkeypatch.setattr(trace, "MOST_VALUES", 1000)
    found = done(tracing(codec, speech, space))
    np.testing.assert_allclose(found.before, whole.before, atol=1e-6)
    np.testing.assert_array_equal(found.after, whole.after)
    assert found.recording.latents is None and found.distance is None and found.snr_db is None


def test_continuous_latents_have_no_after(speech: Path) -> None:
    codec = TinyAhead("continuous")
    found = done(tracing(codec, speech, done(fitting(codec, Corpus()))))
    assert found.after is None and found.snr_db is None and len(found.before) >= 750


def test_a_folder_is_fitted_once_and_again_when_it_changes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codec = TinyCodec()
    corpus = Corpus(str(folder))
    basis = done(fitting(codec, corpus))
    assert "2 files" in basis.words and "corpus" in basis.words
    assert kept.load(codec, corpus) is not None
    work = fitting(codec, corpus)
    with pytest.raises(StopIteration) as end:
        next(work)  # nothing had to be encoded
    np.testing.assert_array_equal(end.value.value.axes, basis.axes)
    assert kept.load(TinyCodec(hop=32), corpus) is None, "another codec"
    soundfile.write(folder / "c.wav", speech_like(0.5, seed=9), 16_000)
    assert kept.load(codec, corpus) is None, "another corpus"
    assert "3 files" in done(fitting(codec, corpus)).words


def test_a_kept_basis_that_is_damaged_is_fitted_again(folder: Path) -> None:
    codec, corpus = TinyCodec(), Corpus(str(folder))
    done(fitting(codec, corpus))
    path = kept._path(codec, corpus)
    path.write_bytes(path.read_bytes()[:100])
    assert kept.load(codec, corpus) is None
    assert done(fitting(codec, corpus)).frames > 0


@pytest.mark.parametrize(
    ("corpus", "method", "words"),
    [("/no/such/folder", "pca", "no folder"), ("", "tsne", "no projection"), ("EMPTY", "pca", "holds no WAV")],
)
def test_what_cannot_be_fitted_is_one_sentence(tmp_path: Path, corpus: str, method: Any, words: str) -> None:
    (tmp_path / "EMPTY").mkdir()
    place = str(tmp_path / corpus) if corpus == "EMPTY" else corpus
    with pytest.raises(SpeefeareError, match=words):
        done(fitting(TinyCodec(), Corpus(place), method))


def test_umap_that_is_missing_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(umap_space.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SpeefeareError, match="umap-learn"):
        next(fitting(TinyCodec(), Corpus(), "umap"))


@pytest.mark.parametrize(
    ("samples", "rate_hz"),
    [
        (np.zeros((16_000, 1)), 16_000),
        (np.full((1, 1), 0.5), 16_000),
        (0.1 * np.random.default_rng(0).standard_normal((19_200, 6)), 192_000),
        (0.1 * np.random.default_rng(0).standard_normal((800, 2)), 8_000),
    ],
    ids=["silence", "one sample", "6 channels at 192 kHz", "0.1 s at 8 kHz"],
)
@pytest.mark.parametrize(
    "codec",
    [TinyCodec(), TinyAhead("rates"), TinyAhead("single"), TinyAhead("stereo")],
    ids=lambda codec: codec.info.name,
)
def test_odd_recordings_are_traced_and_measured(codec: Any, samples: np.ndarray, rate_hz: int, tmp_path: Path) -> None:
    path = tmp_path / "odd.wav"
    soundfile.write(path, samples.astype(np.float32), rate_hz, subtype="FLOAT")
    space = sample_space(codec)
    found = done(tracing(codec, path, space))
    frames = codec.frames_for(-(-len(samples) * 16_000 // rate_hz))
    assert abs(len(found.before) - frames) <= 4 and np.isfinite(found.before).all()
    assert found.after is not None and np.isfinite(found.after).all()
    measured = done(frame_values.loudness(path, codec.info.frame_rate_hz, len(found.before), 16_000))
    assert len(measured.values) == len(found.before) and np.isfinite(measured.values).all()
