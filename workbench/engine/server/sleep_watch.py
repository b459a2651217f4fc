"""Notices that the computer slept, or that this process stood still, by two clocks."""

from __future__ import annotations

import time
from collections.abc import Callable

LEAST_S = 1.0  # a loop that looks many times a second has not been away for so long unless something stopped it


def _wall() -> float:
    """Seconds that also pass while the computer sleeps."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime(clock) if clock is not None else time.time()


class SleepWatch:
    """`look` many times a second."""

    def __init__(self, wall: Callable[[], float] = _wall) -> None:
        self._wall = wall
        self._before = wall()

    def look(self, busy_s: float = 0.0) -> float:
        """The seconds that were slept since the last look; 0: none. `busy_s`: how long a computation took meanwhile."""
        now = self._wall()
        away, self._before = now - self._before - busy_s, now
        return away if away >= LEAST_S else 0.0
