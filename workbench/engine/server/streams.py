"""Running streams: a loudspeaker or a microphone through PortAudio, and a loudspeaker that is only a clock.

Callbacks copy and count. `Pull` makes the next samples `[C, n]`, `Push` takes them.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from workbench.engine.server.device_clock import DeviceClock
from workbench.engine.server.priority import CALLBACK_PRIORITY, prefer_this_thread
from workbench.engine.server.pulse_watch import PulseWatch

Block = NDArray[np.float32]
Pull = Callable[[int], Block]
Push = Callable[[Block], None]
_Calls = TypeVar("_Calls", Pull, Push)
CLOSE_S = 0.4  # the longest that a closing is waited for
STALL_S = 1.0  # a stream whose callback is silent for longer has lost its device
START_S = 4.0  # but a sink that was asleep may be silent for two seconds after its first blocks


class Stream(Protocol):
    """What the player and the live session know of a stream."""

    name: str
    rate_hz: int  # of the device
    clock: DeviceClock
    glitches: int  # blocks that came too late, as the device says
    closed: bool

    @property
    def latency_s(self) -> float:
        """Between callback and membrane, as the device says."""
        ...

    @property
    def held_s(self) -> float:
        """How long a sample waits in conversion to the device's rate."""
        ...

    def lost(self) -> bool:
        """Whether the device has gone away or stands still."""
        ...

    def stop(self) -> None:
        """End it. May be called twice."""
        ...


def held_by(part: object) -> float:
    """Seconds of sound that wait in what a callback calls, where it says so (converters and ports do)."""
    return float(getattr(part, "held_s", 0.0))


def _away(at: float, now: float) -> float | None:
    """PortAudio's two times; some host interfaces leave the first one empty."""
    return at - now if at > 0 else None


class _PortAudio(Generic[_Calls]):
    def __init__(self, name: str, rate_hz: int, calls: _Calls, hears: bool) -> None:
        self.name = name
        self.rate_hz = rate_hz
        self.clock = DeviceClock(rate_hz, hears=hears)
        self._calls: _Calls | None = calls
        self.glitches = 0
        self.closed = False
        self.watch: PulseWatch | None = None  # of who opened it by PulseAudio's name
        self._stopping = False
        self._beats = 0
        self._stream: Any = None
        self._beat = self._started = time.monotonic()
        self._ended = threading.Event()

    def _start(self, stream: Any) -> None:
        self._stream = stream
        try:
            stream.start()
        except Exception:
            stream.close()
            raise
        self.clock.nominal_s = float(stream.latency)
        self._beat = self._started = time.monotonic()

    def _tick(self) -> None:
        if self._beats == 0:
            prefer_this_thread(CALLBACK_PRIORITY)
        self._beats += 1
        self._beat = time.monotonic()

    @property
    def latency_s(self) -> float:
        """See `Stream`."""
        return self.clock.distance_s

    @property
    def held_s(self) -> float:
        """See `Stream`."""
        return held_by(self._calls)

    def lost(self) -> bool:
        """Ended by itself, or its callback is silent."""
        silent = time.monotonic() - self._beat > self._patience()
        return not self._stopping and (self._ended.is_set() or silent or (self.watch is not None and self.watch.gone))

    def _patience(self) -> float:
        return STALL_S if self._beat - self._started > START_S else START_S

    def stop(self) -> None:
        """Close the device."""
        if self._stopping:
            return
        self._stopping = True
        # A device that vanished can hold up its own closing; it must not hold up the engine.
        closing = threading.Thread(target=self._close, name="closing a device", daemon=True)
        closing.start()
        closing.join(CLOSE_S)
        if self.watch is not None:
            self.watch.stop()

    def _close(self) -> None:
        # Its callback holds this, and sounddevice's streams hold themselves and their callback until a collection: what
        # is heard through it, with the rings of a minute, must not wait for that.
        stream, self._stream = self._stream, None
        self._calls = None
        with contextlib.suppress(Exception):
            stream.abort(ignore_errors=True)
        with contextlib.suppress(Exception):
            stream.close(ignore_errors=True)
        self.closed = True


class PortAudioOutput(_PortAudio[Pull]):
    """A loudspeaker that asks `pull` for every block."""

    def __init__(
        self, library: Any, index: int, name: str, rate_hz: int, channels: int, latency_s: float, pull: Pull
    ) -> None:
        super().__init__(name, rate_hz, pull, hears=False)

        def callback(out: Block, count: int, when: Any, flags: Any) -> None:
            self._tick()
            self.clock.begin(_away(when.outputBufferDacTime, when.currentTime))
            self.glitches += bool(flags.output_underflow)
            calls = self._calls
            out[:] = 0.0 if calls is None else calls(count).T
            self.clock.end(count)

        self._start(
            library.OutputStream(
                samplerate=rate_hz,
                device=index,
                channels=channels,
                dtype="float32",
                latency=latency_s,
                callback=callback,
                finished_callback=self._ended.set,
            )
        )


class PortAudioInput(_PortAudio[Push]):
    """A microphone that gives every block to `push`."""

    def __init__(
        self, library: Any, index: int, name: str, rate_hz: int, channels: int, latency_s: float, push: Push
    ) -> None:
        super().__init__(name, rate_hz, push, hears=True)

        def callback(block: Block, count: int, when: Any, flags: Any) -> None:
            self._tick()
            self.clock.begin(_away(when.inputBufferAdcTime, when.currentTime))
            self.glitches += bool(flags.input_overflow)
            calls = self._calls
            if calls is not None:
                calls(block.T)
            self.clock.end(count)

        self._start(
            library.InputStream(
                samplerate=rate_hz,
                device=index,
                channels=channels,
                dtype="float32",
                latency=latency_s,
                callback=callback,
                finished_callback=self._ended.set,
            )
        )


class VirtualOutput:
    """A clock that takes samples at the right rate and throws them away."""

    BLOCK_S = 0.01

    def __init__(self, pull: Pull, rate_hz: int) -> None:
        self.name = "virtual"
        self.rate_hz = rate_hz
        self.clock = DeviceClock(rate_hz, self.BLOCK_S)
        self.glitches = 0
        self.closed = False
        self._pull = pull
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="virtual loudspeaker", daemon=True)
        self._thread.start()

    @property
    def latency_s(self) -> float:
        """See `Stream`."""
        return self.clock.distance_s

    @property
    def held_s(self) -> float:
        """See `Stream`."""
        return held_by(self._pull)

    def lost(self) -> bool:
        """Never."""
        return False

    def stop(self) -> None:
        """End the clock."""
        self.closed = True
        self._end.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        prefer_this_thread(CALLBACK_PRIORITY)
        size = max(1, round(self.BLOCK_S * self.rate_hz))
        due = time.monotonic()
        while not self._end.is_set():
            self.clock.begin(due + self.BLOCK_S - time.monotonic())
            self._pull(size)
            self.clock.end(size)
            due += size / self.rate_hz
            self._end.wait(max(0.0, due - time.monotonic()))
