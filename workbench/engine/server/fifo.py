"""Samples on their way from one thread to another, without locks: one writes, one reads, each moves its own counter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class SampleFifo:
    """First in, first out, `[C, n]` float32."""

    def __init__(self, channels: int, capacity: int) -> None:
        self._data: NDArray[np.float32] = np.zeros((channels, capacity), np.float32)
        self._written = 0
        self._read = 0

    @property
    def waiting(self) -> int:
        """Samples that can be read."""
        return self._written - self._read

    def write(self, block: NDArray[np.float32]) -> int:
        """Append what there is room for; how many samples were lost."""
        capacity = self._data.shape[1]
        count = min(block.shape[1], capacity - self.waiting)
        at = self._written % capacity
        first = min(count, capacity - at)
        self._data[:, at : at + first] = block[:, :first]
        self._data[:, : count - first] = block[:, first:count]
        self._written += count
        return block.shape[1] - count

    def read(self, count: int) -> NDArray[np.float32]:
        """The oldest `[C, ≤ count]`, as a copy."""
        count = min(count, self.waiting)
        capacity = self._data.shape[1]
        at = self._read % capacity
        first = min(count, capacity - at)
        out = np.concatenate([self._data[:, at : at + first], self._data[:, : count - first]], axis=1)
        self._read += count
        return out

    def skip(self, count: int) -> None:
        """Throw away the oldest (the reader's to call)."""
        self._read += min(count, self.waiting)
