from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from speefeare_core.plans.modes import PlanReport
from tests.app.panels.known_clip import RATE_HZ, known_codec
from tests.app.panels.live_session import make_rings, say, say_started, write_second
from tests.app.shell.fake_engine import FakeClient
from workbench import commands, live_commands
from workbench.context import Context
from workbench.engine import protocol
from workbench.engine.memory import Ring
from workbench.panels import PanelInfo, panel_info
from workbench.panels.base import Panel
from workbench.panels.live import UNSEEN_MS, LivePanel
from workbench.state.sound import DeviceInfo
from workbench.widgets.colormap import code_table
from workbench.widgets.controls import Choice

Show = Callable[[PanelInfo, Context], Panel]
MICROPHONE = DeviceInfo("Mic", "ALSA", 1, 0, 48_000, 10.0)
MONITOR = DeviceInfo("Monitor of Headset", "Pulse", 1, 0, 48_000, 10.0, monitor=True)
HEADSET = DeviceInfo("Headset", "ALSA", 0, 2, 48_000, 10.0)


@pytest.fixture
def panel(loaded_context: Context, show: Show) -> LivePanel:
    panel = show(panel_info("live"), loaded_context)
    assert isinstance(panel, LivePanel)
    panel.resize(1280, 800)
    loaded_context.live.update(inputs=(MICROPHONE, MONITOR), outputs=(HEADSET,))
    return panel


@pytest.fixture
def rings() -> Iterator[dict[str, Ring]]:
    made = make_rings()
    yield made
    for ring in made.values():
        ring.close()
        ring.unlink()


@pytest.fixture
def running(panel: LivePanel, loaded_context: Context, client: FakeClient, rings: dict[str, Ring]) -> LivePanel:
    """The panel while live runs."""
    panel.transport.start.click()
    say_started(loaded_context, client, rings)
    return panel


def choose(choice: Choice, value: str) -> None:
    """As a hand does."""
    index = choice.findData(value)
    assert index >= 0, f"{value} is not among {choice.entries}"
    choice.setCurrentIndex(index)
    choice.activated.emit(index)


def refresh(panel: LivePanel) -> None:
    """Two frames: some views take turns."""
    panel.refresh()
    panel.refresh()


# -- sources and start ----------------------------------------------------------------------------------------------
def test_start_asks_for_the_chosen_devices(panel: LivePanel, client: FakeClient) -> None:
    choose(panel.sound.source, "Mic")
    choose(panel.sound.output, "Headset")
    assert client.count(protocol.SwitchLive) == 0
    panel.transport.start.click()
    request = client.last(protocol.StartLive)[1]
    assert (request.input, request.output, request.file, request.generator) == ("Mic", "Headset", None, None)
    assert request.muted and request.depth == 4


def test_it_says_that_it_starts_and_can_be_stopped_before_it_does(
    panel: LivePanel, client: FakeClient, loaded_context: Context, rings: dict[str, Ring]
) -> None:
    """A sound server that was asleep wakes for two seconds."""
    transport = panel.transport
    transport.start.click()
    assert transport.message.text().startswith("Starting") and transport.start.text() == "Stop"
    assert not transport.mute.isEnabled() and not panel.latency.estimate.isEnabled()
    choose(panel.sound.source, "generator:sine")
    transport.start.click()
    assert client.count(protocol.StopLive) == 1 and not transport.message.text().startswith("Starting")
    say_started(loaded_context, client, rings)
    assert client.count(protocol.StartLive) == 1, "what was chosen for a start that is unwanted starts nothing"
    say(loaded_context, client, protocol.LiveStopped(loaded_context.live.request, ""))
    assert transport.start.text() == "Start"


def test_a_start_that_failed_is_over_and_the_next_one_takes_its_sentence_back(
    panel: LivePanel, client: FakeClient, loaded_context: Context
) -> None:
    withdrawn: list[str] = []
    loaded_context.engine.message_withdrawn.connect(withdrawn.append)
    panel.transport.start.click()
    say(loaded_context, client, protocol.Failed(loaded_context.live.request, "There is no microphone."))
    assert panel.transport.start.text() == "Start" and panel.transport.message.text() == "There is no microphone."
    assert withdrawn == []
    panel.transport.start.click()
    assert withdrawn == ["There is no microphone."]
    panel.transport.start.click()
    panel.transport.start.click()
    assert len(withdrawn) == 1


