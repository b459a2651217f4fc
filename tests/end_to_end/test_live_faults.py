"""What goes wrong while somebody talks through a codec: each fault is a plain sentence within three seconds, and then
everything works again. A real engine, real sound devices of a private PulseAudio, and the real window."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from speefeare_core.resources import resource
from tests.app.engine.harness import Talk
from tests.app.engine.tiny_engine import COMMAND
from tests.core.tiny_codec import tiny_file
from tests.end_to_end import stubborn_engine
from tests.end_to_end.pulse import Pulse
from workbench import commands, live_commands
from workbench.app import Workbench, build_workbench
from workbench.engine import protocol as p
from workbench.engine.client import GONE, EngineClient
from workbench.message_bar import ENGINE_DIED
from workbench.settings import Settings

pytestmark = [pytest.mark.audio_path, pytest.mark.slow, pytest.mark.timeout(300)]
SOON_S = 3.0
AGAIN_S = 10.0  # until devices that were opened again after sleep run evenly
STILL_S = 2.5  # how long the computer sleeps
PATIENCE_MS = 120_000  # for what is no fault: an engine imports torch first
SPEECH = str(resource("samples", "sense_and_sensibility.flac"))
FILE = p.StartLive(file=SPEECH, loop_file=True, muted=False)
SILENT = p.StartLive(file=SPEECH, loop_file=True, output=p.VIRTUAL_DEVICE)
MICROPHONE = p.StartLive(muted=False, howl_guard=False)
Begin = Callable[..., Talk]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Starts an engine with the tiny codec, in the environment of now."""
    clients = []

    def start(command: tuple[str, ...] = COMMAND) -> Talk:
        clients.append(EngineClient(command))
        clients[-1].start()
        talk = Talk(clients[-1])
        talk.next(p.EngineReady)
        talk.ask(p.LoadCodec(str(tiny_file(tmp_path)), "cpu"))
        return talk

    yield start
    for client in clients:
        client.stop()


def frames(talk: Talk) -> float:
    assert talk.client.live_status is not None
    return talk.client.live_status["frames"]


def live_runs(talk: Talk, request: p.StartLive) -> p.LiveStarted:
    """Start it and see it code."""
    started = next(event for event in talk.ask(request) if isinstance(event, p.LiveStarted))
    before = frames(talk)
    talk.until(lambda: frames(talk) > before + 20, SOON_S)
    return started


def soon(talk: Talk, kind: type[p.Event], after: int) -> p.Event:
    """The first event of a kind that is newer than the first `after` ones, within three seconds."""
    event: p.Event = talk.until(lambda: next((e for e in talk.events[after:] if isinstance(e, kind)), None), SOON_S)
    return event


def plain(sentence: str) -> None:
    """One sentence or two for people."""
    assert sentence.endswith(".") and "\n" not in sentence
    assert not any(word in sentence for word in ("Traceback", "Error(", "Errno", "None", "<"))


