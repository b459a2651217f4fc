"""Looking at what a widget drew, and doing to it what a hand does."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget


def colour_at(widget: QWidget, x: float, y: float) -> QColor:
    """The drawn colour at a point in widget units."""
    image = widget.grab().toImage()
    ratio = image.devicePixelRatio()
    return QColor(image.pixelColor(int(x * ratio), int(y * ratio)))


def delete_now(*widgets: QWidget) -> None:
    """Close and delete at once, so that the guard against leftovers finds nothing to search for."""
    for widget in widgets:
        widget.close()
        widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def rgb(colour: QColor) -> int:
    return 0xFF000000 | (colour.rgb() & 0xFFFFFF)


def mouse(
    widget: QWidget, kind: QEvent.Type, x: float, y: float, button: Qt.MouseButton = Qt.MouseButton.LeftButton
) -> None:
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
    if kind == QEvent.Type.MouseMove:
        button = Qt.MouseButton.NoButton
    place = QPointF(x, y)
    event = QMouseEvent(kind, place, widget.mapToGlobal(place), button, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, event)


def click(widget: QWidget, x: float, y: float) -> None:
    mouse(widget, QEvent.Type.MouseButtonPress, x, y)
    mouse(widget, QEvent.Type.MouseButtonRelease, x, y)


def drag(widget: QWidget, x0: float, x1: float, y: float, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
    mouse(widget, QEvent.Type.MouseButtonPress, x0, y, button)
    mouse(widget, QEvent.Type.MouseMove, x1, y, button)
    mouse(widget, QEvent.Type.MouseButtonRelease, x1, y, button)


def hover(widget: QWidget, x: float, y: float) -> None:
    mouse(widget, QEvent.Type.MouseMove, x, y, Qt.MouseButton.NoButton)


def wheel(widget: QWidget, x: float, y: float, notches: int, shift: bool = False) -> None:
    modifiers = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    place = QPointF(x, y)
    event = QWheelEvent(
        place, widget.mapToGlobal(place), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton, modifiers,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)
