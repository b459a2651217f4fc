"""A painted widget with a hint for each of its parts, which keeps its own keys and shows the focus."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QFocusEvent, QHelpEvent
from PySide6.QtWidgets import QToolTip, QWidget

from workbench.widgets.controls import claims


class Hinted(QWidget):
    """`own_keys` are those that the window must not take for shortcuts while this has the focus."""

    own_keys: tuple[Qt.Key, ...] = ()

    def hint_at(self, place: QPointF) -> str:
        """What to say about the part under a point; empty: nothing."""
        return self.toolTip()

    def event(self, event: QEvent) -> bool:
        if claims(event, self.own_keys):
            event.accept()
            return True
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.hint_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()
