"""Opening and losing devices, on a PortAudio that does what the test says."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from speefeare_core.errors import SpeefeareError
from workbench.engine.protocol import DEFAULT_DEVICE
from workbench.engine.server import pulse_devices, pulse_watch, sound, streams
from workbench.engine.server.pulse_devices import PulseDevice
from workbench.engine.server.sound import Sound

RATE = 24_000
FLAGS = SimpleNamespace(output_underflow=False, input_overflow=False)
LATE = SimpleNamespace(output_underflow=True, input_overflow=True)


def when(away_s: float) -> SimpleNamespace:
    return SimpleNamespace(currentTime=100.0, outputBufferDacTime=100.0 + away_s, inputBufferAdcTime=100.0 - away_s)


class Refused(Exception):
    """As sounddevice raises it: words and PortAudio's number."""


class Stream:
    """A stream of the fake library; the test calls its callback. It holds itself, as sounddevice's streams do."""

    latency = 0.05

    def __init__(self, library: Library, kind: str, settings: dict[str, Any]) -> None:
        library.asked.append((settings["samplerate"], settings["channels"]))
        reason = library.refuse(settings["samplerate"], settings["channels"])
        if reason is not None:
            raise reason
        library.environment = dict(sound.os.environ)
        self.kind, self.settings, self.callback = kind, settings, settings["callback"]
        self.itself = self
        self.running = False

    def start(self) -> None:
        self.running = True

    def abort(self, ignore_errors: bool) -> None:
        self.running = False

    def close(self, ignore_errors: bool) -> None:
        self.running = False


class Library:
    """What `Sound` uses of sounddevice."""

    PortAudioError = Refused

    def __init__(self, rows: list[dict[str, Any]], refuse: Callable[[int, int], Exception | None]) -> None:
        self.rows, self.refuse = rows, refuse
        self.asked: list[tuple[int, int]] = []
        self.streams: list[Stream] = []
        self.environment: dict[str, str] = {}
        self.default = SimpleNamespace(device=(0, 0))

    def query_devices(self) -> list[dict[str, Any]]:
        return self.rows

    def query_hostapis(self) -> list[dict[str, Any]]:
        return [{"name": "ALSA"}]

    def _terminate(self) -> None:
        """Nothing to end."""

    def _initialize(self) -> None:
        """Nothing to begin."""

    def OutputStream(self, **settings: Any) -> Stream:
        self.streams.append(Stream(self, "output", settings))
        return self.streams[-1]

    def InputStream(self, **settings: Any) -> Stream:
        self.streams.append(Stream(self, "input", settings))
        return self.streams[-1]


def row(name: str, channels: int = 2, rate: float = 48_000.0) -> dict[str, Any]:
    return {
        "name": name,
        "hostapi": 0,
        "max_input_channels": channels,
        "max_output_channels": channels,
        "default_samplerate": rate,
        "default_low_input_latency": 0.01,
        "default_low_output_latency": 0.01,
    }


def with_library(
    *rows: dict[str, Any], refuse: Callable[[int, int], Exception | None] = lambda rate, channels: None
) -> tuple[Sound, Library]:
    made = Sound()
    library = Library(list(rows) or [row("Card")], refuse)
    made._library = library
    return made, library


def silence(count: int) -> np.ndarray:
    return np.zeros((1, count), np.float32)


def test_a_device_is_first_asked_for_just_what_the_codec_has() -> None:
    made, library = with_library()
    stream = made.open_output("Card", RATE, 1, 0.06, silence)
    assert library.asked == [(RATE, 1)] and stream.rate_hz == RATE and stream.held_s == 0
    stream.stop()


def test_a_rate_that_is_refused_is_converted() -> None:
    def refuse(rate: int, channels: int) -> Exception | None:
        return None if (rate, channels) == (44_100, 6) else Refused("Invalid sample rate", -9997)

    made, library = with_library(row("Card", 6), refuse=refuse)
    got: list[np.ndarray] = []
    microphone = made.open_input("Card", RATE, 1, 0.06, got.append)
    loudspeaker = made.open_output("Card", RATE, 1, 0.06, silence)
    assert microphone.rate_hz == loudspeaker.rate_hz == 44_100, "neither the codec's rate nor the card's own"
    heard, played = library.streams
    for _ in range(10):
        heard.callback(np.ones((441, 6), np.float32), 441, when(0.01), FLAGS)
        out = np.full((441, 6), np.nan, np.float32)
        played.callback(out, 441, when(0.02), LATE)
        assert not out.any()
    assert sum(block.shape[1] for block in got) == pytest.approx(10 * 240 - microphone.held_s * RATE, abs=1)
    assert microphone.held_s > 0 and loudspeaker.held_s > 0
    assert loudspeaker.glitches == 10 and microphone.glitches == 0
    assert microphone.latency_s == pytest.approx(0.01) and loudspeaker.latency_s == pytest.approx(0.02)
    microphone.stop()
    loudspeaker.stop()


def test_a_device_that_takes_nothing_and_one_that_is_busy_are_sentences() -> None:
    made, _ = with_library(refuse=lambda rate, channels: Refused("Invalid sample rate", -9997))
    with pytest.raises(SpeefeareError, match=r"Card could not be opened \(Invalid sample rate\)"):
        made.open_output("Card", RATE, 1, 0.06, silence)
    made, library = with_library(refuse=lambda rate, channels: Refused("Device unavailable", -9985))
    with pytest.raises(SpeefeareError, match="Card is in use by another program"):
        made.open_input("Card", RATE, 1, 0.06, lambda block: None)
    assert len(library.asked) == 1, "asking again would not help"


