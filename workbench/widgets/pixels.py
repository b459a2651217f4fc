"""Numpy pixels to Qt images, and the reductions that come before drawing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage, QPainter

Array = NDArray[Any]


def to_image(pixels: NDArray[np.uint32], ratio: float = 1.0) -> QImage:
    """A `[height, width]` array of RGB32 pixels as an image that owns its memory; `ratio`: device pixels per unit."""
    pixels = np.ascontiguousarray(pixels, np.uint32)
    height, width = pixels.shape
    image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()
    image.setDevicePixelRatio(ratio)
    return image


def draw_pixels(painter: QPainter, place: QPoint, pixels: NDArray[np.uint32], ratio: float = 1.0) -> None:
    """Draw a `[height, width]` array with its corner at `place`, without a copy."""
    pixels = np.ascontiguousarray(pixels, np.uint32)
    height, width = pixels.shape
    image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    painter.drawImage(place, image)


def from_image(image: QImage) -> NDArray[np.uint32]:
    """The `[height, width]` RGB32 pixels of an image (a copy)."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    rows = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
    return rows[:, : image.width()].copy()


def edges(start: float, end: float, pieces: int) -> NDArray[np.int64]:
    """First index of each of `pieces` equal parts of [start, end)."""
    return np.floor(start + (end - start) * np.arange(pieces) / max(pieces, 1)).astype(np.int64)


def reduce_axis0(values: Array, start: float, end: float, pieces: int, how: np.ufunc = np.maximum) -> Array:
    """`how` over each of `pieces` equal parts of rows [start, end): `[n, …]` → `[pieces, …]`.

    Looks at the rows in sight only. Parts shorter than a row repeat it; rows outside repeat the nearest one.
    """
    first = edges(start, end, pieces)
    low = int(np.clip(first[0], 0, len(values) - 1))
    high = int(np.clip(np.ceil(end), low + 1, len(values)))
    seen = values[low:high]
    if end - start <= pieces:
        return np.asarray(seen[np.clip(first - low, 0, len(seen) - 1)])
    following = np.append(first[1:], int(np.ceil(end)))
    longest = int((following - first).max())
    if seen.ndim > 1 and longest <= 16:  # a few gathers are ten times as fast as reduceat on rows
        first, following = (np.clip(index - low, 0, len(seen)) for index in (first, following))
        first = np.minimum(first, len(seen) - 1)
        out = seen[first]
        for step in range(1, longest):
            how(out, seen[np.clip(first + step, first, np.maximum(following - 1, first))], out=out)
        return np.asarray(out)
    return np.asarray(how.reduceat(seen, np.clip(first - low, 0, len(seen) - 1), axis=0))
