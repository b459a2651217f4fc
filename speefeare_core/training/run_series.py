"""One curve of a run: values over steps that grow at the end, and are reduced before anybody draws them. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BLOCK = 64  # points whose extremes are kept together: a million of them are drawn from sixteen thousand
MANY = 4 * BLOCK  # points in a piece from which on its edges may be moved to those of blocks


@dataclass(frozen=True)
class Reduced:
    """P pieces of a curve; NaN where a piece has no value."""

    low: Floats  # [P]
    high: Floats  # [P]
    mean: Floats  # [P], over the piece, or over the window where one was asked for


class Series:
    """Points (step, value) with rising steps. Values that are no number are counted, and are gaps in the curve."""

    def __init__(self) -> None:
        self.count = 0
        self._steps = np.empty(16, np.int64)
        self._values = np.empty(16, np.float64)
        self._sums = np.zeros(17, np.float64)  # of the finite values before each point
        self._finite = np.zeros(17, np.int64)  # how many there are
        self._low = np.empty(4, np.float64)  # of each whole or begun block; inf where it has no finite value
        self._high = np.empty(4, np.float64)

    @property
    def steps(self) -> NDArray[np.int64]:
        """`[N]`, rising. A view: it is valid until the next `append`."""
        return self._steps[: self.count]

    @property
    def values(self) -> Floats:
        """`[N]`. A view, as above."""
        return self._values[: self.count]

    @property
    def last(self) -> float | None:
        """The newest value; None where there is none."""
        return float(self._values[self.count - 1]) if self.count else None

    @property
    def not_finite(self) -> int:
        """How many of the values are no numbers."""
        return self.count - int(self._finite[self.count])

    def append(self, step: int, value: float) -> None:
        """A further point. One at or before the last step takes the place of what was there from that step on."""
        if self.count and step <= self._steps[self.count - 1]:
            self.cut(step - 1)
        at = self.count
        if at == len(self._steps):
            self._grow()
        finite = np.isfinite(value)
        self._steps[at], self._values[at] = step, value if finite else np.nan
        self._sums[at + 1] = self._sums[at] + (value if finite else 0.0)
        self._finite[at + 1] = self._finite[at] + bool(finite)
        block = at // BLOCK
        if at % BLOCK == 0:
            self._low[block], self._high[block] = np.inf, -np.inf
        if finite:
            self._low[block] = min(self._low[block], value)
            self._high[block] = max(self._high[block], value)
        self.count = at + 1

    def cut(self, step: int) -> None:
        """Forget everything past `step`."""
        self.count = int(np.searchsorted(self.steps, step, side="right"))
        begun = self.count % BLOCK
        if begun:
            values = self.values[-begun:]
            known = values[np.isfinite(values)]
            block = self.count // BLOCK
            self._low[block], self._high[block] = known.min(initial=np.inf), known.max(initial=-np.inf)

    def at(self, step: float) -> float | None:
        """The value that held at a step: the newest one up to it; None before the first and where it is no number."""
        index = int(np.searchsorted(self.steps, int(np.floor(step)), side="right")) - 1
        value = float(self._values[index]) if index >= 0 else np.nan
        return value if np.isfinite(value) else None

    def reduced(self, edges: Floats, window: float = 0.0) -> Reduced:
        """The curve in pieces [edges[i], edges[i + 1]) of steps, `edges` rising `[P + 1]`.

        With a `window` (in steps) the mean of a piece is that of all points within half a window of its middle point,
        so that smoothing means the same at every zoom. Extremes are never lost; where a piece has many points its
        edges may lie a few points aside.
        """
        # whole numbers: searching by others would first convert every step
        index = np.searchsorted(self.steps, np.ceil(edges).astype(np.int64), side="left")
        first, last = index[:-1], index[1:]
        low, high = self._extremes(index)
        if window > 0 and self.count:
            empty = last <= first
            middle = np.clip((first + last) // 2, 0, self.count - 1)
            centre = self.steps[middle]
            first = np.searchsorted(self.steps, np.ceil(centre - window / 2).astype(np.int64), side="left")
            last = np.searchsorted(self.steps, np.floor(centre + window / 2).astype(np.int64), side="right")
            last = np.where(empty, first, np.maximum(last, first))
        sums, found = self._sums[last] - self._sums[first], self._finite[last] - self._finite[first]
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(found > 0, sums / np.maximum(found, 1), np.nan)
        return Reduced(low, high, mean)

    def _extremes(self, index: NDArray[np.int64]) -> tuple[Floats, Floats]:
        pieces = len(index) - 1
        low, high = np.full(pieces, np.nan), np.full(pieces, np.nan)
        if not self.count or index[-1] <= index[0]:
            return low, high
        lows: NDArray[Any]
        highs: NDArray[Any]
        if index[-1] - index[0] > MANY * pieces:
            blocks = -(-self.count // BLOCK)
            lows, highs = self._low[:blocks], self._high[:blocks]
            index = np.where(index >= self.count, blocks, (index + BLOCK // 2) // BLOCK)  # the begun block too
        else:
            lows = highs = self.values
        first, last = index[:-1], index[1:]
        there = np.flatnonzero(last > first)
        if not len(there):
            return low, high
        begin, end = int(first[there[0]]), int(last[there[-1]])
        starts = first[there] - begin
        kept_low, kept_high = lows[begin:end], highs[begin:end]
        low[there] = np.fmin.reduceat(kept_low, starts)
        high[there] = np.fmax.reduceat(kept_high, starts)
        return np.where(np.isfinite(low), low, np.nan), np.where(np.isfinite(high), high, np.nan)

    def _grow(self) -> None:
        size = 2 * len(self._steps)
        self._steps = np.resize(self._steps, size)
        self._values = np.resize(self._values, size)
        self._sums = np.resize(self._sums, size + 1)
        self._finite = np.resize(self._finite, size + 1)
        blocks = -(-size // BLOCK) + 1
        if blocks > len(self._low):
            self._low, self._high = np.resize(self._low, blocks), np.resize(self._high, blocks)
