"""How evenly a device gives or takes its samples, watched before a live session begins."""

from __future__ import annotations

import time
from collections import deque

WINDOW_S = 0.1
STEADY_WINDOWS = 4


class Flow:
    """`add` is the callback's; the rest is the live thread's."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._total = 0
        self._begun = 0.0
        self._span: tuple[float, float] | None = None  # of this window: furthest behind and ahead of an even clock
        self._spans: deque[tuple[float, float]] = deque(maxlen=STEADY_WINDOWS)
        self._seen = 0
        self._last = 0.0
        self._at_once = 0  # in blocks that came on each other's heels
        self._most_at_once = 0  # since it runs evenly
        self._looked = time.monotonic()

    def add(self, count: int) -> None:
        """A block of this many samples passed."""
        now = time.monotonic()
        if self._begun == 0.0:
            self._begun, self._total = now, 0
        ahead = self._total - (now - self._begun) * self._rate_hz
        low, high = self._span or (ahead, ahead)
        self._span = min(low, ahead), max(high, ahead + count)
        self._total += count
        together = (now - self._last) * self._rate_hz < 0.5 * count
        self._at_once = self._at_once + count if together else count
        self._most_at_once = max(self._most_at_once, self._at_once)
        self._last = now

    @property
    def burst_samples(self) -> int:
        """How far it ran ahead of an even clock in the last windows, from its latest to its earliest moment: at least
        one block."""
        spans = [span for span in (*self._spans, self._span) if span is not None]
        if not spans:
            return 0
        return round(max(high for _, high in spans) - min(low for low, _ in spans))

    def steady(self) -> bool:
        """Ask every 0.1 s: whether it has run at about its rate for 0.4 s. A device that stood still starts over.

        Where a device works in bursts, one more or less falls into each 0.1 s.
        """
        now = time.monotonic()
        expected = (now - self._looked) * self._rate_hz
        rhythm = min(self._most_at_once, expected)
        least, most = min(0.6 * expected, expected - rhythm), max(1.6 * expected, expected + rhythm)
        if least <= self._total - self._seen <= most and self._span is not None:
            self._spans.append(self._span)
            self._span = None
        else:
            self._spans.clear()
            self._span = None
            self._begun = 0.0  # the next block is the first
            self._total = self._most_at_once = 0
        self._looked, self._seen = now, self._total
        return len(self._spans) == STEADY_WINDOWS
