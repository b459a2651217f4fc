"""Paths through latent space as data for drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
MAX_POINTS = 12_000  # of one path: beyond this every n-th frame is drawn


@dataclass(frozen=True)
class Trajectory:
    """Points `[F, 2]` or `[F, 3]` at a frame rate; `after`: the same frames after quantisation."""

    before: Array
    after: Array | None
    frame_rate_hz: float
    axis_names: tuple[str, ...]
    name: str = ""  # of the recording

    def __len__(self) -> int:
        return len(self.before)

    @property
    def dimensions(self) -> int:
        """2 or 3."""
        return int(self.before.shape[1])

    def frames_in(self, start_s: float, end_s: float) -> tuple[int, int]:
        """The frames [first, last) of a stretch of time."""
        rate, count = self.frame_rate_hz, len(self)
        return min(max(int(start_s * rate), 0), count), min(max(int(np.ceil(end_s * rate)), 0), count)

    def frame_at(self, seconds: float) -> int:
        """The frame of a moment, kept inside."""
        return min(max(int(seconds * self.frame_rate_hz + 1e-9), 0), max(len(self) - 1, 0))


def step_of(count: int) -> int:
    """Every how many frames one is drawn."""
    return max(1, -(-count // MAX_POINTS))


def corners(paths: tuple[Trajectory, ...]) -> tuple[Array, Array] | None:
    """The smallest box around all points, also those after quantisation; None without points."""
    found = [points for path in paths for points in (path.before, path.after) if points is not None and len(points)]
    if not found:
        return None
    width = min(points.shape[1] for points in found)
    columns = [[points[:, axis] for points in found] for axis in range(width)]  # one by one is eight times as fast
    low = np.array([min(column.min() for column in row) for row in columns])
    high = np.array([max(column.max() for column in row) for row in columns])
    return low, high
