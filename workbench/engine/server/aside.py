"""A short sound beside the clip: a piece of any buffer, heard once, with a ramp at both ends."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Aside:
    """`samples[:, start:end]` of `[C, T]`, read as it is heard. Only the thread that renders uses it."""

    def __init__(self, samples: Any, start: int, end: int, ramp_samples: int) -> None:
        self._samples = samples
        self._start = self._at = max(0, start)
        self._end = min(end, samples.shape[1])
        self._ramp = max(1, min(ramp_samples, (self._end - self._start) // 2))

    @property
    def ended(self) -> bool:
        """Whether all of it was heard."""
        return bool(self._at >= self._end)

    def stop(self) -> None:
        """End it one ramp from now."""
        self._end = min(self._end, self._at + self._ramp)

    def add_to(self, out: NDArray[np.float32]) -> None:
        """Add its next samples to a block `[C, n]`; a block of other channels than its own is left as it is."""
        count = min(out.shape[1], self._end - self._at)
        if count <= 0:
            return
        piece = self._samples[:, self._at : self._at + count]
        if piece.shape[0] == out.shape[0]:
            index = np.arange(self._at, self._at + count)
            rising, falling = index - self._start + 0.5, self._end - index - 0.5
            out[:, :count] += piece * np.minimum(np.minimum(rising, falling) / self._ramp, 1.0).astype(np.float32)
        self._at += count
