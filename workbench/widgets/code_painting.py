"""What stands beside and in the cells of a grid of tokens: books and roles, indices."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from workbench.widgets.code_rows import CodeRow
from workbench.widgets.labels import ROLE_SHORT, draw_role_mark
from workbench.widgets.theme import Theme


def draw_row_labels(
    painter: QPainter,
    rect: QRect,
    heights: Sequence[int],
    rows: Sequence[CodeRow],
    dimmed: Collection[int],
    theme: Theme,
) -> None:
    """Numbers and roles left of the rows, and a line where the role changes."""
    metrics = painter.fontMetrics()
    every = max(1, -(-metrics.height() * len(rows) // max(rect.height(), 1)))
    mark = metrics.height() * 0.28
    for index, row in enumerate(rows):
        if index and row.role != rows[index - 1].role:  # semantic books end here
            painter.setPen(QPen(theme.muted, 1))
            painter.drawLine(4, heights[index], rect.left() - 1, heights[index])
        if index % every:
            continue
        middle = (heights[index] + heights[index + 1]) / 2
        colour = theme.muted if index in dimmed else theme.text
        painter.setPen(colour)
        right = rect.left() - 6 - metrics.horizontalAdvance("sem")
        box = QRectF(right, middle - metrics.height() / 2, rect.left() - right, metrics.height())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, ROLE_SHORT.get(row.role, row.role))
        draw_role_mark(painter, QPointF(right - 4 - mark, middle), mark, row.role, colour)
        box = QRectF(0, box.top(), right - 8 - 2 * mark, box.height())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, str(row.book))


def draw_indices(
    painter: QPainter,
    row: CodeRow,
    height: tuple[int, int],
    frames: range,
    x_of: Callable[[float], float],
    pixels: NDArray[np.uint32],
    theme: Theme,
) -> None:
    """The index in every cell of a row between two heights, readable on the cells' colours."""
    for frame, pixel in zip(frames, pixels, strict=True):
        ground = QColor.fromRgb(int(pixel))
        bright = 0.3 * ground.redF() + 0.59 * ground.greenF() + 0.11 * ground.blueF() > 0.5
        x, right = x_of(row.time_of(frame)), x_of(row.time_of(frame + 1))
        painter.setPen(theme.lane)
        painter.drawLine(QPointF(x, height[0]), QPointF(x, height[1] - 2))
        painter.setPen(QColor("#000000" if bright else "#ffffff"))
        box = QRectF(x, height[0], right - x, height[1] - height[0])
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(int(row.codes[frame])))
