"""The two devices of a live session, each behind a port."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from speefeare_core.codec import CodecInfo
from speefeare_core.errors import SpeefeareError
from workbench.engine import protocol
from workbench.engine.server.flow import WINDOW_S
from workbench.engine.server.ports import InputPort, OutputPort
from workbench.engine.server.sound import LIVE_LATENCY_S, Sound
from workbench.engine.server.streams import Stream

SETTLE_S = 4.0  # the longest that devices are waited for; an idle PulseAudio sink may sleep for two seconds


@dataclass(frozen=True)
class InputSide:
    """A microphone that runs."""

    stream: Stream
    port: InputPort


@dataclass(frozen=True)
class OutputSide:
    """A loudspeaker that runs."""

    stream: Stream
    port: OutputPort


Side = InputSide | OutputSide


def has_microphone(request: protocol.StartLive) -> bool:
    """Whether a device is the input, not a file, a generator or silence."""
    return request.file is None and request.generator is None and request.input != protocol.VIRTUAL_DEVICE


def open_input(sound: Sound, name: str, info: CodecInfo, latency_s: float = 0.0) -> InputSide:
    """`latency_s`: see `StartLive.device_latency_s`. Raises `SpeefeareError`."""
    port = InputPort(info.rate_hz, info.channels)
    return InputSide(sound.open_input(name, info.rate_hz, info.channels, latency_s or LIVE_LATENCY_S, port), port)


def open_output(sound: Sound, name: str, info: CodecInfo, latency_s: float = 0.0) -> OutputSide:
    """The same for a loudspeaker."""
    port = OutputPort(info.rate_hz, info.channels)
    return OutputSide(sound.open_output(name, info.rate_hz, info.channels, latency_s or LIVE_LATENCY_S, port), port)


def open_output_or_silence(
    sound: Sound, name: str, info: CodecInfo, emit: Callable[[protocol.Event], None], latency_s: float = 0.0
) -> OutputSide:
    """The virtual loudspeaker, and a notice, where the device cannot be had."""
    try:
        return open_output(sound, name, info, latency_s)
    except SpeefeareError as error:
        emit(protocol.Notice(0, f"{error} Live goes on without sound."))
        return open_output(sound, protocol.VIRTUAL_DEVICE, info)


def settling(sides: list[Side]) -> Iterator[None]:
    """Let devices that were just opened run until all give and take evenly. Sleeps between two yields."""
    limit = time.monotonic() + SETTLE_S
    while sides and time.monotonic() < limit:
        time.sleep(WINDOW_S)
        steady = [side.port.flow.steady() for side in sides]  # each is asked every time
        if all(steady):
            return
        yield


def burst(side: Side, info: CodecInfo) -> int:
    """How unevenly it gives or takes, in the codec's samples."""
    return round(side.port.flow.burst_samples * info.rate_hz / side.port.rate_hz)


def can_stay(side: Side, info: CodecInfo) -> bool:
    """Whether a device that is open may go on for this codec: nothing that the codec gives or takes is lost on the way.

    One that already converts, or runs at less than the codec's rate, is better opened again.
    """
    port = side.port
    if (port.rate_hz, port.channels) == (info.rate_hz, info.channels):
        return True
    native = side.stream.rate_hz == port.rate_hz and side.stream.name != protocol.VIRTUAL_DEVICE
    return native and port.rate_hz >= info.rate_hz and port.channels >= info.channels


def rate_note(side: Side, info: CodecInfo) -> list[str]:
    """A sentence where its sound is resampled."""
    stream = side.stream
    if stream.rate_hz == info.rate_hz:
        return []
    return [f"{stream.name} runs at {stream.rate_hz} Hz, so its sound is resampled to and from {info.rate_hz} Hz."]
