"""Sound devices: PortAudio (through sounddevice, loaded when it is first needed) and the virtual device."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from speefeare_core.errors import SpeefeareError
from workbench.engine.protocol import DEFAULT_DEVICE, VIRTUAL_DEVICE, Devices
from workbench.engine.server import pulse_devices
from workbench.engine.server.converters import PullConverter, PushConverter
from workbench.engine.server.pulse_watch import PulseWatch
from workbench.engine.server.streams import PortAudioInput, PortAudioOutput, Pull, Push, Stream, VirtualOutput
from workbench.state.sound import DeviceInfo

# Asked of devices. Live wants little; what is only listened to wants no gaps. PortAudio's own "low" is less than
# PulseAudio can keep.
LIVE_LATENCY_S, PLAYER_LATENCY_S = 0.06, 0.08
_PULSE = "PULSE_LATENCY_MSEC"  # without it PulseAudio's ALSA plug-in buffers for seconds
_PULSE_HOST = "PulseAudio"
USUAL_RATES_HZ = (48_000, 44_100)
_VIRTUAL = DeviceInfo(VIRTUAL_DEVICE, "built in", 1, 1, 48_000, 10.0)
_NO_LIBRARY = "The sound library PortAudio is missing; install it (Debian and Ubuntu: apt install libportaudio2)."
_NO_DEVICES = "There is no sound device on this computer; the virtual device keeps everything usable, without sound."


class Sound:
    """Lists and opens devices, for the main loop and for the live session's thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._library: Any = None
        self._open: list[Stream] = []

    # -- listing --------------------------------------------------------------------------------------------------
    def list(self, request: int) -> Devices:
        """What there is now. Devices that were plugged in since appear only while no stream is open."""
        try:
            with self._lock:
                self._load(again=True)
            rows, hosts = self._library.query_devices(), self._library.query_hostapis()
            default_in, default_out = self._library.default.device
        except (OSError, SpeefeareError) as error:
            problem = str(error) if isinstance(error, SpeefeareError) else _NO_DEVICES
            return Devices(request, (_VIRTUAL,), (_VIRTUAL,), problem)
        inputs, outputs = [], []
        for index, row in enumerate(rows):
            host = str(hosts[row["hostapi"]]["name"])
            for count, found, default, latency in (
                (row["max_input_channels"], inputs, default_in, row["default_low_input_latency"]),
                (row["max_output_channels"], outputs, default_out, row["default_low_output_latency"]),
            ):
                if count > 0:
                    name = _unique(row["name"], host, [device.name for device in found])
                    found.append(
                        DeviceInfo(
                            name,
                            host,
                            row["max_input_channels"],
                            row["max_output_channels"],
                            int(row["default_samplerate"]),
                            1000.0 * latency,
                            index == default,
                        )
                    )
        if _plugin(rows) is not None:
            inputs += [_of_pulse(device, inputs, True) for device in pulse_devices.sources()]
            outputs += [_of_pulse(device, outputs, False) for device in pulse_devices.sinks()]
        problem = "" if inputs or outputs else _NO_DEVICES
        return Devices(request, (*inputs, _VIRTUAL), (*outputs, _VIRTUAL), problem)

    def _load(self, again: bool = False) -> None:
        """Start PortAudio, or, where no stream is open, start it again so that it looks for devices."""
        self._open = [stream for stream in self._open if not stream.closed]
        with _quiet():
            if self._library is None:
                try:
                    import sounddevice
                except OSError as error:
                    raise SpeefeareError(_NO_LIBRARY) from error
                self._library = sounddevice
            elif again and not self._open:
                self._library._terminate()
                self._library._initialize()

    def _find(self, name: str, kind: str) -> _Chosen:
        """A device by name. Raises `SpeefeareError` where it is not there (any more)."""
        self._load(again=True)
        key = f"max_{kind}_channels"
        word = {"input": "microphone", "output": "loudspeaker"}[kind]
        try:
            rows = list(self._library.query_devices())
            hosts = self._library.query_hostapis()
            default = self._library.default.device[0 if kind == "input" else 1]
        except self._library.PortAudioError as error:
            raise SpeefeareError(_NO_DEVICES) from error
        seen: list[str] = []
        for index, row in enumerate(rows):
            if row[key] <= 0:
                continue
            seen.append(_unique(row["name"], str(hosts[row["hostapi"]]["name"]), seen))
            if seen[-1] == name or (name == DEFAULT_DEVICE and index == default):
                return _Chosen(index, str(row["name"]), int(row["default_samplerate"]), int(row[key]))
        plugin = _plugin(rows)
        if plugin is not None and name != DEFAULT_DEVICE:
            for device in pulse_devices.sources() if kind == "input" else pulse_devices.sinks():
                if name in (_unique(device.title, _PULSE_HOST, seen), device.name):
                    names = (device.name, "") if kind == "input" else ("", device.name)
                    return _Chosen(plugin, name, device.rate_hz, device.channels, *names)
        if name == DEFAULT_DEVICE:
            raise SpeefeareError(f"There is no {word} on this computer.")
        raise SpeefeareError(f"The {word} {name} is not there; plug it in and refresh the devices, or choose another.")

    # -- opening --------------------------------------------------------------------------------------------------
    def open_output(
        self, name: str, rate_hz: int, channels: int, latency_s: float, pull: Pull, low_delay: bool = True
    ) -> Stream:
        """Start a loudspeaker that takes `[channels, n]` blocks at `rate_hz` from `pull`, converted where it must be.

        The device is first asked for exactly this rate and these channels, so that samples arrive untouched.
        `low_delay`: see `PullConverter`. Raises `SpeefeareError`.
        """
        if name == VIRTUAL_DEVICE:
            return VirtualOutput(pull, rate_hz)
        with self._lock:
            device = self._find(name, "output")

            def attempt(rate: int, count: int) -> Stream:
                fits = (rate, count) == (rate_hz, channels)
                fitting = pull if fits else PullConverter(pull, rate_hz, rate, channels, count, low_delay)
                stream = PortAudioOutput(self._library, device.index, device.name, rate, count, latency_s, fitting)
                if device.sink:
                    stream.watch = PulseWatch(lambda: pulse_devices.is_there(device.sink, "sinks"))
                return stream

            return self._first_that_opens(attempt, device, rate_hz, channels, latency_s)

    def open_input(self, name: str, rate_hz: int, channels: int, latency_s: float, push: Push) -> Stream:
        """Start a microphone that gives `[channels, n]` blocks at `rate_hz` to `push`. Raises `SpeefeareError`."""
        with self._lock:
            device = self._find(name, "input")

            def attempt(rate: int, count: int) -> Stream:
                fitting = push if (rate, count) == (rate_hz, channels) else PushConverter(push, rate, rate_hz, channels)
                stream = PortAudioInput(self._library, device.index, device.name, rate, count, latency_s, fitting)
                if device.source:
                    stream.watch = PulseWatch(lambda: pulse_devices.is_there(device.source, "sources"))
                return stream

            return self._first_that_opens(attempt, device, rate_hz, channels, latency_s)

    def _first_that_opens(
        self, attempt: Callable[[int, int], Stream], device: _Chosen, rate_hz: int, channels: int, latency_s: float
    ) -> Stream:
        reason = "it takes neither of the usual rates"
        for rate in dict.fromkeys((rate_hz, device.rate_hz, *USUAL_RATES_HZ)):
            for count in dict.fromkeys((channels, 2, 1, device.channels)):
                if count > device.channels:
                    continue
                try:
                    with _quiet(), _pulse_latency(latency_s), pulse_devices.chosen(device.source, device.sink):
                        stream = attempt(rate, count)
                except (self._library.PortAudioError, ValueError) as error:
                    reason = _words(error)
                    if _busy(error):
                        raise SpeefeareError(
                            f"The device {device.name} is in use by another program; close that, or choose another."
                        ) from error
                else:
                    self._open.append(stream)
                    return stream
        raise SpeefeareError(f"The device {device.name} could not be opened ({reason}); choose another.")


