"""A run's progress as one line, and following a run until it rests. Without torch."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from speefeare_core.training.jobs.status import RunStatus, run_status
from speefeare_core.training.processes import reap
from speefeare_core.training.run_summary import RunSummary, RunTail

LOOK_S = 0.5


def progress_line(summary: RunSummary) -> str:
    """`step 120 of 4000, 3 %, 12 min left, mel distance 1.84, 38 s of audio a second`."""
    if not summary.begun:
        return "preparing"
    parts = [f"step {summary.step}{summary.of_steps}"]
    parts.append(f"{100 * summary.progress:.0f} %")
    if summary.left_s is not None:
        parts.append(f"{duration(summary.left_s)} left")
    if summary.mel_distance is not None:
        parts.append(f"mel distance {summary.mel_distance:.3g}")
    if summary.audio_s_per_s:
        parts.append(f"{summary.audio_s_per_s:.3g} s of audio a second")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3.5 h`, `2.1 days`."""
    for limit, unit, name in ((90.0, 1.0, "s"), (5400.0, 60.0, "min"), (172_800.0, 3600.0, "h")):
        if seconds < limit:
            value = seconds / unit
            return f"{value:.1f} {name}" if name == "h" and value < 10 else f"{value:.0f} {name}"
    return f"{seconds / 86400:.1f} days"


@contextlib.contextmanager
def progress_shown(run: Path, show: Callable[[str], None]) -> Iterator[None]:
    """While it is open, `show` is given the progress line of a run that is trained in this process."""
    end = threading.Event()

    def follow() -> None:
        tail = RunTail(run)
        while not end.wait(LOOK_S):
            while tail.read():
                pass
            show(progress_line(tail.summary))

    thread = threading.Thread(target=follow, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def follow_until_rest(run: Path, show: Callable[[str], None], look_s: float = LOOK_S) -> RunStatus:
    """Wait until a run that another process trains rests, showing its progress; how it stands then."""
    tail = RunTail(run)
    while True:
        reap()
        while tail.read():
            pass
        status = run_status(run, tail.summary)
        if not status.active:
            return run_status(run)
        show(progress_line(tail.summary))
        time.sleep(look_s)
