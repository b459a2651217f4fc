"""What the engine says: every thread puts events in, one thread sends them, so that nobody waits for the window."""

from __future__ import annotations

import queue
import threading
from multiprocessing.connection import Connection

from workbench.engine.protocol import Event


class Outbox:
    """Events on their way to the window, in order."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._queue: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def put(self, event: Event) -> None:
        """Send soon; returns at once."""
        self._queue.put(event)

    def close(self, timeout: float = 1.0) -> None:
        """Send the rest and end."""
        self._queue.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        while (event := self._queue.get()) is not None:
            try:
                self._connection.send(event)
            except OSError:  # the window is gone; the main loop notices
                return
