"""How long the codec's steps take."""

from __future__ import annotations

from collections import deque

import numpy as np


class StepTimes:
    """Last, median, 99th percentile of the last 500, and the worst of all, in ms."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=500)
        self.last = 0.0
        self.worst = 0.0

    def add(self, seconds: float) -> None:
        """One step."""
        self.last = 1000 * seconds
        self.worst = max(self.worst, self.last)
        self._recent.append(self.last)

    def median_and_p99(self) -> tuple[float, float]:
        """Zero before the first step."""
        if not self._recent:
            return 0.0, 0.0
        median, p99 = np.percentile(np.array(self._recent), (50, 99))
        return float(median), float(p99)
