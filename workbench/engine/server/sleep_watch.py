"""Notices that the computer slept, or that this process stood still, by three clocks."""

from __future__ import annotations

import time
from collections.abc import Callable

LEAST_S = 1.0  # a loop that looks many times a second has not been away for so long unless something stopped it
WORKED_SHARE = 0.2  # or unless it computed: then its thread was at work for more than this share of the time


def _wall() -> float:
    """Seconds that also pass while the computer sleeps."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime(clock) if clock is not None else time.time()


class SleepWatch:
    """`look` many times a second, on the thread whose long computations are no sleep, even where it slept in one."""

    def __init__(self, wall: Callable[[], float] = _wall, worked: Callable[[], float] = time.thread_time) -> None:
        self._wall, self._worked = wall, worked
        self._before = (wall(), worked())

    def look(self) -> float:
        """The seconds that were slept since the last look; 0: none."""
        now = (self._wall(), self._worked())
        away, worked = (after - before for after, before in zip(now, self._before, strict=True))
        self._before = now
        return away - worked if away - worked >= LEAST_S and worked < WORKED_SHARE * away else 0.0
