"""Live sessions recorded: every step is in the folder, the replay gives the same codes, and live is never held up."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from speefeare_core import audio
from speefeare_core.channel.settings import ChannelSettings
from speefeare_core.checkpoints.load import load_codec
from speefeare_core.codecs import FAMILIES
from speefeare_core.errors import SpeefeareError
from speefeare_core.sessions import writer as session_writer
from speefeare_core.sessions.format import Change, Dropped, StreamStart
from speefeare_core.sessions.reader import Session
from speefeare_core.sessions.replay import replay
from tests.app.engine.harness import Talk, speech_file
from tests.core.small_mimi import small_codec as small_mimi
from tests.core.tiny_codec import FAMILY, TinyCodec, tiny_file
from workbench.engine import protocol as p
from workbench.engine.memory import Status
from workbench.engine.protocol import LIVE_STATUS, SetLive, StartLive
from workbench.engine.server.live_coder import StreamCoder
from workbench.engine.server.live_core import LiveCore
from workbench.engine.server.live_hooks import Tap
from workbench.engine.server.live_prepare import Prepared, prepare
from workbench.engine.server.recorder import FLUSH_S, Recorder


class Stage:
    """A live session without threads: what is posted is done before the next step."""

    def __init__(self, codec: object, **request: object) -> None:
        self.codec = codec
        self.request = StartLive(muted=False, **request)  # type: ignore[arg-type]
        self.bypass = False
        self.status = Status.create(LIVE_STATUS)
        self.prepared: Prepared = prepare(codec, self.request, None)  # type: ignore[arg-type]
        self.core = LiveCore(codec.info, self.prepared.coder, self.request, self.status, None, guard=False)  # type: ignore[attr-defined]
        self.core.begin(0)
        self.events: list[p.Event] = []
        self.draw = np.random.default_rng(7)
        self.lost = 0

    @property
    def dropped_frames(self) -> int:
        return self.lost

    def post(self, action: object) -> None:
        action()  # type: ignore[operator]

    def add_tap(self, tap: Tap) -> None:
        self.core.add_tap(tap)

    def remove_tap(self, tap: Tap) -> None:
        self.core.remove_tap(tap)

    def change(self, **changes: object) -> None:
        from workbench.engine.server.live import merged

        request = SetLive(**changes)  # type: ignore[arg-type]
        self.core.change(request)
        if request.bypass is not None:
            self.bypass = request.bypass
        self.request = merged(self.request, request)

    def run(self, steps: int) -> None:
        for _ in range(steps):
            noise = self.draw.standard_normal((self.core.info.channels, self.core.step_samples))
            self.core.push((0.1 * noise).astype(np.float32))
            assert self.core.step()
            self.core.pull(self.core.step_samples)

    def recorder(self, folder: Path) -> Recorder:
        return Recorder(str(folder), self, self.events.append)  # type: ignore[arg-type]

    def close(self) -> None:
        self.core.coder.close()
        self.core.taps.unlink()
        self.status.unlink()


@pytest.fixture
def stage(request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    made = Stage(getattr(request, "param", TinyCodec)())
    yield made
    made.close()


@pytest.mark.parametrize("stage", [TinyCodec, small_mimi], indirect=True)
def test_a_recording_in_the_middle_of_a_session_replays_to_the_last_code(stage: Stage, tmp_path: Path) -> None:
    stage.run(9)
    recorder = stage.recorder(tmp_path / "s")
    stage.run(12)
    stage.change(depth=2)
    stage.run(8)
    stage.lost = 5
    stage.run(3)
    assert recorder.stop(77)
    recorder.join()
    stage.run(2)  # which nobody hears
    session = Session.open(tmp_path / "s")
    hop = stage.core.info.hop_samples
    assert session.info.complete and session.length_samples == 23 * hop and session.dropped_frames == 5
    assert [row.at for row in session.rows if isinstance(row, Change)] == [0, 12 * hop]
    assert [row.at for row in session.rows if isinstance(row, Dropped)] == [20 * hop]
    report = replay(session, stage.codec)  # type: ignore[arg-type]
    assert report.passed and report.codes_equal == 1.0 and report.frames == 23 and report.same_weights
    recorded, done = stage.events[-2:]
    assert isinstance(recorded, p.LiveRecorded) and recorded.seconds == pytest.approx(session.length_s)
    assert done == p.Done(77, 0.0) and not recorder.stop(78), "nothing follows what has ended"


@pytest.mark.parametrize("stage", [TinyCodec, small_mimi], indirect=True)
def test_another_stream_costs_one_step_of_the_comparison(stage: Stage, tmp_path: Path) -> None:
    stage.run(3)
    recorder = stage.recorder(tmp_path / "s")
    stage.run(5)
    coder = stage.core.coder
    assert isinstance(coder, StreamCoder)
    coder.take_over(stage.codec.stream(start="silence"), [])  # type: ignore[attr-defined]
    stage.run(10)
    recorder.stop()
    recorder.join()
    session = Session.open(tmp_path / "s")
    starts = [row for row in session.rows if isinstance(row, StreamStart)]
    hop = stage.core.info.hop_samples
    assert [(start.at // hop, start.known) for start in starts] == [(0, True), (5, False), (6, True)]
    report = replay(session, stage.codec)  # type: ignore[arg-type]
    assert report.codes_equal == 1.0 and report.frames == 14, "the plain stream's state too, after a plan's"


def test_gain_mix_channel_and_bypass_are_in_the_folder(stage: Stage, tmp_path: Path) -> None:
    recorder = stage.recorder(tmp_path / "s")
    for change in (
        {"output_gain_db": -6.0},
        {"mix": 0.3},
        {"mix": 1.0, "channel": ChannelSettings(loss=0.5)},
        {"channel": ChannelSettings(), "bypass": True},
        {"bypass": False, "input_gain_db": 3.0, "output_gain_db": 0.0},
    ):
        stage.change(**change)
        stage.run(20)
    recorder.stop()
    recorder.join()
    session = Session.open(tmp_path / "s")
    changes = [row.values for row in session.rows if isinstance(row, Change)]
    assert changes[1] == {"output_gain_db": -6.0} and changes[3]["channel"]["loss"] == 0.5
    report = replay(session, stage.codec)  # type: ignore[arg-type]
    assert report.passed and report.codes_equal == 1.0 and report.frames == 100
    assert report.left_out["the channel changed the codes"] == pytest.approx(20 * 64 / 16_000)
    assert report.output_s > 0.15


def test_a_full_disk_ends_the_recording_and_not_the_session(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = stage.recorder(tmp_path / "s")
    stage.run(6)
    limit = time.monotonic() + 20
    while not Session.open(tmp_path / "s").length_samples and time.monotonic() < limit:
        time.sleep(0.01)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(session_writer.GrowingWav, "write", full)
    stage.run(4)
    recorder.join(20)
    assert not recorder.running
    notice, recorded = stage.events
    assert isinstance(notice, p.Notice) and "No space left on device" in notice.sentence
    assert "Live goes on" in notice.sentence and "Traceback" not in notice.sentence
    assert isinstance(recorded, p.LiveRecorded) and recorded.request_id == 0
    assert recorded.seconds == pytest.approx(6 * 64 / 16_000), "what is on the disk"
    assert stage.core.listeners == ()
    stage.run(3)
    session = Session.open(tmp_path / "s")
    assert session.length_samples == 6 * 64 and "was not ended" in session.note
    assert replay(session, stage.codec).passed  # type: ignore[arg-type]


def test_a_disk_that_stands_still_does_not_fill_the_memory(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.engine.server.recorder.MOST_WAITING_S", 10 * 64 / 16_000)
    monkeypatch.setattr("workbench.engine.server.recorder.FLUSH_S", 20.0)
    recorder = stage.recorder(tmp_path / "s")
    stage.run(30)
    recorder.join(20)
    assert [type(event) for event in stage.events] == [p.Notice, p.LiveRecorded]
    assert "too slow" in str(stage.events[0])
    assert Session.open(tmp_path / "s").length_samples == 11 * 64


def test_a_folder_that_is_there_is_refused(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(SpeefeareError, match="is there already"):
        stage.recorder(tmp_path)
    assert stage.core.listeners == ()


# -- through the engine -------------------------------------------------------------------------------------------
@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process knows the tiny codec too."""
    monkeypatch.setitem(FAMILIES, FAMILY.key, FAMILY)


