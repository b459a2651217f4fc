"""The last seconds of a path in the plane: the newest point is marked, older ones fade."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.widgets.colormap import blend, table
from workbench.widgets.figure import scaled
from workbench.widgets.labels import draw_plaque
from workbench.widgets.pixels import draw_pixels
from workbench.widgets.splat import splat_path, splat_points
from workbench.widgets.theme import Theme, rgb32, theme_of

Array = NDArray[Any]


class LatentTrail(QWidget):
    """Keeps the last `count` points; the axes grow with what was seen and never shrink until `clear`."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title
        self.points: Array = np.zeros((0, 2), np.float32)
        self._low = np.full(2, np.inf)
        self._high = np.full(2, -np.inf)
        self.setAccessibleName(title)
        self.setToolTip("The latest latents in the codec's fixed 2-D basis; bright is new.")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def clear(self) -> None:
        """Forget all."""
        self.points = np.zeros((0, 2), np.float32)
        self._low, self._high = np.full(2, np.inf), np.full(2, -np.inf)
        self.update()

    def push(self, points: Array, keep: int) -> None:
        """Append `[n, 2]` and keep the last `keep`."""
        if len(points):
            self.points = np.concatenate([self.points, points])[-keep:]
            self._low = np.minimum(self._low, points.min(axis=0))
            self._high = np.maximum(self._high, points.max(axis=0))
            self.update()

    def paint_figure(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        """As it stands, at the size and in the colours of a page."""
        scaled(self, painter, rect, theme, self._paint)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._paint(QPainter(self), theme_of(self.palette()))

    def _paint(self, painter: QPainter, theme: Theme) -> None:
        painter.fillRect(self.rect(), theme.background)
        rect = QRect(2, 2, max(1, self.width() - 4), max(1, self.height() - 4))
        ratio = self.devicePixelRatioF()
        pixels = np.full((round(rect.height() * ratio), round(rect.width() * ratio)), rgb32(theme.lane), np.uint32)
        if len(self.points):
            size = np.array([rect.width(), rect.height()])
            scale = float(np.min(size / np.maximum(self._high - self._low, 1e-6))) * 0.88
            middle = (self._high + self._low) / 2
            at = (self.points - middle) * (scale, -scale) + size / 2
            age = np.linspace(0, 1, len(at))
            colours = table("viridis")[(40 + 190 * age).astype(int)]
            faded = blend(colours, rgb32(theme.lane), 0.8 * (1 - age))
            splat_path(pixels, at * ratio, faded, 0.4, rgb32(theme.lane))
            splat_points(pixels, at * ratio, faded, max(2, round(3 * ratio)))
            draw_pixels(painter, rect.topLeft(), pixels, ratio)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            place = QPointF(rect.left() + float(at[-1, 0]), rect.top() + float(at[-1, 1]))
            for colour, width in ((theme.background, 5), (theme.cursor, 2)):
                painter.setPen(QPen(colour, width))
                painter.drawEllipse(place, 7, 7)
        else:
            painter.fillRect(rect, theme.lane)
            painter.setPen(theme.muted)
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, "no latents yet")
        draw_plaque(painter, rect, self.title, theme)

    def sizeHint(self) -> QSize:
        return QSize(200, 200)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 60)