def test_what_is_chosen_while_it_starts_happens_when_it_has(
    panel: LivePanel, client: FakeClient, loaded_context: Context, rings: dict[str, Ring]
) -> None:
    panel.transport.start.click()
    live_commands.set_live(loaded_context, depth=2, mix=0.5)
    assert client.count(protocol.SetLive) == 0
    say_started(loaded_context, client, rings)
    change = client.last(protocol.SetLive)[1]
    assert (change.depth, change.mix, change.books, change.input_gain_db) == (2, 0.5, None, None)
    say_started(loaded_context, client, rings)
    assert client.count(protocol.SetLive) == 1, "a switch is no start"


def test_another_source_chosen_while_it_starts_takes_a_new_start(
    panel: LivePanel, client: FakeClient, loaded_context: Context, rings: dict[str, Ring]
) -> None:
    panel.transport.start.click()
    choose(panel.sound.source, "generator:sine")
    assert client.count(protocol.StartLive) == 1
    say_started(loaded_context, client, rings)
    assert client.count(protocol.StartLive) == 2 and client.last(protocol.StartLive)[1].generator == "sine"
    say_started(loaded_context, client, rings)
    assert client.count(protocol.StartLive) == 2 and panel.transport.start.text() == "Stop"


def test_another_codec_that_came_while_it_started_is_the_one_that_is_heard(
    panel: LivePanel, client: FakeClient, loaded_context: Context, rings: dict[str, Ring]
) -> None:
    panel.transport.start.click()
    commands.load_codec(loaded_context, "other")
    number = client.last(protocol.LoadCodec)[0]
    other = dataclasses.replace(known_codec(), name="other")
    say(loaded_context, client, protocol.CodecLoaded(number, other, "cpu", 0.1))
    assert client.count(protocol.StartLive) == 1
    say_started(loaded_context, client, rings)
    assert client.count(protocol.StartLive) == 2


def test_a_file_a_generator_and_what_the_system_plays_can_be_the_microphone(
    panel: LivePanel, client: FakeClient, loaded_context: Context
) -> None:
    texts = dict(panel.sound.source.entries)
    assert texts["File: known.wav"] == "file:/clips/known.wav"
    assert texts["System sound: Monitor of Headset"] == "Monitor of Headset"
    choose(panel.sound.source, "file:/clips/known.wav")
    panel.transport.start.click()
    request = client.last(protocol.StartLive)[1]
    assert request.file == "/clips/known.wav" and request.loop_file and request.input == protocol.VIRTUAL_DEVICE
    panel.transport.start.click()
    say(loaded_context, client, protocol.LiveStopped(loaded_context.live.request, ""))
    choose(panel.sound.source, "generator:sine")
    assert panel.sound.beside.currentWidget() is panel.sound.tone, "a sine has a frequency"
    panel.sound.tone.setValue(1000)
    panel.transport.start.click()
    request = client.last(protocol.StartLive)[1]
    assert (request.generator, request.tone_hz, request.file) == ("sine", 1000.0, None)


def test_a_device_that_is_gone_stays_chosen_and_says_so(panel: LivePanel, loaded_context: Context) -> None:
    choose(panel.sound.source, "Mic")
    loaded_context.live.update(inputs=())
    assert panel.sound.source.value == "Mic" and panel.sound.source.currentText() == "Mic (not there)"


def test_devices_change_while_it_runs(running: LivePanel, client: FakeClient, loaded_context: Context) -> None:
    choose(running.sound.output, "Headset")
    assert client.last(protocol.SwitchLive)[1] == protocol.SwitchLive(output="Headset")
    number = len(client.sent)
    say(loaded_context, client, protocol.Failed(number, "Headset cannot be opened."))
    assert running.sound.output.value == "default", "live goes on as it was, and the list shows it"
    assert loaded_context.live.running
    starts = client.count(protocol.StartLive)
    choose(running.sound.source, "generator:sweep")
    assert client.count(protocol.StartLive) == starts + 1, "a generator takes a new start"


