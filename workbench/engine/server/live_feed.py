"""What is spoken where there is no microphone: a source, paced by what the loudspeaker took."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from speefeare_core.codec import CodecInfo
from workbench.engine.protocol import StartLive
from workbench.engine.server import live_source
from workbench.engine.server.live_core import LiveCore


class Source(Protocol):
    """A file, a generator, silence (`live_source`)."""

    @property
    def name(self) -> str:
        """For people."""
        ...

    @property
    def position(self) -> int:
        """Samples given, of a file the place in it, at the codec's rate."""
        ...

    @property
    def ended(self) -> bool:
        """Whether there is no more."""
        ...

    def read(self, count: int) -> NDArray[np.float32]:
        """The next `[C, ≤ count]`; fewer only at the end."""
        ...


class Feed:
    """A source that speaks into a core."""

    def __init__(self, source: Source, core: LiveCore, tail: int) -> None:
        self.source = source
        self._core = core
        self._tail = tail  # samples after the last of the source until it was heard
        self._fed = self._spoken = 0

    def feed(self) -> bool:
        """As many samples as the loudspeaker took since the last time. False when the end was heard."""
        count = self._core.played - self._fed
        if count <= 0:
            return True
        block = self.source.read(count)
        self._fed += count
        self._spoken += block.shape[1]
        self._core.push(np.pad(block, ((0, 0), (0, count - block.shape[1]))))
        return not (self.source.ended and self._core.played >= self._spoken + self._tail)


def make_source(request: StartLive, info: CodecInfo) -> Source:
    """What speaks where there is no microphone. Raises `SpeefeareError` for a file that cannot be read or a signal that
    there is not."""
    if request.file is not None:
        return live_source.FileSource(request.file, info.rate_hz, info.channels, request.loop_file)
    if request.generator is not None:
        return live_source.GeneratorSource(request.generator, info.rate_hz, info.channels, request.tone_hz)
    return live_source.SilenceSource(info.channels)
