"""One curve of a run: values over steps that grow at the end, and are reduced before anybody draws them. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BLOCK = 64  # points whose extremes are kept together: a million of them are drawn from sixteen thousand
_FAR = 1 << 62
MANY = 4 * BLOCK  # points in a piece from which on its edges may be moved to those of blocks


@dataclass(frozen=True)
class Reduced:
    """P pieces of a curve; NaN where a piece has no value."""

    low: Floats  # [P]
    high: Floats  # [P]
    mean: Floats  # [P], over the piece, or over the window where one was asked for


class Series:
    """Points (step, value) with rising steps. Values that are no number are counted, and are gaps in the curve.

    New points wait in lists until somebody looks: a log is read ten times as fast so.
    """

    def __init__(self) -> None:
        self._count = 0  # of the points in the arrays
        self._new: tuple[list[int], list[float]] = ([], [])
        self._last: int | None = None  # step of the newest point
        self._steps = np.empty(16, np.int64)
        self._values = np.empty(16, np.float64)
        self._sums = np.zeros(17, np.float64)  # of the finite values before each point
        self._finite = np.zeros(17, np.int64)  # how many there are
        self._low = np.empty(4, np.float64)  # of each whole or begun block; inf where it has no finite value
        self._high = np.empty(4, np.float64)

    @property
    def count(self) -> int:
        """How many points there are."""
        return self._count + len(self._new[0])

    @property
    def steps(self) -> NDArray[np.int64]:
        """`[N]`, rising. A view: it is valid until the next `append`."""
        self._settle()
        return self._steps[: self._count]

    @property
    def values(self) -> Floats:
        """`[N]`. A view, as above."""
        self._settle()
        return self._values[: self._count]

    @property
    def last(self) -> float | None:
        """The newest value; None where there is none."""
        return float(self.values[-1]) if self.count else None

    @property
    def not_finite(self) -> int:
        """How many of the values are no numbers."""
        self._settle()
        return self._count - int(self._finite[self._count])

    def append(self, step: int, value: float) -> None:
        """A further point. One at or before the last step takes the place of what was there from that step on."""
        if self._last is not None and step <= self._last:
            self.cut(step - 1)
        self._new[0].append(step)
        self._new[1].append(value)
        self._last = step

    def cut(self, step: int) -> None:
        """Forget everything past `step`."""
        if self._last is None or step >= self._last:
            return
        self._count = int(np.searchsorted(self.steps, step, side="right"))
        self._last = int(self._steps[self._count - 1]) if self._count else None
        self._gather(self._count // BLOCK)

    def _settle(self) -> None:
        """Take the waiting points into the arrays."""
        steps, values = self._new
        if not steps:
            return
        self._new = ([], [])
        first, end = self._count, self._count + len(steps)
        self._make_room(end)
        self._steps[first:end] = steps
        found = np.array(values, np.float64)
        finite = np.isfinite(found)
        self._values[first:end] = np.where(finite, found, np.nan)
        self._sums[first + 1 : end + 1] = self._sums[first] + np.cumsum(np.where(finite, found, 0.0))
        self._finite[first + 1 : end + 1] = self._finite[first] + np.cumsum(finite)
        self._count = end
        self._gather(first // BLOCK)

    def _gather(self, block: int) -> None:
        """Extremes of the blocks from this one on."""
        values = self._values[block * BLOCK : self._count]
        if len(values):
            starts = np.arange(0, len(values), BLOCK)
            last = block + len(starts)
            self._low[block:last] = np.fmin.reduceat(np.where(np.isnan(values), np.inf, values), starts)
            self._high[block:last] = np.fmax.reduceat(np.where(np.isnan(values), -np.inf, values), starts)

    def _make_room(self, count: int) -> None:
        size = len(self._steps)
        if count <= size:
            return
        while size < count:
            size *= 2
        self._steps, self._values = np.resize(self._steps, size), np.resize(self._values, size)
        self._sums, self._finite = np.resize(self._sums, size + 1), np.resize(self._finite, size + 1)
        blocks = -(-size // BLOCK) + 1
        self._low, self._high = np.resize(self._low, blocks), np.resize(self._high, blocks)

    def at(self, step: float) -> float | None:
        """The value that held at a step: the newest one up to it; None before the first and where it is no number."""
        index = int(np.searchsorted(self.steps, int(min(np.floor(step), _FAR)), side="right")) - 1
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
