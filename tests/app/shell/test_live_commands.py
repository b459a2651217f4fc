"""The verbs of Live and what comes back, in the whole window on a fake engine."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from speefeare_core.codec import BookInfo
from speefeare_core.sessions.format import SessionInfo
from tests.app.shell.conftest import Desk
from tests.app.shell.fake_engine import RATE_HZ, codec_info
from workbench import commands, live_commands
from workbench.engine import protocol
from workbench.state.live_setup import LiveSetup


@pytest.fixture
def live_desk(loaded_desk: Desk) -> Desk:
    """Live runs, unmuted."""
    live_commands.start_live(loaded_desk.ctx)
    say_started(loaded_desk)
    live_commands.set_live(loaded_desk.ctx, muted=False)
    return loaded_desk


def say_started(desk: Desk, **changes: object) -> None:
    ring = object()
    started = protocol.LiveStarted(desk.ctx.live.request, RATE_HZ, "mic", "out", (), ring, ring, None, None)  # type: ignore[arg-type]
    desk.client.say(dataclasses.replace(started, **changes))
    desk.tick()


# -- switching --------------------------------------------------------------------------------------------------------
def test_another_codec_while_live_runs_is_a_switch(live_desk: Desk) -> None:
    ctx, client = live_desk.ctx, live_desk.client
    first, loads = ctx.live.request, client.count(protocol.LoadCodec)
    live_commands.set_live(ctx, depth=3)
    live_commands.set_live(ctx, books=(1, 3))
    live_commands.freeze_book(ctx, 3)
    commands.load_codec(ctx, "other")
    number, request = client.last(protocol.SwitchLive)
    assert request.source == "other" and client.count(protocol.LoadCodec) == loads and ctx.codec.loading
    client.say(protocol.CodecLoaded(number, codec_info("other", depth=3), "cpu", 0.1))
    say_started(live_desk)
    assert ctx.codec.info is not None and ctx.codec.info.name == "other" and ctx.live.running
    assert ctx.live.depth == 3 and ctx.live.setup.books == (1,)
    assert ctx.live.setup.channel.clean, "what the new codec cannot have is gone, as in the engine"
    assert ctx.live.request == first and not ctx.live.muted


def test_a_codec_that_cannot_be_had_leaves_live_as_it_was(live_desk: Desk) -> None:
    ctx, client = live_desk.ctx, live_desk.client
    commands.load_codec(ctx, "broken")
    client.say(protocol.Failed(client.last(protocol.SwitchLive)[0], "broken cannot be read."))
    live_desk.tick()
    assert ctx.live.running and not ctx.codec.loading and ctx.codec.info is not None and ctx.codec.info.name == "fake"
    assert live_desk.window.messages.text == "broken cannot be read."


def test_starting_anew_stays_as_loud_and_the_end_of_the_old_start_is_no_end(live_desk: Desk) -> None:
    ctx, client = live_desk.ctx, live_desk.client
    old = ctx.live.request
    live_commands.choose_devices(ctx, source="generator:sweep")
    request = client.last(protocol.StartLive)[1]
    assert request.generator == "sweep" and not request.muted
    client.say(protocol.LiveStopped(old))
    live_desk.tick()
    assert ctx.live.running
    say_started(live_desk)
    client.say(protocol.LiveStopped(ctx.live.request, "The device went away."))
    live_desk.tick()
    assert not ctx.live.running and ctx.live.message == "The device went away."


def test_the_step_is_switched_and_blocks_take_a_new_start(live_desk: Desk) -> None:
    ctx, client = live_desk.ctx, live_desk.client
    starts = client.count(protocol.StartLive)
    live_commands.choose_step(ctx, frames=4, buffered_s=0.0, max_queue_frames=6)
    assert client.last(protocol.SwitchLive)[1] == protocol.SwitchLive(frames_per_step=4)
    client.say(protocol.Failed(len(client.sent), "Too slow."))
    live_desk.tick()
    assert ctx.live.setup.frames == 1 and client.count(protocol.StartLive) == starts
    live_commands.choose_step(ctx, frames=2, buffered_s=1.0, max_queue_frames=10)
    request = client.last(protocol.StartLive)[1]
    assert (request.frames_per_step, request.buffered_s, request.max_queue_frames) == (2, 1.0, 10)


def test_the_howl_guard_is_a_choice(live_desk: Desk) -> None:
    ctx, client = live_desk.ctx, live_desk.client
    assert client.last(protocol.StartLive)[1].howl_guard
    live_desk.window.actions_by_key["howl_guard"].trigger()
    assert not client.last(protocol.StartLive)[1].howl_guard and not ctx.live.setup.howl_guard
    assert not live_desk.window.actions_by_key["howl_guard"].isChecked()


# -- books ------------------------------------------------------------------------------------------------------------
def test_books_are_soloed_and_the_last_one_stays(live_desk: Desk) -> None:
    ctx = live_desk.ctx
    live_commands.solo_book(ctx, 2)
    assert ctx.live.setup.books == (2,)
    live_commands.toggle_book(ctx, 2)
    assert ctx.live.setup.books == (2,), "silence is what Mute is for"
    live_commands.solo_book(ctx, 2)
    assert ctx.live.setup.books == ()
    live_commands.solo_book(ctx, 8)
    assert ctx.live.setup.books == (), "there are four"
    live_commands.toggle_book(ctx, 3)
    assert ctx.live.depth == 3 and ctx.live.setup.books == (), "the first three are a depth"
    live_commands.step_live_depth(ctx, 1)
    live_commands.step_live_depth(ctx, 1)
    assert ctx.live.depth == 4
    live_commands.solo_book(ctx, 1)
    live_commands.step_live_depth(ctx, -1)
    assert live_desk.client.last(protocol.SetLive)[1] == protocol.SetLive(depth=3, books=())


def test_keys_without_a_codec_do_nothing(desk: Desk) -> None:
    for verb in (live_commands.solo_book, live_commands.toggle_book, live_commands.freeze_book):
        verb(desk.ctx, 0)
    live_commands.step_live_depth(desk.ctx, 1)
    live_commands.estimate(desk.ctx)
    live_commands.measure_round_trip(desk.ctx)
    live_commands.toggle_freeze(desk.ctx)
    live_commands.toggle_replay(desk.ctx)
    assert desk.client.sent == [] and desk.ctx.live.setup == LiveSetup()


def test_one_semantic_book_alone_is_a_depth_where_books_are_split(live_desk: Desk) -> None:
    ctx, client = live_desk.ctx, live_desk.client
    books = (BookInfo(1024, 50.0, "semantic"), *(BookInfo(1024, 50.0),) * 3)
    ctx.codec.set_codec(dataclasses.replace(codec_info(), books=books, depth_mode="split"), "cpu")
    live_commands.set_books(ctx, (0,))
    assert client.last(protocol.SetLive)[1] == protocol.SetLive(depth=1, books=())
    ctx.codec.set_codec(dataclasses.replace(codec_info(), depth_mode="parallel"), "cpu")
    live_commands.set_books(ctx, (0, 1))
    assert client.last(protocol.SetLive)[1] == protocol.SetLive(books=(0, 1)), "side by side there are no depths"


# -- recording, freezing, measuring -----------------------------------------------------------------------------------
def test_recording_goes_into_a_new_folder_and_says_where(live_desk: Desk, tmp_path: Path) -> None:
    ctx, client = live_desk.ctx, live_desk.client
    ctx.settings.sessions_folder = str(tmp_path)
    live_commands.toggle_record(ctx)
    folder = client.last(protocol.RecordLive)[1].folder
    assert Path(folder).parent == tmp_path and not Path(folder).exists() and ctx.live.recording == folder
    live_commands.toggle_record(ctx)
    number, request = client.last(protocol.RecordLive)
    assert request.folder is None and ctx.live.recording
    client.say(protocol.LiveRecorded(number, folder, 12.34))
    live_desk.tick()
    assert not ctx.live.recording and ctx.live.recorded == folder
    assert live_desk.window.messages.text == f"Recorded 12.3 s into {folder}."
    assert live_desk.window.actions_by_key["open_recording"].isEnabled()


def test_a_folder_that_cannot_be_written_ends_the_recording(live_desk: Desk) -> None:
    ctx, client = live_desk.ctx, live_desk.client
    live_commands.record(ctx, "/nowhere/x")
    client.say(protocol.Failed(len(client.sent), "/nowhere cannot be written."))
    live_desk.tick()
    assert ctx.live.recording == "" and ctx.live.running


def test_a_recording_opens_with_its_codec(loaded_desk: Desk, tmp_path: Path) -> None:
    client = loaded_desk.client
    folder = tmp_path / "live"
    folder.mkdir()
    info = SessionInfo("other-codec", codec_info("other"), "2026-01-01T00:00:00+00:00", complete=True)
    (folder / "session.json").write_text(info.to_json())
    loaded_desk.window.open_paths([str(folder)])
    assert client.last(protocol.LoadCodec)[1].source == "other-codec"
    client.say_codec(codec_info("other", source="other-codec"))
    loaded_desk.tick()
    assert client.last(protocol.ProcessClip)[1].path == str(folder / "input.wav")
    loads = client.count(protocol.LoadCodec)
    loaded_desk.window.open_paths([str(folder / "session.json")])
    assert client.count(protocol.LoadCodec) == loads, "that codec is loaded"
    (folder / "session.json").write_text(json.dumps({"speefeare_session": "1"}))
    loaded_desk.window.open_paths([str(folder)])
    assert "is damaged" in loaded_desk.window.messages.text


def test_the_other_sound_of_a_recording_and_one_that_was_never_ended(loaded_desk: Desk, tmp_path: Path) -> None:
    from speefeare_core.sessions.writer import SessionWriter

    desk, client = loaded_desk, loaded_desk.client
    assert not desk.window.actions_by_key["other_sound"].isEnabled()
    info = codec_info("other")
    writer = SessionWriter(tmp_path / "live", SessionInfo("other-codec", info, "2026-01-01T00:00:00+00:00"))
    sound = np.full((info.channels, info.hop_samples), 0.5, np.float32)
    writer.add_step(sound, -sound, np.zeros((info.depth, 1), np.int32), 0.0, 0.001)
    writer.flush()
    writer.close(complete=False)
    desk.window.open_paths([str(tmp_path / "live")])
    assert "was not ended" in desk.window.messages.text
    client.say_codec(codec_info("other", source="other-codec"))
    desk.tick()
    for name, other in (("input.wav", "output.wav"), ("output.wav", "input.wav")):
        desk.ctx.clip.data.path = str(tmp_path / "live" / name)
        desk.window.update_actions()
        assert desk.window.actions_by_key["other_sound"].isEnabled()
        desk.window.actions_by_key["other_sound"].trigger()
        assert client.last(protocol.ProcessClip)[1].path == str(tmp_path / "live" / other)


def frozen_event(desk: Desk, number: int) -> protocol.LiveFrozen:
    sound = np.zeros((1, 10 * RATE_HZ), np.float32)
    share = desk.client.share
    return protocol.LiveFrozen(
        number, share(sound), share(sound), share(np.zeros((4, 500), np.int32)), None, RATE_HZ, 50.0
    )


def test_the_frozen_minute_is_heard_in_the_place_of_live(live_desk: Desk) -> None:
    ctx, client, status = live_desk.ctx, live_desk.client, live_desk.client.live_status
    assert status is not None
    status["replay_position"] = -1.0
    live_desk.window.show_panel("live")
    live_commands.toggle_freeze(ctx)
    live_commands.toggle_freeze(ctx)
    number, request = client.last(protocol.FreezeLive)
    assert request.frozen and client.count(protocol.FreezeLive) == 1, "it is on its way"
    client.say(frozen_event(live_desk, number))
    live_desk.tick(3)
    assert ctx.live.frozen is not None and ctx.live.stretch == (4 * RATE_HZ, 10 * RATE_HZ)
    live_commands.toggle_replay(ctx)
    assert client.last(protocol.ReplayFrozen)[1] == protocol.ReplayFrozen(4 * RATE_HZ, 10 * RATE_HZ, "output")
    live_desk.tick(2)
    assert ctx.live.heard == "output", "the engine has not begun"
    status["replay_position"] = 70_000.0
    live_desk.tick()
    status["replay_position"] = -1.0
    live_desk.tick()
    assert ctx.live.heard == "", "it came to its end"
    live_commands.toggle_replay(ctx, "input")
    live_commands.toggle_replay(ctx, "input")
    assert client.last(protocol.ReplayFrozen)[1].start is None
    live_commands.toggle_freeze(ctx)
    assert client.last(protocol.FreezeLive)[1].frozen is False and ctx.live.frozen is None


def test_what_cannot_be_frozen_or_measured_is_told_and_can_be_tried_again(live_desk: Desk) -> None:
    ctx, client = live_desk.ctx, live_desk.client
    for verb in (live_commands.toggle_freeze, live_commands.measure_round_trip):
        verb(ctx)
        verb(ctx)
        client.say(protocol.Failed(len(client.sent), "Nothing was heard yet."))
        live_desk.tick()
        sent = len(client.sent)
        verb(ctx)
        assert len(client.sent) == sent + 1


def test_step_sizes_are_timed_while_live_is_stopped(loaded_desk: Desk) -> None:
    ctx, client = loaded_desk.ctx, loaded_desk.client
    live_commands.estimate(ctx)
    live_commands.estimate(ctx)
    number, request = client.last(protocol.EstimateLive)
    assert request.modes == ("float32",) and client.count(protocol.EstimateLive) == 1
    points = (
        protocol.LiveEstimate(1, "float32", 4.0, 6.0, 0.2, 44.0),
        protocol.LiveEstimate(2, "float32", 6.0, 8.0, 0.15, 66.0),
    )
    client.say(protocol.LiveEstimated(number, points, "1 frame a step is steady."), protocol.Done(number, 0.5))
    loaded_desk.tick()
    assert (
        [point.frames for point in ctx.live.estimates] == [1, 2] and ctx.live.advice and not ctx.live.estimate_request
    )
    live_commands.set_live(ctx, mode="bfloat16")
    live_commands.estimate(ctx)
    number = client.last(protocol.EstimateLive)[0]
    client.say(protocol.LiveEstimated(number, (protocol.LiveEstimate(1, "bfloat16", 2.0, 3.0, 0.1, 42.0),)))
    loaded_desk.tick()
    assert [point.mode for point in ctx.live.estimates] == ["float32", "float32", "bfloat16"], "modes are compared"
    commands.load_codec(ctx, "other")
    client.say_codec(codec_info("other"))
    loaded_desk.tick()
    assert ctx.live.estimates == (), "they were of another codec"


def test_a_dead_engine_ends_everything_of_live(live_desk: Desk) -> None:
    ctx, client = live_desk.ctx, live_desk.client
    live_commands.record(ctx, "/x")
    live_commands.measure_round_trip(ctx)
    client.alive = False
    live_desk.tick(2)
    live = ctx.live
    assert not live.running and not live.recording and not live.measure_request and live.rings == {}
    assert live.message == "Live ended because the engine stopped."
