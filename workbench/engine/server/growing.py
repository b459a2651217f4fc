"""A shared [C, T] array whose length is known only at its end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.engine.memory import ArrayRef, SharedArray


class GrowingArray:
    """Append blocks, then `finish`. `expected` samples need no copy where there is one channel."""

    def __init__(self, channels: int, expected: int) -> None:
        self._shared = SharedArray.create((channels, max(1, expected)), np.float32)
        self.length = 0

    def append(self, block: NDArray[np.float32]) -> None:
        """Append `[C, n]`."""
        end = self.length + block.shape[1]
        if end > self._shared.array.shape[1]:
            self._move(end + end // 4)
        self._shared.array[:, self.length : end] = block
        self.length = end

    def finish(self) -> SharedArray:
        """Exactly what was appended."""
        ref = self._shared.ref
        if ref.shape[0] == 1 and self.length:
            return SharedArray.attach(ArrayRef(ref.kind, ref.name, (1, self.length), ref.dtype))
        if self.length != ref.shape[1]:
            self._move(self.length)
        return self._shared

    def discard(self) -> None:
        """Nobody wants it any more."""
        self._shared.unlink()

    def _move(self, length: int) -> None:
        old = self._shared
        self._shared = SharedArray.create((old.ref.shape[0], max(1, length)), np.float32)
        self._shared.array[:, : self.length] = old.array[:, : self.length]
        old.unlink()
