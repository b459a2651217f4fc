"""Live sessions through the engine, on virtual devices."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from speefeare_core.channel.settings import ChannelSettings
from tests.app.engine.harness import Talk, speech_file
from tests.core.tiny_codec import tiny_file
from tests.core.tiny_kinds import kind_file
from workbench.engine import protocol as p


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


VIRTUAL = p.StartLive(input=p.VIRTUAL_DEVICE, output=p.VIRTUAL_DEVICE)


def test_another_codec_is_heard_without_a_new_start(talk: Talk, tmp_path: Path) -> None:
    first = talk.ask(VIRTUAL)[0].request_id
    other = tiny_file(tmp_path, rate_hz=24_000, hop=96, depth=2)
    talk.ask(p.SetLive(muted=False, mix=0.5, depth=4))
    number = talk.client.send(p.LoadCodec(str(other), "cpu"))
    assert isinstance(talk.end(number), p.Done)
    told = [event for event in talk.events if isinstance(event, p.CodecLoaded | p.LiveStarted)][-3:]
    assert [type(event) for event in told] == [p.LiveStarted, p.CodecLoaded, p.LiveStarted]
    again = told[-1]
    assert isinstance(again, p.LiveStarted) and again.request_id == first and again.rate_hz == 24_000
    assert not [event for event in talk.events if isinstance(event, p.LiveStopped)]
    status = talk.client.live_status
    assert status is not None
    ring = talk.client.ring(again.codes_ring)
    talk.until(lambda: ring.written > 20)
    assert status["muted"] == 0 and status["depth"] == 2, "a depth that is not there becomes the full one"
    talk.ask(p.SetLive(depth=1))
    talk.until(lambda: status["depth"] == 1)


def test_devices_and_step_change_while_it_runs(talk: Talk, tmp_path: Path) -> None:
    talk.ask(p.StartLive(file=str(speech_file(tmp_path, 1.0)), loop_file=True, output=p.VIRTUAL_DEVICE))
    status = talk.client.live_status
    assert status is not None
    assert "No such loudspeaker" in talk.refused(p.SwitchLive(output="No such loudspeaker"))
    assert "No such microphone" in talk.refused(p.SwitchLive(input="No such microphone"))
    assert "missing" in talk.refused(p.SwitchLive(source=str(tmp_path / "missing.safetensors")))
    seen = status["frames"]
    talk.until(lambda: status["frames"] > seen + 10)
    talk.ask(p.SwitchLive(frames_per_step=8, output=p.VIRTUAL_DEVICE))
    started = [event for event in talk.events if isinstance(event, p.LiveStarted)]
    assert len(started) == 2 and started[1].step_frames == 8
    assert started[1].latency[1].samples == 8 * 64
    ring = talk.client.ring(started[1].input_ring)
    talk.until(lambda: ring.written > 3000)
    assert ring.latest(3000).any(), "the file goes on"
    talk.ask(p.SwitchLive(input=p.VIRTUAL_DEVICE))
    assert [event for event in talk.events if isinstance(event, p.LiveStarted)][-1].input_device == "virtual"
    assert not [event for event in talk.events if isinstance(event, p.LiveStopped)]


def test_a_wish_that_cannot_be_met_changes_nothing(talk: Talk) -> None:
    assert "start it first" in talk.refused(p.SwitchLive(output=p.VIRTUAL_DEVICE))
    talk.ask(VIRTUAL)
    assert "Book 5" in talk.refused(p.SetLive(books=(4,)))
    assert "first books only" in talk.refused(p.SetLive(books=(1,)))
    assert "5 % is 0.05" in talk.refused(p.SetLive(channel=ChannelSettings(loss=5)))
    assert "no bfloat16 mode" in talk.refused(p.SetLive(mode="bfloat16"))
    assert "There is no mode quick" in talk.refused(p.SetLive(mode="quick"))
    status = talk.client.live_status
    assert status is not None
    seen = status["frames"]
    talk.until(lambda: status["frames"] > seen + 10)


def test_books_go_where_the_next_codec_has_no_such_choice(talk: Talk, tmp_path: Path, codec_file: Path) -> None:
    talk.ask(p.LoadCodec(str(kind_file(tmp_path, "tiny_held")), "cpu"))
    talk.ask(dataclasses.replace(VIRTUAL, books=(1,)))
    talk.ask(p.SwitchLive(source=str(codec_file), device="cpu"))
    talk.ask(p.SetLive(depth=2))
    assert len([event for event in talk.events if isinstance(event, p.LiveStarted)]) == 2
    assert not [event for event in talk.events if isinstance(event, p.LiveStopped | p.Notice)]


def test_a_codec_that_looks_ahead_is_heard_in_blocks(talk: Talk, tmp_path: Path, codec_file: Path) -> None:
    ahead = kind_file(tmp_path, "tiny_ahead")
    talk.ask(p.LoadCodec(str(ahead), "cpu"))
    path = speech_file(tmp_path, 2.0)
    events = talk.ask(p.StartLive(output=p.VIRTUAL_DEVICE, file=str(path), muted=False, buffered_s=0.1))
    started = next(event for event in events if isinstance(event, p.LiveStarted))
    assert "block" in [part.name for part in started.latency] and "looks ahead" in " ".join(started.notes)
    output, codes = talk.client.ring(started.output_ring), talk.client.ring(started.codes_ring)
    assert talk.next(p.LiveStopped).reason == ""
    status = talk.client.live_status
    assert status is not None and status["dropped_frames"] == 0
    assert output.latest(output.written).any() and codes.written > 900


def test_live_stops_for_a_codec_that_cannot_stream(talk: Talk, tmp_path: Path) -> None:
    ahead = kind_file(tmp_path, "tiny_ahead")
    talk.ask(VIRTUAL)
    assert "cannot stream" in talk.refused(p.SwitchLive(source=str(ahead), device="cpu"))
    talk.ask(p.LoadCodec(str(ahead), "cpu"))
    assert "buffered mode" in talk.next(p.LiveStopped).reason
    assert [event for event in talk.events if isinstance(event, p.CodecLoaded)][-1].info.family == "tiny_ahead"


def test_what_cannot_start_says_why(talk: Talk, tmp_path: Path) -> None:
    assert "missing.wav" in talk.refused(p.StartLive(output=p.VIRTUAL_DEVICE, file=str(tmp_path / "missing.wav")))
    assert "Depth 9" in talk.refused(p.StartLive(input=p.VIRTUAL_DEVICE, output=p.VIRTUAL_DEVICE, depth=9))
    assert "No such microphone" in talk.refused(p.StartLive(input="No such microphone", output=p.VIRTUAL_DEVICE))
