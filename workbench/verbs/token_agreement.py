"""Agreement of the clip's tokens with those of another recording or codec, a little in each frame of the clock."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.statistics import agreement
from workbench.context import Context
from workbench.verbs import token_statistics as verbs
from workbench.widgets.code_rows import CodeRow, levels_of

BUDGET_S = 0.004  # of comparing in one frame of the clock
Work = Generator[None, None, NDArray[np.float64]]


class TokenAgreement:
    """`levels` and `means` are there row by row. Compared is what was chosen last; another choice begins anew."""

    def __init__(self, context: Context) -> None:
        self._ctx = context
        self.levels: list[NDArray[np.int16] | None] = []  # `code_rows.levels_of` 0 to 1, for each frame
        self.means: list[float | None] = []
        self.version = 0  # differs whenever `levels` do
        self._work: Work | None = None  # on the next row
        self._with: tuple[object, ...] = ()

    @property
    def done(self) -> int:
        """Rows that are there."""
        return sum(row is not None for row in self.levels)

    @property
    def mean(self) -> float | None:
        """Over the rows that are there."""
        known = [mean for mean in self.means if mean is not None]
        return sum(known) / len(known) if known else None

    def forget(self) -> None:
        """Other codes."""
        self.levels, self.means, self._work, self._with = [], [], None, ()
        self.version += 1

    def tick(self, rows: Sequence[CodeRow]) -> bool:
        """One frame of the clock; whether there was something to do."""
        others = verbs.other_rows(self._ctx)
        chosen = (self._ctx.tokens.against, *(id(row.codes.base) for row in others[:1]))
        if self.levels and (chosen != self._with or len(self.levels) != len(rows)):
            self.forget()
        if not others:
            return False
        if not self.levels:
            self.levels, self.means, self._with = [None] * len(rows), [None] * len(rows), chosen
        at = next((index for index, row in enumerate(self.levels) if row is None), None)
        if at is None:
            return False
        row, other = rows[at], others[min(at, len(others) - 1)]
        if self._work is None:
            how = _same if verbs.same_books(self._ctx) else agreement.telling
            self._work = how(row.codes, row.frame_rate_hz, other.codes, other.frame_rate_hz)
        start = time.perf_counter()
        while time.perf_counter() - start < BUDGET_S:
            try:
                next(self._work)
            except StopIteration as end:
                self.levels[at], self.means[at] = levels_of(end.value, 0.0, 1.0), agreement.mean_known(end.value)
                self._work = None
                self.version += 1
                break
        return True

    def at(self, row: int, frame: int) -> float | None:
        """Of one token, 0 to 1: NaN where it cannot be said, None where it is not there yet."""
        levels = self.levels[row] if row < len(self.levels) else None
        if levels is None or frame >= len(levels):
            return None
        return float("nan") if levels[frame] < 0 else int(levels[frame]) / 255.0


def _same(codes: NDArray[Any], rate_hz: float, other: NDArray[Any], other_rate_hz: float) -> Work:
    yield
    return agreement.same(codes, rate_hz, other, other_rate_hz)
