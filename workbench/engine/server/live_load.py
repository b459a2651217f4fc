"""How the computing keeps up: real-time factor over the last seconds, and whether somebody should be told."""

from __future__ import annotations

from collections import deque

LOOK_S = 4.0  # of sound, over which the factor is taken
LOOK_BLOCKS = 8  # or so many blocks
TOO_SLOW = 0.95


class Load:
    """Computing time against the time of the sound that was computed. `block_s`: of what is computed at once."""

    def __init__(self, block_s: float = 0.0) -> None:
        self._look_s = max(LOOK_S, LOOK_BLOCKS * block_s)
        self._steps: deque[tuple[float, float, bool]] = deque()  # computing s, sound s, whether frames were dropped
        self._computing = self._sound = 0.0
        self._told = False

    def add(self, computing_s: float, sound_s: float, dropped: int) -> None:
        """One step, and the frames that had to be left out before it."""
        self._steps.append((computing_s, sound_s, dropped > 0))
        self._computing += computing_s
        self._sound += sound_s
        while self._sound > self._look_s and len(self._steps) > 1:
            computing, sound, _ = self._steps.popleft()
            self._computing -= computing
            self._sound -= sound

    @property
    def real_time_factor(self) -> float:
        """Below 1: faster than the sound. 0 before the first step."""
        return self._computing / self._sound if self._sound > 0 else 0.0

    def too_slow(self) -> bool:
        """True once, when the machine does not keep up: not for one step that something else held up."""
        if self._told or self._sound < self._look_s / 2:
            return False
        took = [computing for computing, _, _ in self._steps if computing > 0]
        usual = (self._computing - max(took)) * len(took) / (len(took) - 1) if len(took) > 1 else 0.0
        drops = [index for index, (_, _, dropped) in enumerate(self._steps) if dropped]
        steady = len(drops) >= 3 and drops[-1] - drops[0] > len(self._steps) // 2
        self._told = usual / self._sound >= TOO_SLOW or steady
        return self._told
