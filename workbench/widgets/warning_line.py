"""A warning in one line, elided; a press asks for more."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent

from workbench.widgets.controls import Button
from workbench.widgets.theme import theme_of


class WarningLine(Button):
    """Hidden while there is nothing to say."""

    def __init__(self, name: str, tip: str) -> None:
        super().__init__("", name, tip)
        self._tip, self._words = tip, ""
        self.setFlat(True)
        self.hide()

    def say(self, words: str) -> None:
        """Empty: nothing."""
        if words != self._words:
            self._words = words
            self.setToolTip(words or self._tip)
            self.setAccessibleDescription(words or self._tip)
            self.setVisible(bool(words))
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), theme_of(self.palette())
        painter.setPen(theme.problem)
        words = self.fontMetrics().elidedText(f"▲ {self._words}", Qt.TextElideMode.ElideRight, self.width() - 8)
        painter.drawText(self.rect().adjusted(4, 0, -4, 0), Qt.AlignmentFlag.AlignVCenter, words)
        if self.hasFocus():
            painter.setPen(theme.accent)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
