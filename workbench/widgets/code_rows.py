"""What a grid of tokens shows: rows of codes, what colours them, and rectangles of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.codec import CodecInfo
from workbench.widgets.colormap import table

Array = NDArray[Any]
UNKNOWN = -1  # a level that says nothing; its cells have no colour
BEYOND = 1e-9  # keeps a time that is a frame's beginning from falling into the frame before


@dataclass(frozen=True)
class CodeRow:
    """One book: its codes `[F]`, frame rate, size and role."""

    book: int  # from 1
    codes: Array
    frame_rate_hz: float
    size: int
    role: str

    def frame_at(self, seconds: float) -> int:
        """The frame that sounds at a time, the nearest one outside."""
        return min(max(int(seconds * self.frame_rate_hz + BEYOND), 0), max(len(self.codes) - 1, 0))

    def frames_between(self, start_s: float, end_s: float) -> tuple[int, int]:
        """Frames [first, stop) whose middle lies in [start, end): a cell is in, or it is out."""
        edges = (int(np.ceil(time * self.frame_rate_hz - 0.5 - BEYOND)) for time in (start_s, end_s))
        first, stop = (min(max(edge, 0), len(self.codes)) for edge in edges)
        return first, max(first, stop)

    def time_of(self, frame: int) -> float:
        """Where a frame begins, in seconds."""
        return frame / self.frame_rate_hz


@dataclass(frozen=True)
class CellRange:
    """A rectangle of cells: rows [first_row, last_row], counted from 0 as drawn, over [start_s, end_s)."""

    first_row: int
    last_row: int
    start_s: float
    end_s: float


@dataclass(frozen=True, eq=False)
class Scale:
    """Cells coloured by a value. `levels`: for each row 0 (low) to 255 (high), `UNKNOWN` where nothing is known, one
    for each entry of the book `[N]`, or (not `by_entry`) for each frame `[F]`; None: nothing is known of the row."""

    name: str  # "Surprisal"
    low: str  # the ends of the colour bar in words
    high: str
    levels: tuple[Array | None, ...]
    by_entry: bool = True
    map: str = "viridis"


def levels_of(values: Array, low: float, high: float) -> NDArray[np.int16]:
    """Values (NaN: unknown) as levels between two ends."""
    share = (np.asarray(values, np.float64) - low) / (high - low if high > low else 1.0)
    known = np.isfinite(share)
    return np.where(known, np.clip(np.where(known, share, 0.0), 0.0, 1.0) * 255.0 + 0.5, UNKNOWN).astype(np.int16)


def index_colours(size: int) -> NDArray[np.uint32]:
    """One colour for each entry `[N]`, along viridis."""
    return np.asarray(table("viridis")[np.arange(size) * 255 // max(size - 1, 1)], np.uint32)


@lru_cache(maxsize=16)
def scale_colours(name: str, ground: int) -> NDArray[np.uint32]:
    """The 256 colours of a map and, as number −1, the ground."""
    return np.append(table(name), np.uint32(ground)).astype(np.uint32)


def rows_of(info: CodecInfo, groups: Sequence[Array], rates_hz: Sequence[float]) -> tuple[CodeRow, ...]:
    """Codes `[K_g, F_g]` for each frame rate as rows in book order: each book takes the next row of the group with its
    rate. Empty where they are not those of this codec."""
    if len(info.books) != sum(len(group) for group in groups):
        return ()
    rows = []
    taken = [0] * len(groups)
    for number, book in enumerate(info.books, 1):
        fits = [g for g, group in enumerate(groups) if taken[g] < len(group)]
        group = min(fits, key=lambda g: abs(rates_hz[g] - book.frame_rate_hz))
        codes = groups[group][taken[group]]
        taken[group] += 1
        if len(codes):
            rows.append(CodeRow(number, codes, rates_hz[group], book.size, book.role))
    return tuple(rows)
