"""Means over 4, 16, 64 … frames, so that hours are drawn as quickly as seconds. Rows of time, columns of values."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

FACTOR = 4
COARSEST = 1024  # frames of the top level at least: about a screen
Array = NDArray[Any]


def level_lengths(frames: int) -> tuple[int, ...]:
    """Rows of each level above the frames themselves."""
    lengths = []
    length = -(-frames // FACTOR)
    while length >= COARSEST:
        lengths.append(length)
        length = -(-length // FACTOR)
    return tuple(lengths)


def split_levels(stored: Array, frames: int) -> list[Array]:
    """Levels that lie one after the other in `[Σ lengths, R]`, as views."""
    ends = np.cumsum((0, *level_lengths(frames)))
    return [stored[start:end] for start, end in pairwise(ends)]


def raise_levels(values: Array, levels: list[Array], start: int, end: int) -> None:
    """Write the means that the new frames [start, end) of `values` `[F, R]` belong to; later ones are not there yet."""
    source = values
    for level in levels:
        first = start // FACTOR
        part = source[first * FACTOR : end]
        whole = len(part) // FACTOR
        level[first : first + whole] = part[: whole * FACTOR].reshape(whole, FACTOR, part.shape[1]).mean(axis=1)
        if whole * FACTOR < len(part):
            level[first + whole] = part[whole * FACTOR :].mean(axis=0)
        start, end, source = first, -(-end // FACTOR), level


def means_between(values: Array, levels: list[Array], done: int, start: float, end: float, pieces: int) -> Array:
    """Means over each of `pieces` equal parts of the frames [start, end): `[pieces, R]`, NaN from frame `done` on.

    Parts shorter than a frame repeat it. At most 4 rows are read for a part, of the level that is fine enough.
    """
    span = (end - start) / max(pieces, 1)
    source, scale, there = values, 1.0, done
    for level in levels:
        if span / scale <= FACTOR:
            break
        source, scale = level, scale * FACTOR
        there = -(-done // int(scale))
    out = np.full((pieces, values.shape[1]), np.nan, np.float32)
    begin = (start + np.arange(pieces) * span) / scale
    inside = (begin >= 0) & (begin < there)
    if not inside.any():
        return out
    count = min(FACTOR, max(1, int(np.ceil(span / scale - 1e-9))))
    total = np.zeros((int(inside.sum()), values.shape[1]), np.float32)
    for step in range(count):
        at = (begin[inside] + (step + 0.5) / count * span / scale if count > 1 else begin[inside]).astype(np.int64)
        total += source[np.minimum(at, there - 1)]
    out[inside] = total / count
    return out