def start(talk: Talk, tmp_path: Path) -> Status:
    path = speech_file(tmp_path, 1.0)
    talk.ask(p.StartLive(output=p.VIRTUAL_DEVICE, file=str(path), loop_file=True, muted=False))
    status = talk.client.live_status
    assert status is not None
    return status


def test_record_change_and_stop_through_the_engine(talk: Talk, tmp_path: Path, known: None) -> None:
    folder = tmp_path / "s"
    assert "start it first" in talk.refused(p.RecordLive(str(folder)))
    status = start(talk, tmp_path)
    talk.ask(p.RecordLive(str(folder)))
    assert "runs already" in talk.refused(p.RecordLive(str(tmp_path / "other")))
    talk.until(lambda: status["recorded_s"] > 0.3)
    talk.ask(p.SetLive(depth=1))
    talk.ask(p.SwitchLive(frames_per_step=3))
    seen = status["recorded_s"]
    talk.until(lambda: status["recorded_s"] > seen + 0.3)
    events = talk.ask(p.RecordLive(None))
    recorded = next(event for event in events if isinstance(event, p.LiveRecorded))
    session = Session.open(folder)
    assert recorded.folder == str(folder) and recorded.seconds == pytest.approx(session.length_s)
    assert session.info.complete and session.length_s > 0.6 and session.info.settings["loop_file"] is True
    assert {step.samples for step in session.steps} == {64, 192}
    report = replay(session, load_codec(session.info.codec, "cpu"))
    assert report.codes_equal == 1.0 and report.output_error <= 1e-5 and report.same_weights
    assert report.frames >= session.length_samples // 64 - 4
    assert isinstance(talk.end(talk.client.send(p.RecordLive(None))), p.Done), "nothing to end is no fault"


