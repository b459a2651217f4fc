"""The last thing before the loudspeaker: nothing above -1 dBFS, by a gain that falls and rises along straight lines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CEILING_DB = -1.0
CEILING = float(10 ** (CEILING_DB / 20))
ATTACK_S, RELEASE_S = 0.0015, 0.2  # full swing
Samples = NDArray[np.float32]


class Limiter:
    """Adds no delay: the gain is down before a peak where the block shows it early enough. At the beginning of a block
    it falls no faster than elsewhere, and for the 1.5 ms until it is down, what is still above the ceiling is clipped.
    """

    def __init__(self, rate_hz: int) -> None:
        self._fall = 1.0 / (ATTACK_S * rate_hz)
        self._rise = 1.0 / (RELEASE_S * rate_hz)
        self._gain = 1.0
        self.reduction_db = 0.0  # the greatest of the last block

    def limit(self, block: Samples) -> Samples:
        """The next `[C, n]`; itself where nothing is to be done."""
        peak = np.abs(block).max(axis=0)
        if self._gain == 1.0 and float(peak.max(initial=0.0)) <= CEILING:
            self.reduction_db = 0.0
            return block
        gain = self._gains(CEILING / np.maximum(peak, CEILING).astype(np.float64))
        self._gain = float(gain[-1])
        self.reduction_db = float(-20 * np.log10(gain.min()))
        return np.clip(block * gain.astype(np.float32), -CEILING, CEILING)

    def _gains(self, wanted: NDArray[np.float64]) -> NDArray[np.float64]:
        """The highest gains `[n]` below `wanted` that keep to the slopes, from where the last block ended."""
        count = np.arange(1, len(wanted) + 1)
        held = np.concatenate([[self._gain], wanted - count * self._rise])
        risen = np.minimum.accumulate(held)[1:] + count * self._rise
        fallen = np.minimum.accumulate((risen + count * self._fall)[::-1])[::-1] - count * self._fall
        gains: NDArray[np.float64] = np.clip(np.maximum(fallen, self._gain - count * self._fall), 0.0, 1.0)
        return gains