# -- while it runs ------------------------------------------------------------------------------------------------
def test_it_starts_muted_with_a_hint_and_mute_is_a_command(
    panel: LivePanel, client: FakeClient, loaded_context: Context, rings: dict[str, Ring]
) -> None:
    assert "headphones" in panel.transport.message.text() and not panel.transport.mute.isEnabled()
    panel.transport.start.click()
    say_started(loaded_context, client, rings)
    assert panel.transport.mute.isChecked() and "headphones" in panel.transport.message.text()
    panel.transport.mute.click()
    assert client.last(protocol.SetLive)[1].muted is False
    assert not panel.transport.mute.isChecked()
    panel.transport.bypass.click()
    assert client.last(protocol.SetLive)[1].bypass is True and panel.transport.bypass.isChecked()


def test_what_was_set_before_goes_with_the_start(panel: LivePanel, client: FakeClient) -> None:
    panel.sound.input_gain.setValue(6)
    panel.codec.mix.setValue(40)
    panel.channel.loss.setValue(20)
    choose(panel.codec.mode, "bfloat16")
    assert client.count(protocol.SetLive) == 0
    panel.transport.start.click()
    request = client.last(protocol.StartLive)[1]
    assert (request.input_gain_db, request.mix, request.channel.loss, request.mode) == (6.0, 0.4, 0.2, "bfloat16")


def test_depth_gains_and_mix_change_while_it_runs(running: LivePanel, client: FakeClient) -> None:
    running.codec.depth.setValue(2)
    assert client.last(protocol.SetLive)[1] == protocol.SetLive(depth=2)
    assert running.codec.depth_text.text() == "2 · 0.62 kbps"
    running.sound.output_gain.setValue(-3)
    assert client.last(protocol.SetLive)[1] == protocol.SetLive(output_gain_db=-3.0)
    running.codec.mix.setValue(25)
    assert client.last(protocol.SetLive)[1] == protocol.SetLive(mix=0.25)
    assert running.codec.mix_text.text() == "25 % codec"


def test_books_apart(running: LivePanel, client: FakeClient, loaded_context: Context) -> None:
    running.codec.books.toggled.emit(1)
    assert client.last(protocol.SetLive)[1].books == (0, 2, 3)
    assert running.codec.depth_text.text() == "3 books · 1.12 kbps"
    running.codec.books.frozen.emit(2)
    assert client.last(protocol.SetLive)[1].channel.frozen_books == (2,)
    assert running.codec.books.frozen_books == {2}
    running.codec.role_buttons["semantic"].click()
    assert client.last(protocol.SetLive)[1].depth == 1, "the first book alone is a depth"
    running.codec.role_buttons["acoustic"].click()
    assert client.last(protocol.SetLive)[1].books == (1, 2, 3)
    assert running.codec.role_buttons["acoustic"].isChecked() and not running.codec.role_buttons["all"].isChecked()
    running.channel.clear.click()
    assert loaded_context.live.setup.books == () and loaded_context.live.setup.channel.clean


def test_a_refused_wish_is_taken_back(running: LivePanel, client: FakeClient, loaded_context: Context) -> None:
    running.codec.books.toggled.emit(0)
    number = len(client.sent)
    assert running.codec.books.heard == {1, 2, 3}
    say(loaded_context, client, protocol.Failed(number, "known decodes the first books only."))
    assert running.codec.books.heard == {0, 1, 2, 3}
    assert loaded_context.engine.messages[-1] == "known decodes the first books only."
    for book, depth in ((2, 2), (3, 4), (0, 1), (0, 1)):
        running.codec.books.toggled.emit(book)
        assert client.last(protocol.SetLive)[1].depth == depth, "a ladder from now on"


def test_the_mode_shows_what_was_measured(
    running: LivePanel, client: FakeClient, loaded_context: Context, rings: dict[str, Ring]
) -> None:
    assert "100 % same tokens" in running.codec.plan.text()
    choose(running.codec.mode, "bfloat16")
    assert client.last(protocol.SetLive)[1].mode == "bfloat16"
    assert running.codec.plan.text() == "getting ready …"
    say(loaded_context, client, protocol.LivePlan(0, PlanReport("bfloat16", 1, True, 1.2, 0.9234, 7e-3)))
    assert running.codec.plan.text() == "92.34 % same tokens · error 7e-03"


