"""Flags: marks of a person on a time axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from workbench.widgets.theme import Theme

LONGEST = 14  # letters of a name that stand on a flag


@dataclass(frozen=True)
class Flag:
    """A moment (or a stretch, where `end_s` is given) and what is written on it."""

    start_s: float
    text: str
    end_s: float | None = None


def draw_flags(
    painter: QPainter, rect: QRect, start_s: float, end_s: float, flags: Sequence[Flag], theme: Theme
) -> None:
    """A dashed line through the plot at each moment in [start_s, end_s), its name at the lower edge; names that would
    lie on each other are left out, a stretch has a bar."""
    if not flags or end_s <= start_s:
        return
    metrics = painter.fontMetrics()
    height = metrics.height()
    scale = rect.width() / (end_s - start_s)
    free_from = float(rect.left()) - 1.0
    painter.save()
    painter.setClipRect(rect, Qt.ClipOperation.IntersectClip)
    for flag in flags:
        x = rect.left() + (flag.start_s - start_s) * scale
        stop = x if flag.end_s is None else rect.left() + (flag.end_s - start_s) * scale
        if stop < rect.left() or x > rect.right():
            continue
        painter.setPen(QPen(theme.background, 3))
        painter.drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom()))
        painter.setPen(QPen(theme.good, 1.5, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom()))
        if stop > x:
            painter.fillRect(QRectF(x, rect.bottom() - 3, stop - x, 3), theme.good)
        text = flag.text if len(flag.text) <= LONGEST else flag.text[: LONGEST - 1] + "…"
        box = QRectF(max(x, rect.left()), rect.bottom() - height - 4, metrics.horizontalAdvance(text) + 12, height + 2)
        if box.right() > rect.right():
            box.moveRight(x)
        if box.left() < free_from:
            continue
        free_from = box.right() + 2
        painter.fillRect(box, theme.background)
        painter.fillRect(QRectF(box.left(), box.top(), 3, box.height()), theme.good)
        painter.setPen(theme.text)
        painter.drawText(box.adjusted(7, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)
    painter.restore()


def flag_at(flags: Sequence[Flag], seconds: float, within_s: float) -> Flag | None:
    """The flag under the pointer."""
    found = min(flags, key=lambda flag: abs(flag.start_s - seconds), default=None)
    return found if found is not None and abs(found.start_s - seconds) <= within_s else None
