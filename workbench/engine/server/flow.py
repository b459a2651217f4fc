"""How evenly a device gives or takes its samples, watched before a live session begins."""

from __future__ import annotations

import time

WINDOW_S = 0.1
STEADY_WINDOWS = 3


class Flow:
    """`add` is the callback's; the rest is the live thread's."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._total = 0
        self._begun = 0.0
        self._low = self._high = 0.0
        self._seen = 0
        self._looked = time.monotonic()
        self._steady = 0

    def add(self, count: int) -> None:
        """A block of this many samples passed."""
        now = time.monotonic()
        if self._begun == 0.0:
            self._begun, self._total, self._low, self._high = now, 0, 0.0, 0.0
        ahead = self._total - (now - self._begun) * self._rate_hz
        self._low, self._high = min(self._low, ahead), max(self._high, ahead + count)
        self._total += count

    @property
    def burst_samples(self) -> int:
        """How far it ran ahead of an even clock, from its latest to its earliest moment: at least one block."""
        return round(self._high - self._low)

    def steady(self) -> bool:
        """Ask every 0.1 s: whether it has run at about its rate for 0.3 s. A device that stood still starts over."""
        now = time.monotonic()
        expected = (now - self._looked) * self._rate_hz
        even = 0.6 * expected < self._total - self._seen < 1.6 * expected
        self._steady = self._steady + 1 if even else 0
        if not even:
            self._begun = 0.0  # the next block is the first
            self._total = 0
        self._looked, self._seen = now, self._total
        return self._steady >= STEADY_WINDOWS
