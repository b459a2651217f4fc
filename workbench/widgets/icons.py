"""Icons painted in the palette's text colour, so that they fit light and dark and any size."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPalette, QPen, QPixmap, QPolygonF

SIZE = 64


def icon(name: str, palette: QPalette) -> QIcon:
    """`play`, `pause`, `stop`, `loop`, `mute`, `speaker` or `refresh`. Raises KeyError for another name."""
    result = QIcon()
    for mode, group in (
        (QIcon.Mode.Normal, QPalette.ColorGroup.Active),
        (QIcon.Mode.Disabled, QPalette.ColorGroup.Disabled),
    ):
        pixmap = QPixmap(SIZE, SIZE)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _DRAW[name](painter, palette.color(group, QPalette.ColorRole.ButtonText))
        painter.end()
        result.addPixmap(pixmap, mode)
    return result


def _play(painter: QPainter, colour: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF([QPointF(16, 8), QPointF(56, 32), QPointF(16, 56)]))


def _pause(painter: QPainter, colour: QColor) -> None:
    painter.fillRect(QRectF(14, 10, 12, 44), colour)
    painter.fillRect(QRectF(38, 10, 12, 44), colour)


def _stop(painter: QPainter, colour: QColor) -> None:
    painter.fillRect(QRectF(13, 13, 38, 38), colour)


def _loop(painter: QPainter, colour: QColor) -> None:
    painter.setPen(QPen(colour, 6))
    path = QPainterPath(QPointF(44, 16))
    path.lineTo(20, 16)
    path.arcTo(QRectF(6, 16, 30, 32), 90, 180)
    path.lineTo(42, 48)
    path.arcTo(QRectF(28, 16, 30, 32), 270, 100)
    painter.drawPath(path)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF([QPointF(40, 4), QPointF(56, 16), QPointF(40, 28)]))


def _refresh(painter: QPainter, colour: QColor) -> None:
    painter.setPen(QPen(colour, 7))
    painter.drawArc(QRectF(12, 12, 40, 40), 60 * 16, 280 * 16)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF([QPointF(38, 2), QPointF(54, 16), QPointF(36, 26)]))


def _speaker(painter: QPainter, colour: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    shape = [QPointF(6, 24), QPointF(18, 24), QPointF(34, 10), QPointF(34, 54), QPointF(18, 40), QPointF(6, 40)]
    painter.drawPolygon(QPolygonF(shape))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour, 5))
    painter.drawArc(QRectF(28, 20, 22, 24), -60 * 16, 120 * 16)
    painter.drawArc(QRectF(24, 10, 36, 44), -60 * 16, 120 * 16)


def _mute(painter: QPainter, colour: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    shape = [QPointF(6, 24), QPointF(18, 24), QPointF(34, 10), QPointF(34, 54), QPointF(18, 40), QPointF(6, 40)]
    painter.drawPolygon(QPolygonF(shape))
    painter.setPen(QPen(colour, 6))
    painter.drawLine(42, 24, 58, 40)
    painter.drawLine(58, 24, 42, 40)


_DRAW = {
    "play": _play,
    "pause": _pause,
    "stop": _stop,
    "loop": _loop,
    "refresh": _refresh,
    "speaker": _speaker,
    "mute": _mute,
}
