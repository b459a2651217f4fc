"""A picture that scrolls: a ring of RGB32 columns, drawn in two pieces. Only new columns cost anything."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QPainter


class ScrollImage:
    """`width` x `height` pixels; `push` writes at the right edge and lets the oldest columns go."""

    def __init__(self, width: int, height: int, ground: int) -> None:
        self.width, self.height = max(1, width), max(1, height)
        self.image = QImage(self.width, self.height, QImage.Format.Format_RGB32)
        self.image.fill(ground)
        self._at = 0  # the oldest column, which is written next

    def push(self, columns: NDArray[np.uint32]) -> None:
        """Append `[height, n]` pixels, oldest first; of more than `width` columns the last are kept."""
        columns = columns[:, -self.width :]
        count = columns.shape[1]
        if not count:
            return
        pixels = np.frombuffer(self.image.bits(), np.uint32).reshape(self.height, -1)  # RGB32 rows have no padding
        first = min(count, self.width - self._at)
        pixels[:, self._at : self._at + first] = columns[:, :first]
        pixels[:, : count - first] = columns[:, first:]
        self._at = (self._at + count) % self.width

    def draw(self, painter: QPainter, rect: QRect) -> None:
        """Fill `rect`, newest on the right."""
        split = rect.width() * (self.width - self._at) / self.width
        left = QRect(rect.left(), rect.top(), round(split), rect.height())
        right = QRect(rect.left() + left.width(), rect.top(), rect.width() - left.width(), rect.height())
        painter.drawImage(left, self.image, QRect(self._at, 0, self.width - self._at, self.height))
        if self._at:
            painter.drawImage(right, self.image, QRect(0, 0, self._at, self.height))

    def pixels(self) -> NDArray[np.uint32]:
        """`[height, width]`, oldest first (a copy)."""
        stored = np.frombuffer(self.image.constBits(), np.uint32).reshape(self.height, -1)
        return np.concatenate([stored[:, self._at :], stored[:, : self._at]], axis=1)
