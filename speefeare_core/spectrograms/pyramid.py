"""Maxima over time in levels, each a quarter as long as the one before, so that two hours zoom like two seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FACTOR = 4
COARSEST = 1024  # columns of the last level at least: about a screen
PREVIEW = 8192  # the first level with no more columns than this is sketched before anything else is computed

Array = NDArray[Any]


def level_lengths(columns: int) -> list[int]:
    """How long the levels above `columns` columns are; none where there are few."""
    lengths = []
    length = -(-columns // FACTOR)
    while length >= COARSEST:
        lengths.append(length)
        length = -(-length // FACTOR)
    return lengths


def split_levels(stored: Array, columns: int) -> list[Array]:
    """The levels that lie one after the other in `stored` `[Σ lengths, bins]`."""
    levels, start = [], 0
    for length in level_lengths(columns):
        levels.append(stored[start : start + length])
        start += length
    return levels


def raise_levels(values: Array, levels: Sequence[Array], start: int, end: int) -> None:
    """Take columns [start, end) of `values` into the levels; what lies before `start` is there already."""
    source = values
    for level in levels:
        start, end = start // FACTOR, -(-end // FACTOR)
        rows = source[start * FACTOR : min(end * FACTOR, len(source))]
        whole = len(rows) // FACTOR
        if whole:
            groups = rows[: whole * FACTOR].reshape(whole, FACTOR, rows.shape[1])
            pairs = np.maximum(groups[:, :2], groups[:, 2:])
            np.maximum(pairs[:, 0], pairs[:, 1], out=level[start : start + whole])
        if len(rows) > whole * FACTOR:
            np.max(rows[whole * FACTOR :], axis=0, out=level[start + whole])
        source = level


def preview_level(columns: int) -> int | None:
    """The level that is sketched first (0: the first above the columns); None where there is no need."""
    lengths = level_lengths(columns)
    if columns <= PREVIEW or not lengths:
        return None
    return next((index for index, length in enumerate(lengths) if length <= PREVIEW), len(lengths) - 1)
