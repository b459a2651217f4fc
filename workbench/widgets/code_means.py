"""Levels of tokens over ever longer blocks of frames, so that a pixel that holds many frames shows their mean."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.widgets.code_rows import UNKNOWN

Array = NDArray[Any]
FACTOR = 4  # frames of the first block, and blocks of a longer one


class MeanLevels:
    """Of one row, from its levels `[F]`; made once (a few milliseconds for hours)."""

    def __init__(self, levels: Array) -> None:
        self._blocks: list[NDArray[np.int16]] = []
        known = levels >= 0
        total = np.maximum(levels, 0).astype(np.float32)
        count = known.astype(np.float32)
        while len(total) >= 2 * FACTOR:
            total, count = _joined(total), _joined(count)
            mean = np.where(count > 0, total / np.maximum(count, 1.0) + 0.5, UNKNOWN)
            self._blocks.append(mean.astype(np.int16))

    def at(self, frames: Array, frames_a_pixel: float) -> NDArray[np.int16] | None:
        """Means `[n]` around some frames, over about as many as a pixel holds; None where that is but a few."""
        level = min(int(np.log(max(frames_a_pixel, 1.0)) / np.log(FACTOR) + 1e-9), len(self._blocks))
        if level < 1:
            return None
        return self._blocks[level - 1].take(frames // FACTOR**level, mode="clip")


def _joined(values: Array) -> NDArray[np.float32]:
    """Sums of `FACTOR` neighbours; what is left over at the end joins the last block."""
    whole = len(values) // FACTOR * FACTOR
    joined = values[0:whole:FACTOR].astype(np.float32)  # strides are several times as fast as sums over a short axis
    for step in range(1, FACTOR):
        joined += values[step:whole:FACTOR]
    joined[-1] += values[whole:].sum()
    return joined
