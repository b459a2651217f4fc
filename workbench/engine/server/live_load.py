"""How the computing keeps up: real-time factor over the last seconds, and whether somebody should be told."""

from __future__ import annotations

from collections import deque

LOOK_S = 4.0  # of sound, over which the factor is taken
TOO_SLOW = 0.95


class Load:
    """Computing time against the time of the sound that was computed."""

    def __init__(self) -> None:
        self._steps: deque[tuple[float, float, bool]] = deque()  # computing s, sound s, whether frames were dropped
        self._computing = self._sound = 0.0
        self._told = False

    def add(self, computing_s: float, sound_s: float, dropped: int) -> None:
        """One step, and the frames that had to be left out before it."""
        self._steps.append((computing_s, sound_s, dropped > 0))
        self._computing += computing_s
        self._sound += sound_s
        while self._sound > LOOK_S and len(self._steps) > 1:
            computing, sound, _ = self._steps.popleft()
            self._computing -= computing
            self._sound -= sound

    @property
    def real_time_factor(self) -> float:
        """Below 1: faster than the sound. 0 before the first step."""
        return self._computing / self._sound if self._sound > 0 else 0.0

    def too_slow(self) -> bool:
        """True once, when the machine does not keep up."""
        if self._told or self._sound < LOOK_S / 2:
            return False
        drops = [index for index, (_, _, dropped) in enumerate(self._steps) if dropped]
        steady = len(drops) >= 3 and drops[-1] - drops[0] > len(self._steps) // 2
        self._told = self.real_time_factor >= TOO_SLOW or steady
        return self._told