def test_the_channel_is_set_by_hand_and_cleared(running: LivePanel, client: FakeClient) -> None:
    running.channel.loss.setValue(10)
    running.channel.burst.setValue(4)
    running.channel.packet.setValue(2)
    running.channel.bits.setValue(5)
    running.channel.conceal.click()
    sent = client.last(protocol.SetLive)[1].channel
    assert (sent.loss, sent.burst_packets, sent.packet_frames, sent.bit_errors, sent.conceal) == (
        0.1,
        4,
        2,
        1e-3,
        False,
    )
    running.channel.clear.click()
    sent = client.last(protocol.SetLive)[1].channel
    assert sent.clean and not sent.conceal, "how holes are filled is no part of what is wrong"
    assert running.channel.loss.value() == 0 and not running.channel.clear.isEnabled()


def test_stop(running: LivePanel, client: FakeClient, loaded_context: Context) -> None:
    assert running.transport.start.text() == "Stop"
    running.transport.start.click()
    assert client.count(protocol.StopLive) == 1
    say(loaded_context, client, protocol.LiveStopped(0, "The headset was unplugged."))
    assert running.transport.message.text() == "The headset was unplugged."
    assert running.transport.start.text() == "Start" and not running.transport.record.isEnabled()


# -- views ----------------------------------------------------------------------------------------------------------
def test_taps_reach_the_views_on_the_frame_clock(
    running: LivePanel, loaded_context: Context, rings: dict[str, Ring]
) -> None:
    images = running.views.scroll.view.images
    blank = {key: image.pixels() for key, image in images.items()}
    assert set(blank) == {"input", "output", "codes", "residual"}
    write_second(rings)
    loaded_context.live.counters = {
        "input_rms": 0.1, "input_peak": 0.5, "output_rms": 0.01, "output_peak": 0.1, "output_limited_db": -2.0,
    }  # fmt: skip
    refresh(running)
    for key, image in images.items():
        assert (image.pixels() != blank[key]).any(), key
    assert len(running.views.trail.points) == 50
    assert running.sound.input_meter.rms_db == pytest.approx(-20.0)
    assert running.sound.output_meter.reduction_db == 2.0
    loaded_context.live.set_counters(loaded_context.live.counters)
    assert running.views.usage.usage.frames == pytest.approx(50, rel=0.1)
    refresh(running)
    assert len(running.views.trail.points) == 50, "nothing is read twice"


def test_a_view_that_is_hidden_reads_nothing_and_catches_up(running: LivePanel, rings: dict[str, Ring]) -> None:
    views = running.views
    for key in ("codes", "latents", "usage"):
        views.toggles[key].click()
    assert "codes" not in views.scroll.view.images and not views.side.isVisible()
    write_second(rings)
    refresh(running)
    assert len(views.trail.points) == 0 and views.usage.usage.frames == 0
    views.toggles["codes"].click()
    blank = views.scroll.view.images["codes"].pixels()
    refresh(running)
    assert (views.scroll.view.images["codes"].pixels() != blank).any(), "the taps still have the last seconds"


def test_another_size_keeps_the_last_seconds(running: LivePanel, rings: dict[str, Ring]) -> None:
    write_second(rings)
    refresh(running)
    running.views.scroll.view.clear()
    blank = running.views.scroll.view.images["input"].pixels()
    refresh(running)
    assert (running.views.scroll.view.images["input"].pixels() != blank).any()


def test_the_residual_is_computed_only_while_somebody_looks(
    running: LivePanel, client: FakeClient, qtbot: QtBot
) -> None:
    def watched() -> list[tuple[str, ...]]:
        rows = [row.watch for row in client.sent if isinstance(row, protocol.SetLive)]
        return [row for row in rows if row is not None]

    running.refresh()
    assert watched() == [("residual",)]
    running.views.toggles["residual"].click()
    assert watched()[-1] == ()
    running.views.toggles["residual"].click()
    assert watched()[-1] == ("residual",)
    running.hide()
    assert watched()[-1] == (), "a closed dock"
    running.show()
    running.refresh()
    assert watched()[-1] == ("residual",)
    qtbot.waitUntil(lambda: watched()[-1] == (), timeout=UNSEEN_MS + 2000)  # behind another tab no frame comes


