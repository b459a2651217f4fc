"""Named counters in one row; those that stand for losses say so when they are not zero."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.widgets.theme import theme_of


@dataclass(frozen=True)
class Counter:
    """A name, its value in words, and whether it is a loss that has happened."""

    name: str
    text: str
    bad: bool = False


class CounterRow(QWidget):
    """Boxes in a grid that wraps; a loss has a mark besides its colour."""

    def __init__(self) -> None:
        super().__init__()
        self.counters: tuple[Counter, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Counters")
        self.setToolTip("What was lost, and how long a step takes.")

    def set_counters(self, counters: tuple[Counter, ...]) -> None:
        """New values."""
        if counters != self.counters:
            resized = len(counters) != len(self.counters)
            self.counters = counters
            self.setAccessibleDescription(", ".join(f"{c.name} {c.text}" for c in counters))
            if resized:
                self.updateGeometry()
            self.update()

    def _cell(self) -> tuple[float, int]:
        least = self.fontMetrics().horizontalAdvance("Underruns ") + 4
        columns = max(1, min(len(self.counters) or 1, int(self.width() // least)))
        return self.width() / columns, columns

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), theme_of(self.palette())
        width, columns = self._cell()
        line = self.fontMetrics().height()
        bold = self.font()
        bold.setBold(True)
        for index, counter in enumerate(self.counters):
            left, top = (index % columns) * width, (index // columns) * (2 * line + 4)
            painter.setFont(self.font())
            painter.setPen(theme.muted)
            painter.drawText(QRectF(left, top, width, line), Qt.AlignmentFlag.AlignVCenter, counter.name)
            painter.setFont(bold)
            painter.setPen(theme.problem if counter.bad else theme.text)
            text = f"▲ {counter.text}" if counter.bad else counter.text
            painter.drawText(QRectF(left, top + line, width, line), Qt.AlignmentFlag.AlignVCenter, text)

    def resizeEvent(self, event: object) -> None:
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        _, columns = self._cell()
        rows = -(-len(self.counters) // columns) if self.counters else 1
        return QSize(260, rows * (2 * self.fontMetrics().height() + 4))
