"""Ends what the live thread needs no more, on other threads: it must not wait for a device or for a computation."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Leftovers:
    """For one thread."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []

    def end(self, action: Callable[[], None], after_s: float = 0.0) -> None:
        """Do it soon, `after_s` from now at the earliest."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        timer = threading.Timer(after_s, action)
        timer.name, timer.daemon = "leftovers of live", True
        self._threads.append(timer)
        timer.start()

    def wait(self, timeout: float = 5.0) -> None:
        """Until all of it is done."""
        for thread in self._threads:
            thread.join(timeout)
