"""Ends what the live thread needs no more, on other threads: it must not wait for a device or for a computation."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Leftovers:
    """For one thread."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []

    def end(self, action: Callable[[], None], after_s: float = 0.0) -> None:
        """Do it soon, `after_s` from now at the earliest."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=_later, args=(action, after_s), name="leftovers of live", daemon=True)
        self._threads.append(thread)
        thread.start()

    def wait(self, timeout: float = 5.0) -> None:
        """Until all of it is done."""
        for thread in self._threads:
            thread.join(timeout)


def _later(action: Callable[[], None], after_s: float) -> None:
    """On a plain thread, which lets go of what it was given when it ends; a timer would keep it."""
    time.sleep(after_s)
    action()