@dataclass(frozen=True)
class _Chosen:
    """What is opened: PortAudio's index, and PulseAudio's name where one of its devices is meant."""

    index: int
    name: str
    rate_hz: int
    channels: int
    source: str = ""
    sink: str = ""


def _plugin(rows: Iterable[dict[str, Any]]) -> int | None:
    """PortAudio's index of the ALSA device that stands for PulseAudio."""
    return next((index for index, row in enumerate(rows) if row["name"] == pulse_devices.PLUGIN), None)


def _of_pulse(device: pulse_devices.PulseDevice, others: list[DeviceInfo], is_input: bool) -> DeviceInfo:
    name = _unique(device.title, _PULSE_HOST, [other.name for other in others])
    counts = (device.channels, 0) if is_input else (0, device.channels)
    return DeviceInfo(name, _PULSE_HOST, *counts, device.rate_hz, 1000 * LIVE_LATENCY_S, monitor=device.monitor)


def _busy(error: Exception) -> bool:
    """PortAudio's "device unavailable"."""
    return len(error.args) > 1 and error.args[1] == -9985


def _unique(name: str, host: str, taken: list[str]) -> str:
    """The same device may be there through several host interfaces."""
    return name if name not in taken else f"{name} ({host})"


def _words(error: Exception) -> str:
    return str(error.args[0]) if error.args else str(error)


@contextlib.contextmanager
def _pulse_latency(latency_s: float) -> Iterator[None]:
    """Tell PulseAudio, unless the person has."""
    if _PULSE in os.environ:
        yield
        return
    os.environ[_PULSE] = str(round(1000 * latency_s))
    try:
        yield
    finally:
        del os.environ[_PULSE]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """ALSA and JACK print pages about devices that nobody has; keep them from the terminal."""
    saved = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nothing)
