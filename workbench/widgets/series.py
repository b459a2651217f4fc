"""Several things beside each other in one plot: each has a colour and a shape, so that colour alone tells nothing."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

from workbench.widgets.theme import Theme

# Okabe and Ito's colours, darker on light ground and lighter on dark; the first is that of a decode everywhere.
_LIGHT = ("#b85000", "#0072b2", "#00795a", "#a03a78", "#7a6a00", "#4b4b4b")
_DARK = ("#e69f00", "#56b4e9", "#2fb58a", "#d88ab8", "#e6db5a", "#c0c0c0")
_CORNERS = (4, 0, 3, 4, 5, 3)  # square, disc, triangle, diamond, pentagon, triangle on its head
_TURNS = (45.0, 0.0, -90.0, 0.0, -90.0, 90.0)  # of the first corner, degrees


def series_colour(index: int, theme: Theme) -> QColor:
    """The colour of the n-th of several."""
    colours = _DARK if theme.dark else _LIGHT
    return QColor(colours[index % len(colours)])


def draw_series_mark(painter: QPainter, centre: QPointF, radius: float, index: int, colour: QColor) -> None:
    """The shape of the n-th of several, filled."""
    painter.save()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    corners, turn = _CORNERS[index % len(_CORNERS)], _TURNS[index % len(_TURNS)]
    if not corners:
        painter.drawEllipse(QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius))
    else:
        reach = radius * 1.25
        angles = [math.radians(turn + 360.0 * corner / corners) for corner in range(corners)]
        painter.drawPolygon(
            QPolygonF([QPointF(centre.x() + reach * math.cos(a), centre.y() + reach * math.sin(a)) for a in angles])
        )
    painter.restore()
