"""Entries, corpora and other recordings through the engine: what the library says, and nothing left behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from speefeare_core import load_codec
from speefeare_core.statistics.counts import count
from speefeare_core.statistics.neighbours import nearest
from tests.app.engine.checks import of
from tests.app.engine.harness import Talk, speech_file
from workbench.engine import protocol
from workbench.engine.topics import token_statistics as told

SHIPPED = "linear-16k"  # its books hold entries


@pytest.fixture
def shipped(talk: Talk) -> Talk:
    """The shared engine with a shipped codec."""
    talk.ask(protocol.LoadCodec(SHIPPED, "cpu"))
    return talk


def test_entries_are_described(shipped: Talk) -> None:
    (event,) = of(told.BooksDescribed, shipped.ask(told.DescribeBooks()))
    codec = load_codec(SHIPPED)
    assert event.norms is not None and event.neighbours is not None and event.points is not None
    norms, near = shipped.client.array(event.norms), shipped.client.array(event.neighbours)
    points = shipped.client.array(event.points)
    for book, info in enumerate(codec.info.books):
        entries = codec.book_entries(book)
        energies = codec.entry_energies()
        assert entries is not None and energies is not None
        np.testing.assert_allclose(norms[book, : info.size], energies[book].sqrt().numpy(), rtol=1e-5)
        wanted = nearest(entries.numpy(), 10).index[:, : near.shape[2]]
        assert np.array_equal(near[book, : info.size], wanted)
        assert np.isfinite(points[book, : info.size]).all()
    assert len(event.shares) == len(event.kept) == codec.info.depth


def test_a_book_is_mapped(shipped: Talk) -> None:
    events = shipped.ask(told.MapBook(1))
    (event,) = of(told.BookMapped, events)
    points = shipped.client.array(event.points)
    assert event.book == 1 and points.shape == (load_codec(SHIPPED).info.books[1].size, 2)
    assert 0 <= event.kept <= 1 and of(told.StatisticsProgress, events)


def test_a_folder_is_counted_and_what_is_no_sound_is_named(shipped: Talk, tmp_path: Path) -> None:
    sound = speech_file(tmp_path, 0.5)
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    (event,) = of(told.CorpusCounted, shipped.ask(told.CountCorpus(str(tmp_path))))
    codec = load_codec(SHIPPED)
    codes = codec.encode(torch.from_numpy(soundfile.read(sound, dtype="float32")[0][None, None])).codes[0].numpy()
    counts = shipped.client.array(event.counts)
    for book, info in enumerate(codec.info.books):
        assert np.array_equal(counts[book, : info.size], count(codes[book], info.size))
    assert event.files == 1 and event.seconds == pytest.approx(0.5)
    assert len(event.skipped) == 1 and "broken.wav" in event.skipped[0]
    assert "There is no folder" in shipped.refused(told.CountCorpus(str(tmp_path / "nowhere")))


def test_another_recording_is_encoded_beside_the_clip(shipped: Talk, tmp_path: Path) -> None:
    shipped.ask(protocol.ProcessClip(str(speech_file(tmp_path, 0.4, name="clip.wav"))))
    other = speech_file(tmp_path, 0.6, name="other.wav")
    (event,) = of(told.OtherEncoded, shipped.ask(told.EncodeOther(str(other))))
    codec = load_codec(SHIPPED)
    codes = codec.encode(torch.from_numpy(soundfile.read(other, dtype="float32")[0][None, None])).codes[0].numpy()
    assert np.array_equal(shipped.client.array(event.groups[0]), codes) and event.length_s == pytest.approx(0.6)
    assert "There is no file" in shipped.refused(told.EncodeOther(str(tmp_path / "nowhere.wav")))


@pytest.mark.parametrize(("source", "words"), [("opus:12", "no codebooks"), ("mulaw", "hold no vectors")])
def test_codecs_without_entries_say_so(talk: Talk, source: str, words: str) -> None:
    talk.ask(protocol.LoadCodec(source, "cpu"))
    (event,) = of(told.BooksDescribed, talk.ask(told.DescribeBooks()))
    assert event.norms is None and words in event.reason
    if source == "opus:12":
        assert "no codebooks" in talk.refused(told.CountCorpus())


def test_what_belongs_to_a_codec_goes_with_it(shipped: Talk) -> None:
    (event,) = of(told.BooksDescribed, shipped.ask(told.DescribeBooks()))
    assert event.norms is not None and Path(event.norms.name).exists()
    shipped.ask(protocol.LoadCodec(SHIPPED, "cpu"))
    assert not Path(event.norms.name).exists()
