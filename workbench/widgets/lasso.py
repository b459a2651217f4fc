"""Which points lie inside a line that was drawn around them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def inside(points: Array, outline: Array) -> NDArray[np.bool_]:
    """Whether each of `[N, 2]` lies inside the closed polygon `[M, 2]`, by the even-odd rule."""
    found = np.zeros(len(points), bool)
    if len(outline) < 3 or not len(points):
        return found
    low, high = outline.min(axis=0), outline.max(axis=0)
    near = np.flatnonzero(((points >= low) & (points <= high)).all(axis=1))
    x, y = points[near, 0], points[near, 1]
    crossed = np.zeros(len(near), bool)
    for (x0, y0), (x1, y1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        straddles = (y0 > y) != (y1 > y)
        crossed ^= straddles & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    found[near] = crossed
    return found