def test_latency_is_drawn_with_its_sum_beside_the_measured(
    running: LivePanel, client: FakeClient, loaded_context: Context
) -> None:
    assert running.latency.bar.sum_text == "50.0 ms · 800 samples"
    running.latency.measure.click()
    number = client.last(protocol.MeasureRoundTrip)[0]
    assert not running.latency.measure.isEnabled(), "one at a time"
    say(loaded_context, client, protocol.RoundTripMeasured(number, 880, 800, RATE_HZ, 5.0))
    assert running.latency.bar.measured_text == "measured 55.0 ms · 880 samples"
    assert running.latency.measure.isEnabled()
    running.latency.measure.click()
    say(loaded_context, client, protocol.RoundTripMeasured(len(client.sent), 80, 800, RATE_HZ, 1.2))
    assert running.latency.bar.measured_text.endswith("a guess")


def test_measuring_again_takes_back_why_it_failed(
    running: LivePanel, client: FakeClient, loaded_context: Context
) -> None:
    withdrawn: list[str] = []
    loaded_context.engine.message_withdrawn.connect(withdrawn.append)
    running.latency.measure.click()
    number = client.last(protocol.MeasureRoundTrip)[0]
    say(loaded_context, client, protocol.Failed(number, "The microphone did not hear the loudspeaker."))
    assert withdrawn == [] and running.latency.measure.isEnabled()
    running.latency.measure.click()
    assert withdrawn == ["The microphone did not hear the loudspeaker."]


def test_losses_and_slow_steps_are_told(running: LivePanel, loaded_context: Context) -> None:
    loaded_context.live.set_counters(
        {
            "underruns": 2, "step_ms_p99": 25.0, "step_ms_worst": 31.0, "step_ms_median": 5.0, "lost_packets": 7,
            "real_time_factor": 0.25, "lag_samples": 1600,
        }
    )  # fmt: skip
    shown = {counter.name: (counter.text, counter.bad) for counter in running.counters.counters}
    assert shown["Underruns"] == ("2", True) and shown["Overruns"] == ("0", False)
    assert shown["p99"] == ("25.0 ms", True), "a frame lasts 20 ms"
    assert shown["Step"] == ("5.0 ms", False) and shown["RTF"] == ("0.25", False)
    assert shown["Lost"] == ("7", False) and shown["Lag"] == ("100 ms", True)


def test_what_a_device_gives_at_once_is_no_alarm(running: LivePanel, loaded_context: Context) -> None:
    """Frames are skipped above 120 ms."""
    for samples, alarm in ((400, False), (960, False), (1000, True)):
        loaded_context.live.set_counters({"lag_samples": samples})
        (lag,) = (counter for counter in running.counters.counters if counter.name == "Lag")
        assert (lag.text, lag.bad) == (f"{samples / 16:.0f} ms", alarm)


def test_the_howl_guard_is_explained(running: LivePanel, loaded_context: Context) -> None:
    loaded_context.live.set_counters({"howl_muted": 1.0})
    assert "howled" in running.transport.message.text()


# -- remembered -----------------------------------------------------------------------------------------------------
def test_everything_is_remembered(panel: LivePanel, loaded_context: Context, show: Show) -> None:
    choose(panel.sound.source, "generator:speech noise")
    panel.sound.input_gain.setValue(5)
    panel.channel.loss.setValue(30)
    panel.views.toggles["usage"].click()
    panel.views.set_span(12.0)
    panel.views.usage.half_life.setValue(1)
    panel.groups["Channel"].head.click()
    state = panel.view_state()
    other = Context(**{**vars(loaded_context), "live": type(loaded_context.live)()})
    second = show(panel_info("live"), other)
    assert isinstance(second, LivePanel)
    second.set_view_state(state)
    assert second.view_state() == state
    assert second.sound.source.value == "generator:speech noise" and second.sound.input_gain.value() == 5
    assert second.channel.loss.value() == 30 and not second.groups["Channel"].open
    assert not second.groups["Channel"].content.isVisible()


