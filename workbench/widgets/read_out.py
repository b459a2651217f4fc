"""A line of changing text that never pushes the layout about."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy


class ReadOut(QLabel):
    """Elided where there is no room; the whole text is its tooltip and accessible name."""

    def __init__(self, resting: str = "", lines: int = 1) -> None:
        super().__init__()
        self.resting, self.lines = resting, lines
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.say("")

    def say(self, text: str) -> None:
        """Show a text; an empty one shows what it says at rest."""
        shown = text or self.resting
        if shown != self.text():
            self.setText(shown)
            self.setAccessibleName(shown)
            self.setToolTip(shown)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colour = self.palette().color(QPalette.ColorRole.WindowText)
        if self.text() == self.resting:
            colour = self.palette().color(QPalette.ColorRole.PlaceholderText)
        painter.setPen(colour)
        if self.lines > 1:
            flags = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect(), flags, self.text())
            return
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)

    def sizeHint(self) -> QSize:
        return QSize(120, self.lines * self.fontMetrics().height() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.lines * self.fontMetrics().height() + 2)
