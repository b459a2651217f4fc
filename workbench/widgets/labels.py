"""Small painted parts: name plaques, colour bars, role marks."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

from workbench.widgets.colormap import Table
from workbench.widgets.pixels import to_image
from workbench.widgets.theme import Theme

ROLE_SHORT = {"semantic": "sem", "acoustic": "ac", "mixed": "mix"}
ROLE_MARK = {"semantic": "◆", "acoustic": "■", "mixed": "●"}


def draw_plaque(painter: QPainter, rect: QRect, text: str, theme: Theme, colour: QColor | None = None) -> None:
    """The name of a lane in its upper left corner, on ground of its own, with a stripe in its colour."""
    metrics = painter.fontMetrics()
    text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(20, rect.width() - 24))
    box = QRectF(rect.left() + 4, rect.top() + 4, metrics.horizontalAdvance(text) + 14, metrics.height() + 2)
    ground = QColor(theme.background)
    ground.setAlpha(216)
    painter.fillRect(box, ground)
    if colour is not None:
        painter.fillRect(QRectF(box.left(), box.top(), 3, box.height()), colour)
    painter.setPen(theme.text)
    painter.drawText(box.adjusted(8, 0, -4, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


def draw_colour_bar(painter: QPainter, rect: QRect, table: Table, marks: list[tuple[float, str]], theme: Theme) -> None:
    """A vertical bar of the 256 colours, highest on top; `marks`: (share of the height from below, text)."""
    bar = QRect(rect.left(), rect.top(), 10, rect.height())
    painter.drawImage(bar, to_image(np.repeat(table[::-1, None], 4, axis=1)))
    painter.setPen(theme.muted)
    metrics = painter.fontMetrics()
    height = metrics.height()
    drawn = -1e9
    for share, text in marks:
        y = bar.bottom() - share * bar.height()
        box_y = min(max(y - height / 2, rect.top()), rect.bottom() - height + 1)
        if abs(box_y - drawn) < height:
            continue
        drawn = box_y
        painter.drawLine(QPointF(bar.right() + 1, y), QPointF(bar.right() + 3, y))
        painter.drawText(
            QRectF(bar.right() + 5, box_y, 200, height),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
            text,
        )


def draw_role_mark(painter: QPainter, centre: QPointF, radius: float, role: str, colour: QColor) -> None:
    """Semantic books are diamonds, acoustic ones squares, mixed ones discs."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    x, y = centre.x(), centre.y()
    if role == "semantic":
        offsets = ((0, -radius), (radius, 0), (0, radius), (-radius, 0))
        painter.drawPolygon(QPolygonF([QPointF(x + dx, y + dy) for dx, dy in offsets]))
    elif role == "mixed":
        painter.drawEllipse(centre, radius * 0.9, radius * 0.9)
    else:
        side = radius * 0.8
        painter.drawRect(QRectF(x - side, y - side, 2 * side, 2 * side))
    painter.restore()