def test_the_end_of_live_and_another_codec_end_it(talk: Talk, tmp_path: Path) -> None:
    status = start(talk, tmp_path)
    talk.ask(p.RecordLive(str(tmp_path / "a")))
    talk.until(lambda: status["recorded_s"] > 0.1)
    talk.ask(p.StopLive())
    assert talk.next(p.LiveRecorded).folder == str(tmp_path / "a")
    assert Session.open(tmp_path / "a").info.complete
    start(talk, tmp_path)
    talk.ask(p.RecordLive(str(tmp_path / "b")))
    (tmp_path / "other").mkdir()
    talk.ask(p.LoadCodec(str(tiny_file(tmp_path / "other", rate_hz=24_000, hop=96, depth=2)), "cpu"))
    recorded = talk.until(
        lambda: [event for event in talk.events if isinstance(event, p.LiveRecorded) and event.folder.endswith("b")]
    )
    assert any("Another codec took over" in event.sentence for event in talk.events if isinstance(event, p.Notice))
    session = Session.open(tmp_path / "b")
    assert session.info.complete and session.length_s == pytest.approx(recorded[0].seconds)
    assert session.info.info.rate_hz == 16_000


def test_a_killed_engine_leaves_all_but_the_last_moment(own: Talk, tmp_path: Path, known: None) -> None:
    status = start(own, tmp_path)
    own.ask(p.RecordLive(str(tmp_path / "s")))
    own.until(lambda: status["recorded_s"] > 1.0)
    seen = status["recorded_s"]
    process = own.client._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    session = Session.open(tmp_path / "s")
    assert "was not ended" in session.note
    assert session.length_s > seen - FLUSH_S - 1.0 and session.length_s > 0.2
    assert audio.read(tmp_path / "s" / "input.wav").length_samples >= session.length_samples
    assert replay(session, load_codec(session.info.codec, "cpu")).codes_equal == 1.0
