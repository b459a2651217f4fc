"""How large the next block of a long computation may be, so that nobody waits long for it to be voided."""

from __future__ import annotations

import time

TARGET_S = 0.05


class Pace:
    """Adapts the block size to the computing time of blocks. Use as a context manager around each block.

    Computing time, not the clock: on a busy machine smaller blocks would only add to the work. Never below the first
    size, because each block has a cost of its own.
    """

    def __init__(self, first: int, largest: int) -> None:
        self.size = max(1, min(first, largest))
        self._largest = max(1, largest)
        self._least = self.size
        self._begun = 0.0

    def __enter__(self) -> int:
        self._begun = time.thread_time()
        return self.size

    def __exit__(self, *_: object) -> None:
        taken = max(time.thread_time() - self._begun, 1e-6)
        factor = min(2.0, max(0.25, TARGET_S / taken))
        self.size = max(self._least, min(self._largest, round(self.size * factor)))
