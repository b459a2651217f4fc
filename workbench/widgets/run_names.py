"""Which pattern of line is which training run."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLineF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.widgets.run_lines import DASHES
from workbench.widgets.theme import theme_of

SAMPLE = 34.0  # pixels of line before each name


class RunNames(QWidget):
    """In sight while there are several."""

    def __init__(self) -> None:
        super().__init__()
        self.names: tuple[str, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setVisible(False)

    def set_names(self, names: Sequence[str]) -> None:
        """In the order of their patterns."""
        self.names = tuple(names)
        self.setAccessibleName("Runs: " + ", ".join(names))
        self.setVisible(len(names) > 1)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme, metrics = QPainter(self), theme_of(self.palette()), self.fontMetrics()
        left, middle = 6.0, self.height() / 2
        for number, name in enumerate(self.names):
            pen = QPen(theme.text, 1.5)
            if DASHES[number % len(DASHES)]:
                pen.setDashPattern(DASHES[number % len(DASHES)])
            painter.setPen(pen)
            painter.drawLine(QLineF(left, middle, left + SAMPLE, middle))
            painter.drawText(QRectF(left + SAMPLE + 6, 0, 1e4, self.height()), Qt.AlignmentFlag.AlignVCenter, name)
            left += SAMPLE + metrics.horizontalAdvance(name) + 26

    def sizeHint(self) -> QSize:
        return QSize(100, round(1.3 * self.fontMetrics().height()))
