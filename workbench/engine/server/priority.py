"""Which threads the system should run first: sound before long computations."""

from __future__ import annotations

import contextlib
import os
import threading


def prefer_this_thread() -> None:
    """For threads that sound waits for. Most systems allow it to the administrator alone; then nothing changes."""
    _set(-10)


def yield_to_sound() -> None:
    """For threads that can wait."""
    _set(5)


def _set(niceness: int) -> None:
    if hasattr(os, "setpriority"):
        with contextlib.suppress(OSError):  # Linux: of this thread alone
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
