"""Between the devices and the core of a live session, so that a device may stay open while another core takes over.

A port is what a device calls. It knows the rate and channel count with which its device was opened; a core with others
is converted here. What the callback does is copying, counting and, for some milliseconds of a change, a fade.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.engine.server.converters import PullConverter, PushConverter
from workbench.engine.server.flow import Flow
from workbench.engine.server.streams import Pull, Push, held_by

FADE_S = 0.01
KEPT = 512  # samples, more than any resampler looks back
Samples = NDArray[np.float32]


class InputPort:
    """What a microphone calls; until `connect` its samples only show how evenly it runs."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        self.rate_hz, self.channels = rate_hz, channels
        self.flow = Flow(rate_hz)
        self.ppm = 0.0  # by which the sound is shortened, to follow the loudspeaker's clock
        self._push: Push | None = None
        self._core: tuple[Push, int, int] | None = None
        self._next: PushConverter | None = None  # takes over with the next block
        self._last: Samples = np.zeros((channels, 0), np.float32)

    def __call__(self, block: Samples) -> None:
        """The microphone's next `[channels, n]`."""
        if self._next is not None:
            self._next.prime(self._last)
            self._push, self._next = self._next, None
        push = self._push
        if push is None:
            self.flow.add(block.shape[1])
        else:
            push(block)
        self._last = block[:, -KEPT:].copy()

    @property
    def held_s(self) -> float:
        """How long a sample waits in conversion."""
        return held_by(self._push)

    def connect(self, push: Push, rate_hz: int, channels: int) -> None:
        """From the next block on, this core."""
        self._next, self._core = None, (push, rate_hz, channels)
        fits = (rate_hz, channels) == (self.rate_hz, self.channels) and self.ppm == 0
        self._push = push if fits else PushConverter(push, self.rate_hz, rate_hz, channels, self.ppm)

    def stretch(self, ppm: float) -> None:
        """By the thread that connects: from now on the sound is so much shorter, without a seam."""
        self.ppm = ppm
        if self._core is None or (isinstance(self._push, PushConverter) and self._push.stretch(ppm)):
            return
        if self._next is None or not self._next.stretch(ppm):
            push, rate_hz, channels = self._core
            self._next = PushConverter(push, self.rate_hz, rate_hz, channels, ppm)


@dataclass
class _Leaving:
    """Who is still heard for `left` samples."""

    pull: Pull
    left: int


class OutputPort:
    """What a loudspeaker calls; silent until `connect`."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        self.rate_hz, self.channels = rate_hz, channels
        self.flow = Flow(rate_hz)
        self._fade = max(1, round(FADE_S * rate_hz))
        self._state: tuple[Pull | None, _Leaving | None] = (None, None)  # in one piece: the callback may come any time

    def __call__(self, count: int) -> Samples:
        """The loudspeaker's next `[channels, count]`."""
        pull, leaving = self._state
        if pull is None:
            self.flow.add(count)
        out = np.zeros((self.channels, count), np.float32) if pull is None else pull(count)
        if leaving is not None and leaving.left > 0:
            gain = np.clip((leaving.left - np.arange(count)) / self._fade, 0.0, 1.0).astype(np.float32)
            leaving.left -= count
            out = out + leaving.pull(count) * gain
        return out

    @property
    def held_s(self) -> float:
        """How long a sample waits in conversion."""
        return held_by(self._state[0])

    def connect(self, pull: Pull, rate_hz: int, channels: int, old_left_s: float = 0.0) -> None:
        """From the next block on this core, which begins with silence; the one before it goes on for `old_left_s` and
        fades out in the last 10 ms."""
        fits = (rate_hz, channels) == (self.rate_hz, self.channels)
        before = self._state[0]
        leaving = None if before is None else _Leaving(before, max(self._fade, round(old_left_s * self.rate_hz)))
        new = pull if fits else PullConverter(pull, rate_hz, self.rate_hz, channels, self.channels)
        self._state = (new, leaving)

    def disconnect(self) -> None:
        """Silence, after 10 ms of fading out."""
        before = self._state[0]
        self._state = (None, None if before is None else _Leaving(before, self._fade))

    def forget_old(self) -> None:
        """Now and then, on the thread that connects: let go of a core that is no longer heard."""
        pull, leaving = self._state
        if leaving is not None and leaving.left <= 0:
            self._state = (pull, None)