def test_no_sound_device_at_all(begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nobody")
    monkeypatch.setenv(stubborn_engine.RATES, "48000")
    talk = begin(stubborn_engine.COMMAND)
    devices = talk.ask(p.ListDevices())[0]
    assert isinstance(devices, p.Devices) and [row.name for row in devices.outputs] == [p.VIRTUAL_DEVICE]
    plain(devices.problem)

    asked = time.monotonic()
    sentence = talk.refused(MICROPHONE)
    assert time.monotonic() - asked <= SOON_S
    plain(sentence)
    assert "no microphone" in sentence or "no sound device" in sentence

    seen = len(talk.events)
    started = live_runs(talk, FILE)
    assert started.output_device == p.VIRTUAL_DEVICE
    notice = soon(talk, p.Notice, seen)
    assert isinstance(notice, p.Notice) and "without sound" in notice.sentence
    plain(notice.sentence)


@pytest.mark.parametrize("request_", [FILE, MICROPHONE], ids=["file", "microphone"])
def test_devices_unplugged_while_it_runs(request_: p.StartLive, begin: Begin, pulse: Pulse) -> None:
    talk = begin()
    live_runs(talk, request_)
    seen = len(talk.events)
    for sink in ("speaker", "mic_feed"):  # with one left, PulseAudio would move the sound there
        pulse.unload(sink)
    try:
        stopped = soon(talk, p.LiveStopped, seen)
        assert isinstance(stopped, p.LiveStopped) and "went away" in stopped.reason
        plain(stopped.reason)
        live_runs(talk, SILENT)
        talk.ask(p.StopLive())
    finally:
        for sink in ("speaker", "mic_feed"):
            pulse.plug(sink)
    live_runs(talk, request_)


@pytest.mark.parametrize("request_", [FILE, MICROPHONE], ids=["file", "microphone"])
def test_a_loudspeaker_that_stood_still_is_opened_again(request_: p.StartLive, begin: Begin, pulse: Pulse) -> None:
    talk = begin()
    live_runs(talk, request_)
    talk.until(lambda: frames(talk) > 1500)  # past the seconds in which a sink that just woke is waited for
    seen = len(talk.events)
    pulse.suspend("speaker", True)
    try:
        before = frames(talk)
        time.sleep(STILL_S)
        assert frames(talk) < before + STILL_S * 250 / 2  # it does stand still
    finally:
        pulse.suspend("speaker", False)
    notice = talk.until(lambda: next((e for e in talk.events[seen:] if isinstance(e, p.Notice)), None), AGAIN_S)
    assert "opened again" in notice.sentence
    plain(notice.sentence)
    assert frames(talk) >= before  # what was counted stays counted
    before = frames(talk)
    talk.until(lambda: frames(talk) > before + 20, SOON_S)
    assert not any(isinstance(event, p.LiveStopped) for event in talk.events[seen:])


@pytest.mark.parametrize("request_", [FILE, MICROPHONE], ids=["file", "microphone"])
def test_a_device_that_refuses_the_codecs_rate(
    request_: p.StartLive, begin: Begin, pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(stubborn_engine.RATES, "44100")
    talk = begin(stubborn_engine.COMMAND)
    started = live_runs(talk, request_)
    devices = [note for note in started.notes if "runs at 44100 Hz" in note]
    assert len(devices) == (1 if request_ is FILE else 2)


def test_a_device_that_refuses_every_rate(begin: Begin, pulse: Pulse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(stubborn_engine.RATES, "")
    talk = begin(stubborn_engine.COMMAND)
    asked = time.monotonic()
    sentence = talk.refused(MICROPHONE)
    assert time.monotonic() - asked <= SOON_S
    plain(sentence)
    assert "could not be opened" in sentence and "choose another" in sentence
    seen = len(talk.events)
    assert live_runs(talk, FILE).output_device == p.VIRTUAL_DEVICE
    notice = soon(talk, p.Notice, seen)
    assert isinstance(notice, p.Notice) and "without sound" in notice.sentence


def test_the_engine_killed_while_it_runs(begin: Begin, pulse: Pulse, tmp_path: Path) -> None:
    talk = begin()
    live_runs(talk, MICROPHONE)
    assert talk.client.pid is not None
    os.kill(talk.client.pid, signal.SIGKILL)
    talk.until(lambda: not talk.client.alive, SOON_S)
    assert talk.refused(p.SetLive(depth=1)) == GONE
    plain(GONE)
    talk.events.clear()
    talk.client.restart()
    talk.next(p.EngineReady)
    talk.ask(p.LoadCodec(str(tiny_file(tmp_path)), "cpu"))
    live_runs(talk, MICROPHONE)


@pytest.mark.parametrize("request_", [SILENT, FILE, MICROPHONE], ids=["silent", "file", "microphone"])
def test_the_computer_sleeps_and_wakes(request_: p.StartLive, begin: Begin, pulse: Pulse) -> None:
    talk = begin()
    started = live_runs(talk, request_)
    seen, pid = len(talk.events), talk.client.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    time.sleep(STILL_S)
    os.kill(pid, signal.SIGCONT)
    notice = soon(talk, p.Notice, seen)
    assert isinstance(notice, p.Notice) and "stood still" in notice.sentence
    plain(notice.sentence)
    before, woken = frames(talk), time.monotonic()
    talk.until(lambda: frames(talk) > before + 20, AGAIN_S)
    print(f"coded again after {time.monotonic() - woken:.1f} s")
    status = talk.client.live_status
    assert status is not None
    talk.until(lambda: status["queue_samples"] < started.rate_hz, SOON_S)  # what was missed is not played late
    assert not any(isinstance(event, p.LiveStopped) for event in talk.events[seen:])
    talk.ask(p.SetLive(depth=2))
    talk.ask(p.StopLive())
    live_runs(talk, request_)


@pytest.fixture
def workbench(qapp: QApplication, pulse: Pulse, tmp_path: Path, qtbot: QtBot) -> Iterator[Workbench]:
    """The window with live running: a file to the loudspeaker."""
    made = build_workbench(Settings(output_device=p.VIRTUAL_DEVICE), EngineClient(COMMAND))
    made.add_panels()
    made.window.show()
    made.start()
    ctx = made.context
    commands.load_codec(ctx, tiny_file(tmp_path), "cpu")
    qtbot.waitUntil(lambda: ctx.codec.info is not None and not ctx.codec.loading, timeout=PATIENCE_MS)
    live_commands.start_live(ctx, source=f"file:{SPEECH}", output=p.DEFAULT_DEVICE)
    qtbot.waitUntil(lambda: ctx.live.running, timeout=PATIENCE_MS)
    yield made
    made.close()
    made.window.close()
    made.window.deleteLater()


def counts(workbench: Workbench) -> float:
    return workbench.context.live.counters.get("frames", 0.0)


def window_works(workbench: Workbench, qtbot: QtBot, output: str) -> None:
    """Live can be started, and is seen to run."""
    ctx = workbench.context
    live_commands.start_live(ctx, source=f"file:{SPEECH}", output=output)
    qtbot.waitUntil(lambda: ctx.live.running, timeout=PATIENCE_MS)
    before = counts(workbench)
    qtbot.waitUntil(lambda: counts(workbench) not in (0.0, before), timeout=round(1000 * SOON_S))


def test_the_window_says_that_the_loudspeaker_is_gone(workbench: Workbench, pulse: Pulse, qtbot: QtBot) -> None:
    ctx = workbench.context
    for sink in ("speaker", "mic_feed"):
        pulse.unload(sink)
    try:
        qtbot.waitUntil(lambda: not ctx.live.running, timeout=round(1000 * SOON_S))
        told = " ".join([ctx.live.message, *ctx.engine.messages])
        assert "went away" in told
        window_works(workbench, qtbot, p.VIRTUAL_DEVICE)
    finally:
        for sink in ("speaker", "mic_feed"):
            pulse.plug(sink)


def test_the_window_outlives_its_engine(workbench: Workbench, qtbot: QtBot) -> None:
    ctx, messages = workbench.context, workbench.window.messages
    assert ctx.client.pid is not None
    os.kill(ctx.client.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: messages.text.startswith(ENGINE_DIED), timeout=round(1000 * SOON_S))
    assert not ctx.live.running
    plain(ctx.live.message)
    messages.restart.click()
    qtbot.waitUntil(lambda: ctx.codec.info is not None and ctx.engine.status == "ready", timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: not ctx.codec.loading, timeout=PATIENCE_MS)
    window_works(workbench, qtbot, p.DEFAULT_DEVICE)


def test_the_window_says_that_the_computer_slept(workbench: Workbench, qtbot: QtBot) -> None:
    ctx = workbench.context
    pid = ctx.client.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    qtbot.wait(round(1000 * STILL_S))
    os.kill(pid, signal.SIGCONT)
    qtbot.waitUntil(
        lambda: any("stood still" in message for message in ctx.engine.messages), timeout=round(1000 * SOON_S)
    )
    before = counts(workbench)
    qtbot.waitUntil(lambda: counts(workbench) > before, timeout=round(1000 * SOON_S))
    assert ctx.live.running
