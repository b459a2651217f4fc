"""A gain that changes without a click."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RAMP_S = 0.01


class Ramp:
    """Moves from one value to the next along a line of 10 ms full swing."""

    def __init__(self, value: float, rate_hz: int) -> None:
        self.target = value
        self._value = value
        self._step = 1.0 / (RAMP_S * rate_hz)  # the most it may move in one sample, for gains up to 1

    @property
    def settled(self) -> bool:
        """Whether it has arrived."""
        return self._value == self.target

    def next(self, count: int) -> NDArray[np.float32] | np.float32:
        """The value for each of the next `count` samples; one number where it stands still."""
        if self.settled:
            return np.float32(self._value)
        step = self._step * max(1.0, abs(self.target), abs(self._value))
        way = self.target - self._value
        moved = np.minimum(np.arange(1, count + 1) * step, abs(way))
        self._value = self.target if moved[-1] >= abs(way) else self._value + float(np.sign(way) * moved[-1])
        return (self.target - way + np.sign(way) * moved).astype(np.float32)
