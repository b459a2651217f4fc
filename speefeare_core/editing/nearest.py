"""The nearest entries of codebook entries, as each book measures distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_VALUES = 1 << 22  # differences held at once


def nearest_entries(entries: NDArray[np.float32], codes: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Of each of `codes` `[n]` the `count` nearest of `entries` `[N, d]`, nearest first, without itself: `[n, count]`.

    Euclidean, in double precision; of equally distant entries the lower index comes first. Raises ValueError where
    there are not so many others.
    """
    if not 1 <= count < len(entries):
        raise ValueError(f"{count} neighbours among {len(entries)} entries")
    table = entries.astype(np.float64)
    found = np.empty((len(codes), count), np.int64)
    step = max(1, _VALUES // max(1, table.size))
    for start in range(0, len(codes), step):
        chosen = codes[start : start + step]
        distances = np.square(table[chosen][:, None] - table).sum(axis=2)
        distances[np.arange(len(chosen)), chosen] = np.inf
        found[start : start + step] = np.argsort(distances, axis=1, kind="stable")[:, :count]
    return found
