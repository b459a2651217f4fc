"""Flat maps of the entries of a book: two principal axes, or neighbours kept together (t-SNE)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]  # [N, 2]
MOST_ENTRIES = 2048  # of a t-SNE, whose cost grows with the square
STEPS = 300
EXAGGERATED = 100  # steps at the start in which attraction counts four times as much
PERPLEXITY = 20.0


def principal(vectors: NDArray[Any]) -> tuple[Points, tuple[float, float]]:
    """The two principal axes of `[N, D]`: points `[N, 2]`, and the share of the variance on each. The sign of an axis
    is fixed: its largest weight is positive."""
    centred = np.asarray(vectors, np.float64) - np.mean(vectors, axis=0, dtype=np.float64)
    values, axes = np.linalg.eigh(centred.T @ centred)
    axes, values = axes[:, ::-1][:, :2], values[::-1]
    axes = axes * np.where(np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0) < 0, -1.0, 1.0)
    points = np.zeros((len(centred), 2), np.float32)
    points[:, : axes.shape[1]] = centred @ axes
    total = max(float(values.sum()), 1e-30)
    shares = [*(max(float(value), 0.0) / total for value in values[:2]), 0.0]
    return points, (shares[0], shares[1])


def neighbour_map(vectors: NDArray[Any]) -> Iterator[Points]:
    """t-SNE (van der Maaten & Hinton 2008, exact gradient) of `[N, D]`, N ≤ `MOST_ENTRIES`, begun at the principal
    axes, so that the same book always gives the same map. Yields the points `[N, 2]` after every ten steps; the last
    ones are the map. Raises ValueError for more entries.
    """
    vectors = np.ascontiguousarray(vectors, np.float32)
    total = len(vectors)
    if total > MOST_ENTRIES:
        raise ValueError(f"{total} entries: a map of neighbours takes at most {MOST_ENTRIES}")
    start, _ = principal(vectors)
    points = start / max(float(start[:, 0].std()), 1e-12) * 1e-2
    if total < 4:
        yield points
        return
    wanted = _affinities(vectors, min(PERPLEXITY, (total - 1) / 3.0))
    yield points
    # The step size of Belkina et al. 2019 (n / exaggeration), gains of Jacobs 1988 as in the authors' own program.
    rate, speed, gain = max(total / 4.0, 10.0), np.zeros_like(points), np.ones_like(points)
    for step in range(STEPS):
        pull = 4.0 if step < EXAGGERATED else 1.0
        slope = _gradient(points, wanted, pull)
        gain = np.maximum(np.where((slope > 0) != (speed > 0), gain + 0.2, gain * 0.8), 0.01).astype(np.float32)
        speed = (0.5 if step < EXAGGERATED else 0.8) * speed - rate * gain * slope
        points = points + speed
        points = points - points.mean(axis=0)
        if step % 10 == 9:
            yield points


def _gradient(points: Points, wanted: NDArray[np.float32], pull: float) -> Points:
    squares = np.einsum("nd,nd->n", points, points)
    near = squares[:, None] + squares[None]
    near -= 2.0 * (points @ points.T)
    near += 1.0
    np.maximum(near, 1.0, out=near)
    np.reciprocal(near, out=near)  # 1 / (1 + ‖a − b‖²)
    np.fill_diagonal(near, 0.0)
    force = near * (-1.0 / max(float(near.sum()), 1e-12))
    force += pull * wanted
    force *= near
    return np.asarray(4.0 * (force.sum(axis=1)[:, None] * points - force @ points), np.float32)


def _affinities(vectors: NDArray[np.float32], perplexity: float) -> NDArray[np.float32]:
    """p_ab: Gaussian neighbourhoods of one perplexity each, made symmetric; the sum over all pairs is 1."""
    centred = vectors - vectors.mean(axis=0)
    squares = np.einsum("nd,nd->n", centred, centred)
    far = np.maximum(squares[:, None] + squares[None] - 2.0 * (centred @ centred.T), 0.0)
    np.fill_diagonal(far, np.inf)
    far -= far.min(axis=1)[:, None]
    off = ~np.eye(len(far), dtype=bool)
    scale = far[off].reshape(len(far), -1).mean(axis=1)
    beta = 1.0 / np.maximum(scale, 1e-12)
    low, high = np.zeros(len(far)), np.full(len(far), np.inf)
    target = np.log2(perplexity)
    share = np.zeros_like(far)
    for _ in range(40):
        share = np.exp(-far * beta[:, None])
        share /= share.sum(axis=1)[:, None]
        bits = -(share * np.log2(np.maximum(share, 1e-30))).sum(axis=1)
        wide = bits > target
        low, high = np.where(wide, beta, low), np.where(wide, high, beta)
        beta = np.where(np.isinf(high), beta * 2.0, (low + high) / 2.0)
    both = share + share.T
    return np.asarray(both / both.sum(), np.float32)
