"""A line of changing text that never pushes the layout about."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QTextLayout
from PySide6.QtWidgets import QLabel, QSizePolicy

LINE_BREAK = "\u2028"  # how Qt's text layout knows one


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

    def shown_lines(self) -> list[str]:
        """The text wrapped into as many lines as there are; the last one is elided where more would follow."""
        text = self.text().replace("\n", LINE_BREAK)
        layout, starts = QTextLayout(text, self.font()), list[int]()
        layout.beginLayout()
        while (line := layout.createLine()).isValid() and len(starts) < self.lines:
            line.setLineWidth(max(1, self.width()))
            starts.append(line.textStart())
        layout.endLayout()
        lines = [text[start:end] for start, end in pairwise([*starts, len(text)])]
        if lines:
            last = lines[-1].rstrip().replace(LINE_BREAK, " ")
            lines[-1] = self.fontMetrics().elidedText(last, Qt.TextElideMode.ElideRight, self.width())
        return [line.rstrip() for line in lines]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colour = self.palette().color(QPalette.ColorRole.WindowText)
        if self.text() == self.resting:
            colour = self.palette().color(QPalette.ColorRole.PlaceholderText)
        painter.setPen(colour)
        if self.lines > 1:
            height = self.fontMetrics().height()
            for number, line in enumerate(self.shown_lines()):
                painter.drawText(QRect(0, number * height, self.width(), height), Qt.AlignmentFlag.AlignLeft, line)
            return
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)

    def sizeHint(self) -> QSize:
        return QSize(120, self.lines * self.fontMetrics().height() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.lines * self.fontMetrics().height() + 2)
