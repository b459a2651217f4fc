"""Which entries of a book lie next to each other, and how well a flat map keeps that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROWS = 1024  # of the matrix of distances at once
Vectors = NDArray[np.float32]  # [N, D]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """For each of N entries its nearest ones, nearest first."""

    index: NDArray[np.int32]  # [N, n]
    distance: NDArray[np.float32]  # [N, n], Euclidean


def nearest(vectors: NDArray[Any], count: int) -> Neighbours:
    """The `count` nearest other entries (fewer where there are fewer), equal ones by index."""
    points = np.ascontiguousarray(vectors, np.float32)
    points = points - points.mean(axis=0)  # far from the origin, squares would swallow the differences
    total = len(points)
    count = min(count, total - 1)
    squares = np.einsum("nd,nd->n", points, points)
    index = np.zeros((total, count), np.int32)
    distance = np.zeros((total, count), np.float32)
    for start in range(0, total if count else 0, ROWS):
        rows = slice(start, min(start + ROWS, total))
        table = squares[rows, None] + squares[None] - 2.0 * (points[rows] @ points.T)
        table[np.arange(rows.stop - start), np.arange(start, rows.stop)] = np.inf
        found = np.argpartition(table, count - 1, axis=1)[:, :count] if count < total - 1 else np.argsort(table)[:, :-1]
        near = np.take_along_axis(table, found, axis=1)
        order = np.lexsort((found, near), axis=1)
        index[rows] = np.take_along_axis(found, order, axis=1)
        distance[rows] = np.sqrt(np.maximum(np.take_along_axis(near, order, axis=1), 0.0))
    return Neighbours(index, distance)


def kept_share(true: Neighbours, points: NDArray[Any], count: int = 10) -> float:
    """The share of the `count` nearest entries that are still among the nearest `count` on a map `[N, 2]`."""
    there = true.index[:, :count]
    seen = nearest(points, there.shape[1]).index
    if not there.size:
        return 1.0
    hits = (there[:, :, None] == seen[:, None, :]).any(axis=2)
    return float(hits.mean())
