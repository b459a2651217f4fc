"""What a loss rate and a burst length look like: a row of packets, an example of Gilbert's two states."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.widgets.theme import describe, theme_of

PACKETS = 60
DRAWS = 40


def example(loss: float, burst_packets: float, packets: int = PACKETS) -> NDArray[np.bool_]:
    """Lost packets `[n]`: a chain that leaves the lossy state after `burst_packets` on average (Gilbert 1960).

    Of several draws the one whose share of losses is the most usual.
    """
    draws = np.random.default_rng(3).random((packets + 1, DRAWS))
    leave = 1.0 / max(burst_packets, 1.0)
    enter = min(1.0, leave * loss / max(1.0 - loss, 1e-9)) if burst_packets > 1 else loss
    lost = np.zeros((packets, DRAWS), np.bool_)
    now = draws[-1] < loss
    for index in range(packets):
        now = draws[index] < (np.where(now, 1 - leave, enter) if burst_packets > 1 else loss)
        lost[index] = now
    return lost[:, np.abs(lost.mean(axis=0) - loss).argmin()]


class LossPicture(QWidget):
    """Filled boxes arrive, crossed ones are lost."""

    def __init__(self) -> None:
        super().__init__()
        self.lost = example(0.0, 1.0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        describe(self, "Losses", "An example of 60 packets at this loss and burst length: crossed ones are lost.")

    def set_loss(self, loss: float, burst_packets: float) -> None:
        """Another example."""
        lost = example(loss, burst_packets)
        if (lost != self.lost).any():
            self.lost = lost
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), theme_of(self.palette())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = self.width() / len(self.lost)
        for index, lost in enumerate(self.lost):
            box = QRectF(index * width + 0.5, 2, max(1.0, width - 1.5), self.height() - 4)
            if not lost:
                painter.fillRect(box, theme.good)
                continue
            painter.fillRect(box, theme.lane)
            painter.setPen(QPen(theme.problem, 1.5, Qt.PenStyle.SolidLine))
            painter.drawLine(QLineF(box.topLeft(), box.bottomRight()))
            painter.drawLine(QLineF(box.bottomLeft(), box.topRight()))

    def sizeHint(self) -> QSize:
        return QSize(240, self.fontMetrics().height())
