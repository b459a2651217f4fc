"""Real sound on a computer that may be a guest on another: what the host disturbed is recorded again.

A host that takes the processor away for longer than a sound card's buffer makes a gap that no program can prevent.
Linux counts such time as *stolen*; on a computer of its own it is 0 and nothing is ever repeated.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Taken = TypeVar("Taken")
TRIES = 6
GAP_S = 0.05  # stolen time that can empty a buffer of 60 ms
TICKS_PER_S = 100
CALM_S = 12.0  # waited for the host, before a take is made again


def stolen_s() -> float:
    """Processor time that the host gave to others, since the start of the system."""
    first = Path("/proc/stat").read_text().splitlines()[0].split()
    return int(first[8]) / TICKS_PER_S


def undisturbed(take: Callable[[], Taken], spotless: Callable[[Taken], bool]) -> Taken:
    """The first take that is spotless or that nothing disturbed; after `TRIES` the last."""
    for attempt in range(TRIES):
        before = stolen_s()
        taken = take()
        gone = stolen_s() - before
        if spotless(taken) or gone < GAP_S:
            break
        print(f"take {attempt + 1} is not spotless, and the host took {gone:.2f} s of processor time meanwhile")
        wait_for_calm()
    return taken


def wait_for_calm() -> None:
    """Until the host has let us be for a second; it is not waited for longer than `CALM_S`."""
    end = time.monotonic() + CALM_S
    while time.monotonic() < end:
        before = stolen_s()
        time.sleep(1.0)
        if stolen_s() - before < GAP_S:
            return
