"""Two plain axes in data units."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QTransform

from workbench.widgets.theme import Theme
from workbench.widgets.ticks import ticks


def draw_axes(painter: QPainter, rect: QRect, view: QRectF, names: tuple[str, str], theme: Theme) -> None:
    """Ticks and names below and left of `rect`, which shows `view` in data units (y upwards)."""
    metrics = painter.fontMetrics()
    height = metrics.height()
    painter.setPen(theme.muted)
    for value in ticks(view.left(), view.right(), max(2, rect.width() // 70)):
        x = rect.left() + (value - view.left()) / view.width() * rect.width()
        painter.drawLine(QPointF(x, rect.bottom() + 1), QPointF(x, rect.bottom() + 4))
        box = QRectF(x - 40, rect.bottom() + 5, 80, height)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{value:g}".replace("-", "−"))
    painter.drawText(
        QRectF(rect.left(), rect.bottom() + 6 + height, rect.width(), height),
        Qt.AlignmentFlag.AlignCenter,
        names[0],
    )
    painter.save()
    painter.setTransform(QTransform().translate(0, rect.bottom() + 1).rotate(-90), True)
    for value in ticks(view.top(), view.bottom(), max(2, rect.height() // 60)):
        along = (value - view.top()) / view.height() * rect.height()
        box = QRectF(along - 40, height + 4, 80, height)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{value:g}".replace("-", "−"))
    painter.drawText(QRectF(0, 2, rect.height(), height), Qt.AlignmentFlag.AlignCenter, names[1])
    painter.restore()
