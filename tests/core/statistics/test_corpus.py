"""The tokens of a corpus: the same as those of each file, counted once and kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from speefeare_core import audio, load_codec
from speefeare_core.audio import Audio
from speefeare_core.codec import Codec
from speefeare_core.codecs.identity import IdentityCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.statistics import corpus
from speefeare_core.statistics.corpus import counting, finished, kept_counting, sound_files
from speefeare_core.statistics.counts import TokenCounts
from tests.core.small_snac import RATE_HZ, small_snac
from tests.core.speech import speech_like


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two sounds at another rate, one in a folder of its own, and a file that is none."""
    inside = tmp_path / "corpus" / "deeper"
    inside.mkdir(parents=True)
    for name, seconds in (("a.wav", 0.6), ("deeper/b.flac", 0.4)):
        audio.write(inside.parent / name, Audio(speech_like(seconds)[None], 16_000))
    (inside / "c.txt").write_text("no sound")
    return inside.parent


def by_hand(codec: Codec, files: list[Path]) -> TokenCounts:
    counts = TokenCounts.none([book.size for book in codec.info.books])
    for path in files:
        sound = audio.read(path, codec.info.rate_hz, codec.info.channels)
        encoded = codec.encode(torch.from_numpy(sound.samples[None]))
        counts.add([group[0].numpy() for group in encoded.code_groups])
    return counts


@pytest.mark.parametrize("make", [lambda: load_codec("default", "cpu"), small_snac], ids=["default", "several rates"])
def test_counts_are_those_of_the_files(make: object, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codec: Codec = make()  # type: ignore[operator]
    monkeypatch.setattr(corpus, "BLOCK_S", 0.13)
    files = sound_files(folder)
    assert [path.name for path in files] == ["a.wav", "b.flac"]
    shares: list[float] = []
    found = finished(counting(codec, files, lambda done, name: shares.append(done)))
    for mine, wanted in zip(found.counts.books, by_hand(codec, files).books, strict=True):
        assert np.array_equal(mine, wanted)
    assert (found.files, found.skipped) == (2, ()) and found.seconds == pytest.approx(1.0, abs=0.01)
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1.0, abs=0.01)


def test_a_corpus_is_counted_once_until_it_changes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codec, times = small_snac(), []
    honest = corpus.counting

    def counted(*given: object) -> object:
        times.append(1)
        return honest(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(corpus, "counting", counted)
    first = finished(kept_counting(codec, sound_files(folder)))
    again = finished(kept_counting(codec, sound_files(folder)))
    assert len(times) == 1 and again.seconds == first.seconds
    assert all(np.array_equal(a, b) for a, b in zip(first.counts.books, again.counts.books, strict=True))
    audio.write(folder / "a.wav", Audio(speech_like(0.7)[None], RATE_HZ))
    assert finished(kept_counting(codec, sound_files(folder))).seconds > first.seconds and len(times) == 2
    (kept,) = sorted((corpus.cache_dir() / "token-counts").glob("*.npz"))[:1]
    kept.write_bytes(b"damaged")
    finished(kept_counting(codec, sound_files(folder)))
    assert corpus._read(kept, codec.info) is None or len(times) == 3


def test_a_file_that_cannot_be_read_is_named_and_left_out(folder: Path) -> None:
    (folder / "broken.wav").write_bytes(b"RIFF nothing")
    found = finished(counting(small_snac(), sound_files(folder)))
    assert found.files == 2 and len(found.skipped) == 1 and "broken.wav" in found.skipped[0]
    with pytest.raises(SpeefeareError, match=r"broken\.wav"):
        finished(counting(small_snac(), [folder / "broken.wav"]))


def test_what_cannot_be_counted_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SpeefeareError, match="no codebooks"):
        finished(counting(IdentityCodec(8_000), []))
    with pytest.raises(SpeefeareError, match="holds no WAV"):
        sound_files(tmp_path)
    with pytest.raises(SpeefeareError, match="There is no folder"):
        sound_files(tmp_path / "nowhere")
