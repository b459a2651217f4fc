"""Latents through the engine: paths in any space, values of frames, moments of other files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speefeare_core.projection.corpus import Corpus
from speefeare_core.projection.space import fitting
from speefeare_core.projection.trace import tracing
from tests.app.engine.harness import Talk, speech_file
from tests.app.engine.tiny_engine import COMMAND
from tests.core.projection.test_space_and_trace import done
from tests.core.tiny_codec import TinyCodec
from workbench.engine import protocol as p
from workbench.engine.client import EngineClient
from workbench.engine.topics.latents import (
    AuditionFrames,
    DescribeFrames,
    FramesDescribed,
    LatentsTraced,
    TraceLatents,
)


@pytest.fixture(scope="module")
def shared_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineClient]:
    """One engine for this module, whose cache folder is its own: it keeps what it fitted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        client = EngineClient(COMMAND)
        client.start()
    talk = Talk(client)
    talk.next(p.EngineReady)
    talk.ask(p.SetOutput(p.VIRTUAL_DEVICE))
    yield client
    client.stop()


@pytest.fixture
def clip(talk: Talk, tmp_path: Path) -> Path:
    """An open clip."""
    path = speech_file(tmp_path, 1.0)
    talk.ask(p.ProcessClip(str(path)))
    return path


def traced(talk: Talk, request: TraceLatents) -> LatentsTraced:
    (found,) = (event for event in talk.ask(request) if isinstance(event, LatentsTraced))
    return found


def test_the_clip_comes_with_three_axes_and_traces_are_those_of_the_library(talk: Talk, clip: Path) -> None:
    own = talk.next(p.LatentsReady)
    codec = TinyCodec()
    space = done(fitting(codec, Corpus()))
    for depth in (None, 2):
        event = traced(talk, TraceLatents(str(clip), depth=depth))
        wanted = done(tracing(codec, clip, space, depth))
        np.testing.assert_allclose(talk.client.array(event.before), wanted.before, atol=1e-4)
        np.testing.assert_allclose(talk.client.array(event.after), wanted.after, atol=1e-4)
        assert event.snr_db == pytest.approx(wanted.snr_db, abs=0.01)
    assert event.axis_names[0].startswith("PC 1") and event.frame_rate_hz == 250.0
    np.testing.assert_allclose(talk.client.array(own.before)[:250], wanted.before[:250], atol=1e-4)


def test_another_corpus_is_another_space_and_another_file_another_path(talk: Talk, clip: Path, tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    other = speech_file(folder, 0.7, name="other.wav")
    first = traced(talk, TraceLatents(str(clip)))
    second = traced(talk, TraceLatents(str(clip), str(folder)))
    assert "corpus" in second.basis and first.basis != second.basis
    assert not np.allclose(talk.client.array(first.before), talk.client.array(second.before))
    assert len(talk.client.array(traced(talk, TraceLatents(str(other))).before)) == 176


def test_values_of_frames(talk: Talk, clip: Path) -> None:
    clip.with_suffix(".json").write_text(json.dumps({"speaker": "anna", "phones": [[0.2, 0.5, "s"], [0.5, 0.9, "a"]]}))
    for what, keys in (("loudness", ["loudness"]), ("error", ["error"]), ("labels", ["phone", "speaker"])):
        found = [event for event in talk.ask(DescribeFrames(str(clip), what)) if isinstance(event, FramesDescribed)]
        assert [event.key for event in found] == keys
        for event in found:
            assert 250 <= len(talk.client.array(event.values)) <= 252
    assert event.names == ("anna",)


def test_a_moment_of_another_file_is_heard_beside_the_clip(talk: Talk, clip: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.wav"
    soundfile.write(other, np.ones((44_100, 2), np.float32) * 0.25, 44_100)
    position = talk.position()
    talk.ask(AuditionFrames(str(other), 0.4, 0.6))
    assert talk.client.player_status is not None
    talk.until(lambda: talk.client.player_status["peak"] > 0.2)
    assert talk.position() == position


def test_bad_wishes_are_one_sentence(talk: Talk, clip: Path, tmp_path: Path) -> None:
    for request, words in (
        (TraceLatents(str(tmp_path / "missing.wav")), "missing.wav"),
        (TraceLatents(str(clip), str(tmp_path / "none")), "no folder"),
        (TraceLatents(str(clip), depth=9), "Depth 9"),
        (DescribeFrames(str(tmp_path / "missing.wav"), "loudness"), "missing.wav"),
    ):
        sentence = talk.refused(request)
        assert words in sentence and "\n" not in sentence


def test_without_a_clip_nothing_is_traced(talk: Talk, tmp_path: Path) -> None:
    assert "open" in talk.refused(TraceLatents(str(speech_file(tmp_path))))
