"""What a person asks for, what the engine is asked, and what its answers change."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.app.shell.conftest import Desk
from tests.app.shell.fake_engine import RATE_HZ, codec_info
from workbench import commands, live_commands
from workbench.engine import protocol


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    """Without panels, which ask for things of their own."""
    return make_desk(panels=False)


def test_a_clip_opened_before_the_codec_waits_for_it(desk: Desk) -> None:
    desk.ready()
    commands.load_codec(desk.ctx, "fake")
    commands.open_clip(desk.ctx, "/clips/a.wav")
    assert desk.client.count(protocol.ProcessClip) == 0
    desk.client.say_codec()
    desk.tick()
    assert desk.client.last(protocol.ProcessClip)[1].path == "/clips/a.wav"


@pytest.mark.parametrize("loads", [True, False])
def test_without_a_clip_a_load_leaves_no_endless_progress(desk: Desk, loads: bool) -> None:
    desk.ready()
    commands.load_codec(desk.ctx, "fake")
    number = desk.client.last(protocol.LoadCodec)[0]
    desk.client.say(protocol.Progress(number, "Loading the codec", 0.0, 1.0))
    desk.tick()
    assert desk.ctx.clip.stage == "Loading the codec"
    if loads:
        desk.client.say_codec()
    else:
        desk.client.say(protocol.Failed(number, "That file is bad."))
    desk.tick()
    assert desk.ctx.clip.stage == ""


def test_what_is_asked_while_the_engine_starts_is_done_when_it_is_ready(desk: Desk) -> None:
    commands.load_codec(desk.ctx, "fake")
    commands.open_clip(desk.ctx, "/clips/a.wav")
    assert desk.client.sent == []
    desk.ready()
    assert desk.client.last(protocol.LoadCodec)[1].source == "fake"
    desk.client.say_codec()
    desk.tick()
    assert desk.client.count(protocol.ProcessClip) == 1


def test_everything_a_clip_brings_arrives_in_the_state(loaded_desk: Desk) -> None:
    data = loaded_desk.ctx.clip.data
    assert data.path == "/clips/a.wav" and data.length_samples == RATE_HZ
    assert set(data.renders) == set(data.peaks) == {0, 1, 2, 3, 4}
    assert data.renders[3].si_sdr_db == 18.0
    assert data.codes[0].shape == (4, 50) and data.latents is not None
    assert loaded_desk.ctx.clip.complete and not loaded_desk.ctx.clip.stage
    assert loaded_desk.ctx.time_view.end_s == pytest.approx(1.0)


def test_another_codec_processes_the_clip_again_and_keeps_cursor_loop_and_zoom(loaded_desk: Desk) -> None:
    ctx, client = loaded_desk.ctx, loaded_desk.client
    commands.seek(ctx, 4000)
    client.say(protocol.Done(client.last(protocol.Seek)[0], 0.0))
    client.player_status["position"] = 4000.0
    commands.set_loop(ctx, 2000, 6000)
    commands.select_depth(ctx, 3)
    ctx.time_view.set_range(0.2, 0.4)
    commands.load_codec(ctx, "other")
    client.say_codec(codec_info("other", depth=2))
    loaded_desk.tick(2)
    assert client.last(protocol.ProcessClip)[1].path == "/clips/a.wav"
    client.say_clip(depths=(1, 2))
    loaded_desk.tick(5)
    assert ctx.playback.position == 4000 and client.last(protocol.Seek)[1].sample == 4000
    assert ctx.playback.loop == (2000, 6000) and ctx.playback.looping
    assert client.last(protocol.SetLoop)[1] == protocol.SetLoop(2000, 6000)
    assert ctx.playback.depth == 2  # the third does not exist any more
    assert ctx.time_view.start_s == pytest.approx(0.2)


def test_another_clip_starts_afresh(loaded_desk: Desk) -> None:
    ctx = loaded_desk.ctx
    commands.seek(ctx, 4000)
    commands.set_loop(ctx, 2000, 6000)
    loaded_desk.with_clip("/clips/b.wav")
    assert ctx.clip.data.path == "/clips/b.wav"
    assert ctx.playback.position == 0 and ctx.playback.loop is None and not ctx.playback.looping


def test_answers_to_older_requests_are_dropped(loaded_desk: Desk) -> None:
    ctx, client = loaded_desk.ctx, loaded_desk.client
    old = client.last(protocol.ProcessClip)[0]
    commands.open_clip(ctx, "/clips/b.wav")
    audio = client.share(ctx.clip.data.renders[0].audio)
    client.say(
        protocol.ClipOpened(old, "/clips/late.wav", 8000, 1, "WAV", RATE_HZ, audio, 0.0, False),
        protocol.RenderReady(old, 1, audio, 3.0, 0, 99.0, 1.0),
        protocol.Progress(old, "Old work", 1, 2),
    )  # fmt: skip
    loaded_desk.tick(3)
    assert ctx.clip.data.path == "/clips/a.wav"
    assert ctx.clip.data.renders[1].si_sdr_db != 99.0
    assert ctx.clip.stage != "Old work"


def test_a_codec_that_was_overtaken_does_not_appear(desk: Desk) -> None:
    desk.ready()
    commands.load_codec(desk.ctx, "first")
    first = desk.client.last(protocol.LoadCodec)[0]
    commands.load_codec(desk.ctx, "second")
    desk.client.say(protocol.CodecLoaded(first, codec_info("first"), "cpu", 0.1))
    desk.tick()
    assert desk.ctx.codec.info is None
    desk.client.say_codec(codec_info("second"))
    desk.tick()
    assert desk.ctx.codec.info is not None and desk.ctx.codec.info.name == "second"


def test_a_codec_that_cannot_be_loaded_leaves_the_one_before_and_goes_on_with_the_clip(desk: Desk) -> None:
    desk.ready().with_codec()
    ctx, client = desk.ctx, desk.client
    commands.open_clip(ctx, "/clips/a.wav")
    commands.load_codec(ctx, "/codecs/broken.safetensors")
    assert client.last(protocol.Cancel)[1].target_id == client.last(protocol.ProcessClip)[0]
    client.say(protocol.Failed(client.last(protocol.LoadCodec)[0], "broken.safetensors is damaged."))
    desk.tick()
    assert ctx.codec.info is not None and ctx.codec.info.name == "fake" and not ctx.codec.loading
    assert client.count(protocol.ProcessClip) == 2
    assert desk.window.messages.text == "broken.safetensors is damaged."


def test_a_clip_that_cannot_be_read_leaves_the_one_before(loaded_desk: Desk) -> None:
    ctx, client = loaded_desk.ctx, loaded_desk.client
    commands.open_clip(ctx, "/clips/empty.wav")
    client.say(protocol.Failed(client.last(protocol.ProcessClip)[0], "/clips/empty.wav is empty (0 bytes)."))
    loaded_desk.tick()
    assert ctx.clip.data.path == ctx.clip.wanted == "/clips/a.wav" and not ctx.clip.stage
    assert loaded_desk.window.messages.text == "/clips/empty.wav is empty (0 bytes)."
    commands.want_depth(ctx, 2)
    number = client.last(protocol.WantDepth)[0]
    client.say(client.spectrogram(number, 2, 100), protocol.Done(number, 0.1))
    loaded_desk.tick(2)
    assert 2 in ctx.clip.data.spectrograms


def test_a_depth_is_wanted_once(loaded_desk: Desk) -> None:
    ctx, client = loaded_desk.ctx, loaded_desk.client
    commands.want_depth(ctx, 3)
    commands.want_depth(ctx, 3)
    assert client.count(protocol.WantDepth) == 1
    number = client.last(protocol.WantDepth)[0]
    client.say(client.spectrogram(number, 3, 100), protocol.Done(number, 0.1))
    loaded_desk.tick(2)
    commands.want_depth(ctx, 3)  # it is there now
    commands.want_depth(ctx, 99)  # there is no such depth
    assert client.count(protocol.WantDepth) == 1


def test_cancel_stops_whatever_is_under_way(desk: Desk) -> None:
    desk.ready().with_codec()
    ctx, client = desk.ctx, desk.client
    commands.open_clip(ctx, "/clips/a.wav")
    client.say_clip(done=False)
    desk.tick(5)
    commands.want_depth(ctx, 2)
    commands.cancel_work(ctx)
    targets = {request.target_id for request in client.sent if isinstance(request, protocol.Cancel)}
    assert targets == {client.last(protocol.ProcessClip)[0], client.last(protocol.WantDepth)[0]}
    client.say(*(protocol.Voided(target) for target in targets))
    desk.tick()
    assert not ctx.clip.stage and not ctx.clip.depth_requests and ctx.clip.is_open


def test_a_seek_is_not_undone_by_an_older_position(loaded_desk: Desk) -> None:
    ctx, client = loaded_desk.ctx, loaded_desk.client
    client.player_status["position"] = 100.0
    commands.seek(ctx, 9000)
    loaded_desk.tick()
    assert ctx.playback.position == 9000
    client.player_status["position"] = 9010.0
    client.say(protocol.Done(client.last(protocol.Seek)[0], 0.0))
    loaded_desk.tick()
    assert ctx.playback.position == 9010


def test_seeking_stays_inside_the_clip(loaded_desk: Desk) -> None:
    commands.seek(loaded_desk.ctx, -5)
    assert loaded_desk.client.last(protocol.Seek)[1].sample == 0
    commands.seek_by(loaded_desk.ctx, 60.0)
    assert loaded_desk.client.last(protocol.Seek)[1].sample == RATE_HZ - 1
    commands.play(loaded_desk.ctx)
    assert loaded_desk.client.last(protocol.Seek)[1].sample == 0  # at the end, play means from the start


def test_playing_follows_the_engine(loaded_desk: Desk) -> None:
    ctx, client = loaded_desk.ctx, loaded_desk.client
    commands.toggle_play(ctx)
    client.player_status["playing"] = 1.0
    loaded_desk.tick()
    assert ctx.playback.playing
    commands.toggle_play(ctx)
    assert isinstance(client.sent[-1], protocol.Pause)


def test_looping_without_a_region_takes_the_whole_clip(loaded_desk: Desk) -> None:
    commands.toggle_loop(loaded_desk.ctx)
    assert loaded_desk.client.sent[-1] == protocol.SetLoop(0, RATE_HZ)
    commands.toggle_loop(loaded_desk.ctx)
    assert loaded_desk.client.sent[-1] == protocol.SetLoop(None, None)
    commands.set_loop(loaded_desk.ctx, 900, 300)  # dragged from right to left
    assert loaded_desk.client.sent[-1] == protocol.SetLoop(300, 900)


def test_a_depth_that_does_not_exist_is_a_sentence(loaded_desk: Desk) -> None:
    commands.select_depth(loaded_desk.ctx, 5)
    assert loaded_desk.window.messages.text == "Depth 5 does not exist in fake: choose 0 (the original) to 4."
    assert loaded_desk.ctx.playback.depth == 0


def test_blind_listening_shuffles_every_version_and_hides_none(loaded_desk: Desk) -> None:
    ctx, client = loaded_desk.ctx, loaded_desk.client
    orders = set()
    for _ in range(40):
        commands.set_blind(ctx, True)
        assert sorted(ctx.playback.blind_order) == [0, 1, 2, 3, 4]
        orders.add(ctx.playback.blind_order)
    assert len(orders) > 10  # 120 orders: that forty draws give ten or fewer has no measurable chance
    commands.select_label(ctx, 2)
    assert client.sent[-1] == protocol.SelectDepth(ctx.playback.blind_order[2], blind=True)
    order = ctx.playback.blind_order
    commands.step_depth(ctx, 1)
    assert ctx.playback.depth == order[3]
    commands.reveal_blind(ctx)
    assert not ctx.playback.blind and ctx.playback.revealed_order == order
    commands.select_depth(ctx, 1)
    assert client.sent[-1] == protocol.SelectDepth(1, blind=False)


def test_blind_listening_without_a_clip_is_a_sentence(desk: Desk) -> None:
    desk.ready().with_codec()
    commands.set_blind(desk.ctx, True)
    assert not desk.ctx.playback.blind and "open a clip first" in desk.window.messages.text


def test_live_starts_muted_with_the_file_as_microphone_and_stops(loaded_desk: Desk) -> None:
    ctx, client = loaded_desk.ctx, loaded_desk.client
    live_commands.start_live(ctx, source="file:/clips/a.wav", output="virtual", frames=2)
    number, request = client.last(protocol.StartLive)
    assert request.muted and request.file == "/clips/a.wav" and request.depth == 4 and request.frames_per_step == 2
    ring = object()
    client.say(protocol.LiveStarted(number, RATE_HZ, "virtual", "virtual", (), ring, ring, None, None))  # type: ignore[arg-type]
    loaded_desk.tick()
    assert ctx.live.running and set(ctx.live.rings) == {"input", "output"}
    live_commands.set_live(ctx, muted=False, depth=2)
    assert client.sent[-1] == protocol.SetLive(depth=2, muted=False)
    loaded_desk.tick()
    assert not ctx.live.muted
    client.live_status["muted"] = 1.0  # the howl guard
    loaded_desk.tick(20)
    assert ctx.live.muted and ctx.live.counters["muted"] == 1.0
    live_commands.stop_live(ctx)
    client.say(protocol.LiveStopped(client.last(protocol.StopLive)[0]))
    loaded_desk.tick()
    assert not ctx.live.running and ctx.live.rings == {}


def test_a_live_session_that_cannot_start_says_why(loaded_desk: Desk) -> None:
    ctx, client = loaded_desk.ctx, loaded_desk.client
    live_commands.start_live(ctx, source="gone", output="virtual")
    client.say(protocol.Failed(client.last(protocol.StartLive)[0], "There is no input device gone."))
    loaded_desk.tick()
    assert ctx.live.message == "There is no input device gone." and not ctx.live.running


def test_arrays_that_are_gone_are_skipped(loaded_desk: Desk) -> None:
    client = loaded_desk.client
    number = client.last(protocol.ProcessClip)[0]
    ref = client.share(loaded_desk.ctx.clip.data.renders[0].audio)
    del client.arrays[ref.name]
    client.say(protocol.RenderReady(number, 2, ref, 0.0, 0, 99.0, 1.0))
    loaded_desk.tick()
    assert loaded_desk.ctx.clip.data.renders[2].si_sdr_db == 12.0


def test_the_cursor_survives_the_moment_when_the_engine_has_no_clip(loaded_desk: Desk) -> None:
    ctx, client = loaded_desk.ctx, loaded_desk.client
    commands.seek(ctx, 4000)
    client.say(protocol.Done(client.last(protocol.Seek)[0], 0.0))
    client.player_status["position"] = 4000.0
    commands.load_codec(ctx, "other")
    client.say_codec()
    client.player_status["position"] = 0.0  # the engine's player is empty now
    loaded_desk.tick(3)
    assert ctx.playback.position == 4000
    client.say_clip()
    loaded_desk.tick(5)
    assert client.last(protocol.Seek)[1].sample == 4000
