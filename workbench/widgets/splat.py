"""Points and lines written into a pixel array with numpy: the cost does not grow with Qt calls."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.widgets.colormap import blend

Array = NDArray[Any]
Pixels = NDArray[np.uint32]
MAX_STEPS = 120_000  # samples along all lines together
# Shapes of a point, so that recordings and labels differ by more than colour. Hollow is what quantisation made of one.
GLYPHS = ("square", "cross", "diamond", "plus", "triangle", "bar", "pole", "corner")


def splat_points(
    pixels: Pixels, points: Array, colours: Array, size: int, hollow: bool = False, glyph: str = "square"
) -> None:
    """A shape of `size` pixels at each of `points` `[N, 2]` (x, y), later ones over earlier ones."""
    height, width = pixels.shape
    corner = np.floor(points - np.float32((size - 1) / 2)).astype(np.int64)
    x, y = corner[:, 0], corner[:, 1]
    whole = (x >= 0) & (x <= width - size) & (y >= 0) & (y <= height - size)
    cells = _cells("hollow" if hollow else glyph, size)
    if whole.all():
        base, inner = y * width + x, colours
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
    stroke = max(0.5, size / 6)
    chosen = []
    for dy in range(size):
        for dx in range(size):
            far = max(abs(dy - middle), abs(dx - middle)) > middle - 1
            draw = {
                "hollow": far,
                "cross": min(abs(dx - dy), abs(dx + dy - last)) <= stroke,
                "plus": min(abs(dx - middle), abs(dy - middle)) <= stroke,
                "triangle": abs(dx - middle) <= (dy + 0.5) / 2,
                "diamond": abs(dx - middle) + abs(dy - middle) <= middle,
                "bar": abs(dy - middle) <= stroke,
                "pole": abs(dx - middle) <= stroke,
                "corner": dx < 2 * stroke or last - dy < 2 * stroke,
            }.get(glyph, True)
            if draw or size < 3:
                chosen.append((dy, dx))
    return chosen


def splat_path(
    pixels: Pixels, path: Array, colours: Array, share: float, ground: int, most_steps: int = MAX_STEPS
) -> None:
    """Thin lines, faded by `share` towards the ground; dotted beyond `most_steps` pixels.

    `path` `[N, 2]` is one line through all points; `[N, 2, 2]` are N lines of their own.
    """
    starts, ends = (path[:-1], path[1:]) if path.ndim == 2 else (path[:, 0], path[:, 1])
    if not len(starts):
        return
    colours = np.asarray(colours[: len(starts)], np.uint32)
    height, width = pixels.shape
    lines = np.stack([starts[:, 0], starts[:, 1], ends[:, 0], ends[:, 1]]).astype(np.float32)
    kept, lines = _clipped(lines, width, height)
    if not lines.shape[1]:
        return
    colours = blend(colours if kept is None else colours[kept], ground, share)
    x, y = lines[0], lines[1]
    across, down = lines[2] - x, lines[3] - y
    steps = np.maximum(np.abs(across), np.abs(down)).astype(np.int64) + 1
    total = int(steps.sum())
    if total > most_steps:
        steps = np.maximum(1, steps * most_steps // total)
    flat = _samples(y, down, steps) * np.int32(width)
    flat += _samples(x, across, steps)
    pixels.reshape(-1)[flat] = np.repeat(colours, steps)


def _samples(start: Array, span: Array, steps: Array) -> NDArray[np.int32]:
    """`steps` whole numbers along each line, all lines one after the other.

    A running sum in fixed point (16 bits behind the point): at the start of each line it jumps there.
    """
    first = (start * 65536.0).astype(np.int64)
    slope = (span * 65536.0).astype(np.int64) // steps
    along = np.repeat(slope.astype(np.int32), steps)
    last = first + slope * (steps - 1)
    jump = first.copy()
    jump[1:] -= last[:-1]
    along[np.cumsum(steps) - steps] = jump
    np.cumsum(along, out=along)
    return np.right_shift(along, 16, out=along)


def _clipped(lines: Array, width: int, height: int) -> tuple[NDArray[np.bool_] | None, Array]:
    """Lines `[4, N]` (x, y, x, y) cut to the picture (Liang and Barsky 1984), and which are left (None: all)."""
    right, bottom = np.float32(width - 0.01), np.float32(height - 0.01)
    low_x, high_x = np.minimum(lines[0], lines[2]), np.maximum(lines[0], lines[2])
    low_y, high_y = np.minimum(lines[1], lines[3]), np.maximum(lines[1], lines[3])
    if low_x.min() >= 0 and low_y.min() >= 0 and high_x.max() <= right and high_y.max() <= bottom:
        return None, lines
    x, y = lines[0].astype(np.float64), lines[1].astype(np.float64)
    across, down = lines[2] - x, lines[3] - y
    first, last = np.zeros(len(x)), np.ones(len(x))
    for step, room in ((-across, x), (across, right - x), (-down, y), (down, bottom - y)):
        with np.errstate(divide="ignore", invalid="ignore"):
            at = room / step
        first = np.where(step < 0, np.maximum(first, at), first)
        last = np.where(step > 0, np.minimum(last, at), last)
        last = np.where((step == 0) & (room < 0), -1.0, last)
    kept = first <= last
    x, y, across, down, first, last = (part[kept] for part in (x, y, across, down, first, last))
    cut = np.stack([x + first * across, y + first * down, x + last * across, y + last * down])
    limits = np.array([[right], [bottom], [right], [bottom]])
    return kept, np.clip(cut, 0, limits).astype(np.float32)


def _put(pixels: Pixels, x: Array, y: Array, colours: Array) -> None:
    height, width = pixels.shape
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    pixels[y[inside], x[inside]] = colours[inside]