def test_a_device_that_is_not_there_is_a_sentence() -> None:
    made, _ = with_library()
    with pytest.raises(SpeefeareError, match="microphone Headset is not there"):
        made.open_input("Headset", RATE, 1, 0.06, lambda block: None)
    made, _ = with_library(row("Card", channels=0))
    with pytest.raises(SpeefeareError, match="no loudspeaker on this computer"):
        made.open_output(DEFAULT_DEVICE, RATE, 1, 0.06, silence)


@pytest.fixture
def pulse(monkeypatch: pytest.MonkeyPatch) -> None:
    monitor = PulseDevice("speaker.monitor", "Monitor of Speaker", 2, 48_000, monitor=True)
    monkeypatch.setattr(pulse_devices, "sources", lambda: (PulseDevice("mic", "Headset", 1, 16_000), monitor))
    monkeypatch.setattr(pulse_devices, "sinks", lambda: (PulseDevice("speaker", "Speaker", 2, 48_000),))


@pytest.mark.usefixtures("pulse")
def test_pulseaudios_devices_are_listed_and_opened_by_name() -> None:
    made, library = with_library(row("pulse", 32), row("Headset"))
    listed = made.list(1)
    assert [device.name for device in listed.inputs] == [
        "pulse",
        "Headset",
        "Headset (PulseAudio)",
        "Monitor of Speaker",
        "virtual",
    ]
    assert [device.monitor for device in listed.inputs] == [False, False, False, True, False]
    monitor = listed.inputs[3]
    assert (monitor.inputs, monitor.outputs, monitor.rate_hz, monitor.host) == (2, 0, 48_000, "PulseAudio")
    for name, variable, pulse_name in (
        ("Monitor of Speaker", "PULSE_SOURCE", "speaker.monitor"),
        ("Headset (PulseAudio)", "PULSE_SOURCE", "mic"),
        ("mic", "PULSE_SOURCE", "mic"),
    ):
        stream = made.open_input(name, RATE, 1, 0.06, lambda block: None)
        assert stream.name == name and library.environment[variable] == pulse_name
        assert library.streams[-1].settings["device"] == 0
        stream.stop()
    stream = made.open_output("Speaker", RATE, 1, 0.06, silence)
    assert library.environment["PULSE_SINK"] == "speaker"
    assert library.environment["PULSE_LATENCY_MSEC"] == "60"
    stream.stop()
    assert "PULSE_SINK" not in sound.os.environ and "PULSE_SOURCE" not in sound.os.environ


@pytest.mark.usefixtures("pulse")
def test_a_named_device_that_pulseaudio_replaces_by_another_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"mic", "speaker"}
    monkeypatch.setattr(pulse_devices, "is_there", lambda name, kind: name in there)
    monkeypatch.setattr(pulse_watch, "LOOK_S", 0.01)
    made, _ = with_library(row("pulse", 32))
    microphone = made.open_input("mic", RATE, 1, 0.06, lambda block: None)
    loudspeaker = made.open_output("Speaker", RATE, 1, 0.06, silence)
    there.remove("mic")
    limit = time.monotonic() + 20
    while not microphone.lost() and time.monotonic() < limit:
        time.sleep(0.01)
    assert microphone.lost() and not loudspeaker.lost()
    microphone.stop()
    loudspeaker.stop()


def test_nobody_is_missed_where_nobody_can_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse_devices, "_pactl", lambda *words: "")
    assert pulse_devices.is_there("mic", "sources")
    monkeypatch.setattr(pulse_devices, "_pactl", lambda *words: "0\tmic.monitor\tmodule\n3\tmic\tmodule\n")
    assert pulse_devices.is_there("mic", "sources") and not pulse_devices.is_there("speaker", "sources")


@pytest.mark.usefixtures("pulse")
def test_without_the_plugin_pulseaudios_devices_cannot_be_had() -> None:
    made, _ = with_library(row("Card"))
    assert [device.name for device in made.list(1).inputs] == ["Card", "virtual"]
    with pytest.raises(SpeefeareError, match="Speaker is not there"):
        made.open_output("Speaker", RATE, 1, 0.06, silence)


def test_a_callback_that_falls_silent_is_a_device_that_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    made, library = with_library()
    stream = made.open_output("Card", RATE, 1, 0.06, silence)
    fake = library.streams[-1]
    started = time.monotonic()
    now = started
    monkeypatch.setattr(streams.time, "monotonic", lambda: now)
    for _ in range(500):
        now += 0.01
        fake.callback(np.zeros((240, 1), np.float32), 240, when(0.02), FLAGS)
        assert not stream.lost()
    now += 0.9
    assert not stream.lost()
    now += 0.3
    assert stream.lost(), "after 1.2 s of silence"
    stream.stop()
    assert not stream.lost(), "who stops it does not lose it"


def test_a_device_that_ends_by_itself_is_lost_at_once() -> None:
    made, library = with_library()
    stream = made.open_input("Card", RATE, 1, 0.06, lambda block: None)
    assert not stream.lost()
    library.streams[-1].settings["finished_callback"]()
    assert stream.lost()
    stream.stop()
