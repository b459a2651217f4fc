"""Points and lines written into a pixel array with numpy: the cost does not grow with Qt calls."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.widgets.colormap import blend

Array = NDArray[Any]
MAX_STEPS = 400_000  # samples along all lines together


def splat_points(pixels: NDArray[np.uint32], points: Array, colours: Array, size: int, hollow: bool = False) -> None:
    """A square of `size` pixels at each of `points` `[N, 2]` (x, y), later ones over earlier ones."""
    corner = np.floor(points - (size - 1) / 2).astype(np.int64)
    for dy in range(size):
        for dx in range(size):
            if hollow and 0 < dx < size - 1 and 0 < dy < size - 1:
                continue
            _put(pixels, corner[:, 0] + dx, corner[:, 1] + dy, colours)


def splat_path(pixels: NDArray[np.uint32], path: Array, colours: Array, share: float, ground: int) -> None:
    """Thin lines, faded by `share` towards the ground.

    `path` `[N, 2]` is one line through all points; `[N, 2, 2]` are N lines of their own.
    """
    starts, ends = (path[:-1], path[1:]) if path.ndim == 2 else (path[:, 0], path[:, 1])
    if not len(starts):
        return
    colours = blend(np.asarray(colours[: len(starts)], np.uint32), ground, share)
    height, width = pixels.shape
    low, high = np.minimum(starts, ends), np.maximum(starts, ends)
    seen = (high >= 0).all(axis=1) & (low[:, 0] < width) & (low[:, 1] < height)
    starts, ends, colours = starts[seen], ends[seen], colours[seen]
    steps = np.clip(np.abs(ends - starts).max(axis=1, initial=0), 1, 2 * max(height, width)).astype(np.int64) + 1
    if not len(steps):
        return
    if steps.sum() > MAX_STEPS:
        steps = np.maximum(1, steps * MAX_STEPS // steps.sum())
    line = np.repeat(np.arange(len(steps)), steps)
    share_along = (np.arange(len(line)) - np.repeat(np.cumsum(steps) - steps, steps)) / steps[line]
    at = starts[line] + (ends - starts)[line] * share_along[:, None]
    _put(pixels, np.floor(at[:, 0]).astype(np.int64), np.floor(at[:, 1]).astype(np.int64), colours[line])


def _put(pixels: NDArray[np.uint32], x: Array, y: Array, colours: Array) -> None:
    height, width = pixels.shape
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    pixels[y[inside], x[inside]] = colours[inside]
