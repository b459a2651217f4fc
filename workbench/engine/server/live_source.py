"""What is spoken into a live session where there is no microphone: a sound file, a test signal, or silence."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from speefeare_core import audio, generators

_BLOCK_S = 0.1


class FileSource:
    """A sound file as virtual microphone. Paced by whoever reads it (the loudspeaker's clock), so it cannot drift."""

    def __init__(self, path: str, rate_hz: int, channels: int, loop: bool) -> None:
        self.name = path
        self._open = lambda: audio.converted_blocks(path, rate_hz, channels, _BLOCK_S)
        self._loop = loop
        self._channels = channels
        self._blocks: Iterator[NDArray[np.float32]] = self._open()
        self._rest = next(self._blocks, np.zeros((channels, 0), np.float32))  # a bad file shows itself now
        self.position = 0  # samples of the file, at the codec's rate
        self.ended = False

    def read(self, count: int) -> NDArray[np.float32]:
        """The next `[C, ≤ count]`; fewer only at the end."""
        parts = []
        while count and not self.ended:
            if not self._rest.shape[1]:
                self._refill()
                continue
            part, self._rest = self._rest[:, :count], self._rest[:, count:]
            parts.append(part)
            count -= part.shape[1]
            self.position += part.shape[1]
        return np.concatenate([*parts, np.zeros((self._channels, 0), np.float32)], axis=1)

    def _refill(self) -> None:
        block = next(self._blocks, None)
        if block is None and self._loop and self.position:
            self._blocks, self.position = self._open(), 0
            block = next(self._blocks, None)
        if block is None:
            self.ended = True
        else:
            self._rest = block


class SilenceSource:
    """The virtual microphone: silence for ever."""

    name = "virtual"
    position = 0
    ended = False

    def __init__(self, channels: int) -> None:
        self._channels = channels

    def read(self, count: int) -> NDArray[np.float32]:
        """Zeros `[C, count]`."""
        return np.zeros((self._channels, count), np.float32)


class GeneratorSource:
    """A test signal, the same in every channel, for ever (`speefeare_core.generators`).

    Raises `SpeefeareError` for a signal that is not there or a tone that the rate cannot hold.
    """

    ended = False

    def __init__(self, kind: str, rate_hz: int, channels: int, tone_hz: float = 440.0) -> None:
        self.name = f"{kind}, {tone_hz:g} Hz" if kind == "sine" else kind
        self._signal = generators.make(kind, rate_hz, tone_hz)
        self._channels = channels

    @property
    def position(self) -> int:
        """Samples given so far."""
        return self._signal.position

    def read(self, count: int) -> NDArray[np.float32]:
        """The next `[C, count]`."""
        return np.repeat(self._signal.next(count), self._channels, axis=0)
