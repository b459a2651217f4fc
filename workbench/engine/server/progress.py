"""Progress events, not more often than a person can read."""

from __future__ import annotations

import time
from collections.abc import Callable

from workbench.engine import protocol

INTERVAL_S = 0.1


class Reporter:
    """Says how far a request is."""

    def __init__(self, emit: Callable[[protocol.Event], None], request_id: int) -> None:
        self._emit = emit
        self._request_id = request_id
        self._last = 0.0

    def __call__(self, stage: str, done: float, total: float) -> None:
        now = time.monotonic()
        if now - self._last >= INTERVAL_S or done >= total:
            self._last = now
            self._emit(protocol.Progress(self._request_id, stage, float(done), float(total)))
