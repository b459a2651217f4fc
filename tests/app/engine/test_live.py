"""Live sessions through the engine, on virtual devices."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.engine.harness import Talk, speech_file
from tests.core.tiny_codec import TinyCodec
from workbench.engine import protocol as p
from workbench.engine.memory import Status
from workbench.engine.server.live import LiveSession
from workbench.engine.server.sound import Sound


def test_a_file_is_spoken_to_its_end_without_a_loss(talk: Talk, tmp_path: Path) -> None:
    path = speech_file(tmp_path, 2.0)
    request = p.StartLive(output=p.VIRTUAL_DEVICE, file=str(path), depth=2, muted=False, frames_per_step=5)
    events = talk.ask(request)
    started = next(event for event in events if isinstance(event, p.LiveStarted))
    names = [part.name for part in started.latency]
    assert names == ["input device", "framing", "codec", "compute", "queue", "output device"]
    assert started.latency[1].samples == 5 * 64 and started.latency[2].samples == 64
    output, codes = talk.client.ring(started.output_ring), talk.client.ring(started.codes_ring)
    talk.ask(p.SetLive(depth=4))
    stopped = talk.next(p.LiveStopped)
    assert stopped.reason == ""
    status = talk.client.live_status
    assert status is not None
    assert status["dropped_frames"] == status["overruns"] == 0
    assert status["running"] == 0 and status["source_position"] == 32_000 and status["depth"] == 4
    assert output.written >= 32_000 and codes.written * 64 == output.written
    assert output.latest(32_000).any()
    assert status["step_ms_worst"] >= status["step_ms_p99"] >= status["step_ms_median"] > 0


def test_start_stop_and_start_again(talk: Talk) -> None:
    virtual = p.StartLive(input=p.VIRTUAL_DEVICE, output=p.VIRTUAL_DEVICE)
    talk.ask(virtual)
    status = talk.client.live_status
    assert status is not None
    talk.until(lambda: status["frames"] > 10)
    assert status["muted"] == 1, "starts muted"
    talk.ask(virtual)
    assert len([event for event in talk.events if isinstance(event, p.LiveStopped)]) == 1
    talk.ask(p.StopLive())
    talk.ask(p.StopLive())
    assert len([event for event in talk.events if isinstance(event, p.LiveStopped)]) == 2


def test_another_codec_ends_the_session(talk: Talk, codec_file: Path) -> None:
    talk.ask(p.StartLive(input=p.VIRTUAL_DEVICE, output=p.VIRTUAL_DEVICE))
    talk.ask(p.LoadCodec(str(codec_file), "cpu"))
    assert "codec" in talk.next(p.LiveStopped).reason


def test_what_cannot_start_says_why(talk: Talk, tmp_path: Path) -> None:
    assert "missing.wav" in talk.refused(p.StartLive(output=p.VIRTUAL_DEVICE, file=str(tmp_path / "missing.wav")))
    assert "Depth 9" in talk.refused(p.StartLive(input=p.VIRTUAL_DEVICE, output=p.VIRTUAL_DEVICE, depth=9))
    assert "No such microphone" in talk.refused(p.StartLive(input="No such microphone", output=p.VIRTUAL_DEVICE))


@pytest.fixture
def status() -> Iterator[Status]:
    made = Status.create(p.LIVE_STATUS)
    yield made
    made.unlink()


def test_a_codec_that_looks_ahead_is_refused(status: Status) -> None:
    codec = TinyCodec()
    codec.info = dataclasses.replace(codec.info, streamable=False)
    events: list[p.Event] = []
    session = LiveSession(7, p.StartLive(), codec, lambda codec: None, Sound(), status, events.append)
    session.stop()
    (failed,) = events
    assert isinstance(failed, p.Failed) and "stream" in failed.sentence
