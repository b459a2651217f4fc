"""Points and lines written into a pixel array with numpy: the cost does not grow with Qt calls."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.widgets.colormap import blend

Array = NDArray[Any]
Pixels = NDArray[np.uint32]
MAX_STEPS = 150_000  # samples along all lines together; longer lines are dotted
# Shapes of a point, so that recordings differ by more than colour: which cells of a square are drawn.
GLYPHS = ("square", "hollow", "cross", "plus", "diamond", "bar", "pole", "corner")


def splat_points(
    pixels: Pixels, points: Array, colours: Array, size: int, hollow: bool = False, glyph: str = "square"
) -> None:
    """A shape of `size` pixels at each of `points` `[N, 2]` (x, y), later ones over earlier ones."""
    height, width = pixels.shape
    corner = np.floor(points - np.float32((size - 1) / 2)).astype(np.int64)
    whole = ((corner >= 0) & (corner <= (width - size, height - size))).all(axis=1)
    cells = _cells("hollow" if hollow else glyph, size)
    if whole.all():
        base, inner = corner[:, 1] * width + corner[:, 0], colours
    else:
        inside = corner[whole]
        base, inner = inside[:, 1] * width + inside[:, 0], colours[whole]
        edge = corner[~whole]
        rest = colours[~whole]
        for dy, dx in cells:
            _put(pixels, edge[:, 0] + dx, edge[:, 1] + dy, rest)
    flat = pixels.reshape(-1)
    for dy, dx in cells:
        flat[base + (dy * width + dx)] = inner


def _cells(glyph: str, size: int) -> list[tuple[int, int]]:
    """(row, column) of the cells that a shape fills."""
    last, middle = size - 1, (size - 1) / 2
    chosen = []
    for dy in range(size):
        for dx in range(size):
            far = max(abs(dy - middle), abs(dx - middle)) > middle - 1
            draw = {
                "hollow": far,
                "cross": dx == dy or dx + dy == last,
                "plus": abs(dx - middle) < 1 or abs(dy - middle) < 1,
                "diamond": abs(dx - middle) + abs(dy - middle) <= middle,
                "bar": abs(dy - middle) < 1,
                "pole": abs(dx - middle) < 1,
                "corner": dx == 0 or dy == last,
            }.get(glyph, True)
            if draw or size < 3:
                chosen.append((dy, dx))
    return chosen


def splat_path(pixels: Pixels, path: Array, colours: Array, share: float, ground: int) -> None:
    """Thin lines, faded by `share` towards the ground.

    `path` `[N, 2]` is one line through all points; `[N, 2, 2]` are N lines of their own.
    """
    starts, ends = (path[:-1], path[1:]) if path.ndim == 2 else (path[:, 0], path[:, 1])
    if not len(starts):
        return
    colours = np.asarray(colours[: len(starts)], np.uint32)
    height, width = pixels.shape
    low, high = np.minimum(starts, ends), np.maximum(starts, ends)
    seen = (high >= 0).all(axis=1) & (low[:, 0] < width) & (low[:, 1] < height)
    if not seen.all():
        starts, ends, colours, low, high = starts[seen], ends[seen], colours[seen], low[seen], high[seen]
    if not len(starts):
        return
    colours = blend(colours, ground, share)
    whole = bool((low >= 0).all() and (high[:, 0] < width).all() and (high[:, 1] < height).all())
    span = ends - starts
    steps = np.clip(np.abs(span).max(axis=1), 1, 2 * max(height, width)).astype(np.int64) + 1
    total = int(steps.sum())
    if total > MAX_STEPS:
        steps = np.maximum(1, steps * MAX_STEPS // total)
        total = int(steps.sum())
    # Per line: where it starts, and how far each of its samples lies from the one before. One gather of each.
    slope = (span / steps[:, None]).astype(np.float32)
    offset = starts.astype(np.float32) - slope * (np.cumsum(steps) - steps)[:, None].astype(np.float64)
    line = np.repeat(np.arange(len(steps), dtype=np.int32), steps)
    index = np.arange(total, dtype=np.float64)
    x = (offset[:, 0][line] + slope[:, 0][line] * index).astype(np.int64)
    y = (offset[:, 1][line] + slope[:, 1][line] * index).astype(np.int64)
    if whole:
        pixels.reshape(-1)[y * width + x] = colours[line]
    else:
        _put(pixels, x, y, colours[line])


def _put(pixels: Pixels, x: Array, y: Array, colours: Array) -> None:
    height, width = pixels.shape
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    pixels[y[inside], x[inside]] = colours[inside]