def test_bad_memories_are_ignored(panel: LivePanel) -> None:
    before = panel.view_state()
    bad = {"input_gain_db": "loud", "frames": True, "channel": {"loss": 9}, "source": "generator:dog", "mode": "int1"}
    panel.set_view_state({"setup": bad, "views": 3, "span_s": "long", "half_life_s": [], "folded": None})
    assert panel.view_state() == before


# -- keyboard ----------------------------------------------------------------------------------------------------------
def test_every_control_can_be_reached_by_tab(running: LivePanel, qtbot: QtBot) -> None:
    running.activateWindow()
    qtbot.waitUntil(running.isActiveWindow)
    running.transport.start.setFocus()
    seen = []
    for _ in range(80):
        widget = running.focusWidget()
        if widget in seen:
            break
        seen.append(widget)
        QTest.keyClick(widget, Qt.Key.Key_Tab)
    wanted = (
        running.transport.record, running.sound.source, running.sound.output_gain, running.codec.depth,
        running.codec.books, running.codec.mode, running.codec.mix, running.channel.loss, running.channel.conceal,
        running.latency.frames, running.latency.trade, running.latency.measure, running.views.toggles["codes"],
        running.views.freeze, running.views.usage.half_life, *(group.head for group in running.groups.values()),
    )  # fmt: skip
    assert [widget.accessibleName() for widget in wanted if widget not in seen] == []


def test_the_codec_without_books_has_no_book_views(panel: LivePanel, loaded_context: Context) -> None:
    import dataclasses

    loaded_context.codec.set_codec(dataclasses.replace(known_codec(), books=(), depth_mode="none"), "cpu")
    assert not panel.views.toggles["codes"].isEnabled() and not panel.codec.books.isEnabled()
    assert live_commands.toggle_book(loaded_context, 0) is None and loaded_context.live.setup.books == ()


# -- the frozen minute -------------------------------------------------------------------------------------------------
def test_freeze_stops_the_views_and_scrubs_and_goes_on(
    running: LivePanel, client: FakeClient, loaded_context: Context, rings: dict[str, Ring]
) -> None:
    for second in range(8):
        write_second(rings, second)
    refresh(running)
    views = running.views
    views.freeze.click()
    number = client.last(protocol.FreezeLive)[0]
    assert views.freeze.text() == "Freezing …" and not views.freeze.isChecked()
    share = client.share
    sound, codes = np.ones((1, 8 * RATE_HZ), np.float32), np.arange(4 * 400, dtype=np.int32).reshape(4, 400)
    frozen = protocol.LiveFrozen(number, share(sound), share(sound), share(codes), None, RATE_HZ, 50.0)
    say(loaded_context, client, frozen)
    assert views.freeze.text() == "Go on" and views.play_output.isEnabled()

    def token_at_the_right() -> int:
        return int(views.scroll.view.images["codes"].pixels()[2, -1])

    assert token_at_the_right() == code_table(False)[399]
    write_second(rings, 9)
    refresh(running)
    assert token_at_the_right() == code_table(False)[399], "the views stand still"
    views.bar.set_end(7 * RATE_HZ)
    assert token_at_the_right() == code_table(False)[349] and views.scroll.view.end_s == -1.0
    assert loaded_context.live.stretch == (RATE_HZ, 7 * RATE_HZ)
    views.set_span(3.0)
    assert loaded_context.live.stretch == (5 * RATE_HZ, 8 * RATE_HZ), "shorter views show less of it"
    views.play_input.click()
    assert client.last(protocol.ReplayFrozen)[1] == protocol.ReplayFrozen(5 * RATE_HZ, 8 * RATE_HZ, "input")
    assert views.play_input.isChecked()
    loaded_context.live.counters = {"replay_position": 100_000.0}
    running.refresh()
    assert views.bar.cursor == 100_000
    views.freeze.click()
    assert client.last(protocol.FreezeLive)[1].frozen is False and not views.bar.isEnabled()
    blank = views.scroll.view.images["input"].pixels()
    refresh(running)
    assert (views.scroll.view.images["input"].pixels() != blank).any(), "and go on with the last seconds"
