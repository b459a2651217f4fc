"""How late and how soft a decode is beside its original: what is made good before both are compared by ear."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from speefeare_core.alignment import estimate_delay, shifted
from speefeare_core.audio import Samples
from speefeare_core.levels import matching_gain

CONFIDENT = 0.5  # below this correlation a delay is not believed and nothing is moved
EXCERPT_S = 10.0
MAX_DELAY_S = 0.25


@dataclass(frozen=True)
class Match:
    """`delay_samples` earlier and `gain_db` louder, a decode stands beside its original."""

    gain_db: float
    delay_samples: int

    def applied(self, samples: Samples) -> Samples:
        """A decode `[C, T]` so moved and raised."""
        moved = shifted(samples, self.delay_samples, samples.shape[1])
        return np.asarray(moved * np.float32(10 ** (self.gain_db / 20)) if self.gain_db else moved, np.float32)


def match(original: Samples, decoded: Samples, rate_hz: int) -> Match:
    """Measured on the loudest ten seconds of `[C, T]` (the delay) and on all of it (the loudness, BS.1770)."""
    size = min(original.shape[1], round(EXCERPT_S * rate_hz))
    starts = range(0, max(1, original.shape[1] - size + 1), max(1, size // 2))
    start = max(starts, key=lambda at: float(np.square(original[0, at : at + size]).sum()))
    found = estimate_delay(
        original[0, start : start + size], decoded[0, start : start + size], round(MAX_DELAY_S * rate_hz)
    )
    delay = found.samples if found.confidence >= CONFIDENT else 0
    gain = matching_gain(original, shifted(decoded, delay, decoded.shape[1]), rate_hz)
    return Match(20 * math.log10(gain), delay)
