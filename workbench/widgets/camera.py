"""How points in space come onto the plane of a drawing: turned, then seen from the front without perspective."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
FRONT = (0.0, 0.0)  # azimuth and elevation that show the first two axes
CORNER = (-32.0, 24.0)
VIEWS = (FRONT, (0.0, 90.0), (-90.0, 0.0), CORNER)  # axes 1 and 2, axes 1 and 3, axes 3 and 2, all three
MARGIN, BOX_MARGIN = 1.1, 1.03


def with_depth(points: Array) -> Array:
    """`[N, 2]` or `[N, 3]` → `[N, 3]`."""
    points = np.asarray(points, np.float32)
    if points.shape[-1] >= 3:
        return points[..., :3]
    return np.concatenate([points, np.zeros((*points.shape[:-1], 1), np.float32)], axis=-1)


class Camera:
    """Orthographic: equal lengths stay equal, which perspective would spoil. In the plane the third axis is not seen.

    A point's place is in pixels from the left upper corner of a drawing of `width` × `height`; its depth grows towards
    the viewer.
    """

    def __init__(self) -> None:
        self.spatial = False
        self.azimuth, self.elevation = CORNER  # degrees
        self.centre: Array = np.zeros(3)
        self.per_pixel = 1.0  # data units

    @property
    def rotation(self) -> Array:
        """`[3, 3]`: rows are right, up and towards the viewer."""
        if not self.spatial:
            return np.eye(3)
        a, e = np.deg2rad(self.azimuth), np.deg2rad(self.elevation)
        about_up = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
        tilt = np.array([[1, 0, 0], [0, np.cos(e), -np.sin(e)], [0, np.sin(e), np.cos(e)]])
        return np.asarray(tilt @ about_up)

    def place(self, points: Array, width: float, height: float, ratio: float = 1.0) -> tuple[Array, Array]:
        """`[N, 2 or 3]` → pixels `[N, 2]` (`ratio` of them to a unit of the widget) and depths `[N]`, float32."""
        points = with_depth(points)
        scale = ratio / self.per_pixel
        matrix = (self.rotation * np.array([[scale], [-scale], [1.0]])).astype(np.float32)
        turned = points @ matrix.T
        at = matrix @ self.centre.astype(np.float32)
        moved = turned[:, :2] + np.array([width * ratio / 2 - at[0], height * ratio / 2 - at[1]], np.float32)
        return moved, turned[:, 2]

    def fit(self, low: Array, high: Array, width: float, height: float) -> None:
        """Show the box between two corners with a margin, however it is turned."""
        low, high = with_depth(low[None])[0], with_depth(high[None])[0]
        self.centre = (low.astype(np.float64) + high) / 2
        size = (high - low).astype(np.float64)
        if self.spatial:
            corners = (np.indices((2, 2, 2)).reshape(3, 8).T - 0.5) * size
            turned = corners @ self.rotation.T
            extent = turned.max(axis=0) - turned.min(axis=0)
        else:
            extent = size
        self.per_pixel = max(extent[0] / max(width, 1), extent[1] / max(height, 1))
        if self.per_pixel <= 0:  # a single point
            self.per_pixel = 2 / max(width, height, 1)
        self.per_pixel *= BOX_MARGIN if self.spatial else MARGIN

    def turn(self, right_pixels: float, down_pixels: float) -> None:
        """A drag: half a degree a pixel; never over the poles."""
        self.azimuth = (self.azimuth + 0.5 * right_pixels + 180.0) % 360.0 - 180.0
        self.elevation = min(max(self.elevation + 0.5 * down_pixels, -90.0), 90.0)

    def pan(self, right_pixels: float, down_pixels: float) -> None:
        """Move the points by pixels of the widget."""
        shift = np.array([-right_pixels, down_pixels, 0.0]) * self.per_pixel
        self.centre = self.centre + self.rotation.T @ shift

    def zoom(self, factor: float, x: float, y: float) -> None:
        """Fewer units to a pixel for a factor below 1; the point at (x, y) pixels from the middle stays."""
        self.pan(-x, -y)
        self.per_pixel *= factor
        self.pan(x, y)

    def next_view(self) -> None:
        """One of `VIEWS`: the one after that which is nearest."""
        here = (self.azimuth, self.elevation)
        nearest = min(range(len(VIEWS)), key=lambda index: _apart(VIEWS[index], here))
        self.azimuth, self.elevation = VIEWS[(nearest + 1) % len(VIEWS)]


def _apart(first: tuple[float, float], second: tuple[float, float]) -> float:
    across = abs((first[0] - second[0] + 180.0) % 360.0 - 180.0)
    return across + abs(first[1] - second[1])
