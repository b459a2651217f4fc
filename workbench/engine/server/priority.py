"""Who computes first where many want to: the threads that sound waits for.

Most systems allow this only to the administrator or to an "audio" group; where they refuse, nothing changes.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

# PulseAudio's own threads run at 5: a device's callback, which only copies, goes before, the codec's steps after them.
CALLBACK_PRIORITY, STEP_PRIORITY = 7, 3
NICENESS = -5


def prefer_this_process() -> None:
    """At the start. A real-time thread may have to wait for the interpreter lock, and so for any other thread."""
    if hasattr(os, "setpriority"):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, min(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))


def prefer_this_thread(priority: int) -> None:
    """For the callbacks of devices and the live thread."""
    if hasattr(os, "sched_setscheduler"):  # Linux: of this thread alone
        with contextlib.suppress(OSError):
            policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
            os.sched_setscheduler(threading.get_native_id(), policy, os.sched_param(priority))


@contextlib.contextmanager
def preferred(priority: int) -> Iterator[None]:
    """For a short while: what is timed here is to take as long as it will when sound waits for it."""
    if not hasattr(os, "sched_setscheduler"):
        yield
        return
    thread = threading.get_native_id()
    policy, before = os.sched_getscheduler(thread), os.sched_getparam(thread)
    prefer_this_thread(priority)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(thread, policy, before)
