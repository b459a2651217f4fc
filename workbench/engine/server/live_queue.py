"""The two queues of a live session, and what keeps them short: samples wait for the codec and for the loudspeaker.

Where something is late, sound is lost; it then ends and begins within 5 ms instead of breaking off.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.engine.server.fifo import SampleFifo

FADE_S = 0.005
Samples = NDArray[np.float32]


class InputQueue:
    """`put` is the callback's, the rest the live thread's."""

    def __init__(self, rate_hz: int, channels: int, capacity: int) -> None:
        self._fifo = SampleFifo(channels, capacity)
        self._fade: Samples = np.linspace(0, 1, round(FADE_S * rate_hz), endpoint=False, dtype=np.float32)
        self._skipped: Samples = np.zeros((channels, 0), np.float32)
        self.overruns = 0

    @property
    def waiting(self) -> int:
        """Samples that wait for the codec."""
        return self._fifo.waiting

    def put(self, block: Samples) -> None:
        """Copy what there is room for."""
        self.overruns += bool(self._fifo.write(block))

    def take(self, count: int) -> Samples:
        """The oldest `[C, count]`, which must be there; after a gap faded over from what was skipped."""
        block = self._fifo.read(count)
        fade = min(self._skipped.shape[1], count)
        if fade:
            up = self._fade[:fade]
            block[:, :fade] = block[:, :fade] * up + self._skipped[:, :fade] * (1 - up)
            self._skipped = self._skipped[:, :0]
        return block

    def skip(self, count: int) -> None:
        """Throw away the oldest."""
        if not self._skipped.shape[1]:
            self._skipped = self._fifo.read(min(count, len(self._fade)))
            count -= self._skipped.shape[1]
        self._fifo.skip(count)


class OutputQueue:
    """`take` is the callback's, the rest the live thread's."""

    def __init__(self, rate_hz: int, channels: int, capacity: int) -> None:
        self._fifo = SampleFifo(channels, capacity)
        self._down: Samples = np.linspace(1, 0, round(FADE_S * rate_hz), dtype=np.float32)
        self._up: Samples = self._down[::-1].copy()
        self._last: Samples = np.zeros((channels, 1), np.float32)
        self._dry = False
        self.underruns = 0

    @property
    def waiting(self) -> int:
        """Samples that wait for the loudspeaker."""
        return self._fifo.waiting

    def put(self, block: Samples) -> None:
        """Append `[C, n]`."""
        self._fifo.write(block)

    def skip(self, count: int) -> None:
        """Throw away the oldest (the reader's to call)."""
        self._fifo.skip(count)

    def take(self, count: int) -> Samples:
        """The next `[C, count]`; silence where they are not there yet."""
        block = self._fifo.read(count)
        if self._dry and block.shape[1]:
            fade = min(block.shape[1], len(self._up))
            block[:, :fade] *= self._up[:fade]
            self._dry = False
        if block.shape[1] == count:
            if count:
                self._last = block[:, -1:]
            return block
        self.underruns += 1
        return self._run_dry(block, count)

    def _run_dry(self, block: Samples, count: int) -> Samples:
        out = np.zeros((block.shape[0], count), np.float32)
        out[:, : block.shape[1]] = block
        rest = out[:, block.shape[1] :]
        fade = min(rest.shape[1], len(self._down))
        last = block[:, -1:] if block.shape[1] else self._last
        rest[:, :fade] = last * self._down[:fade]
        self._last, self._dry = out[:, -1:], True
        return out
