"""The use of every book as bars: entropy of its entries against the bits it has."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from workbench.widgets.book_usage import BookUsage
from workbench.widgets.controls import Slider
from workbench.widgets.figure import scaled
from workbench.widgets.hinted import Hinted
from workbench.widgets.labels import draw_plaque
from workbench.widgets.theme import Theme, mix, theme_of

HALF_LIVES_S = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0)


class UsageBars(Hinted):
    """One bar for each book; the dotted line is the most that so few frames can show."""

    def __init__(self) -> None:
        super().__init__()
        self.entropy: NDArray[Any] = np.zeros(0)
        self.bits: NDArray[Any] = np.zeros(0)
        self.frames = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Use of the books")
        self.setToolTip(
            "Entropy of each book's entries, against its bits; dotted: the most that so few frames can show."
        )

    def set_usage(self, entropy: NDArray[Any], bits: NDArray[Any], frames: float) -> None:
        """Bits `[K]` that are used, bits `[K]` that there are, and the frames that were counted."""
        self.entropy, self.bits, self.frames = entropy, bits, frames
        if len(entropy):
            used = f"{entropy.sum():.0f} of {bits.sum():.0f} bits a frame"
            self.setAccessibleDescription(used)
        self.update()

    def describe(self, book: int) -> str:
        """A book in words."""
        perplexity = 2.0 ** float(self.entropy[book])
        return f"Book {book + 1}: {self.entropy[book]:.1f} of {self.bits[book]:.0f} bits, perplexity {perplexity:.0f}"

    @property
    def plot_rect(self) -> QRectF:
        """Where bars stand."""
        metrics = self.fontMetrics()
        left = metrics.horizontalAdvance("10 ") + 4
        return QRectF(left, 4, max(4, self.width() - left - 4), max(4, self.height() - metrics.height() - 8))

    def paint_figure(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        """As it stands, at the size and in the colours of a page."""
        scaled(self, painter, rect, theme, self._paint)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._paint(QPainter(self), theme_of(self.palette()))

    def _paint(self, painter: QPainter, theme: Theme) -> None:
        painter.fillRect(self.rect(), theme.background)
        rect, line = self.plot_rect, self.fontMetrics().height()
        painter.fillRect(rect, theme.lane)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        count = len(self.entropy)
        top = float(self.bits.max()) if count else 1.0
        painter.setPen(theme.muted)
        if count:
            painter.drawText(QRectF(0, rect.top(), rect.left() - 4, line), right, f"{top:.0f}")
            painter.drawText(QRectF(0, rect.bottom() - line, rect.left() - 4, line), right, "0")
        width = rect.width() / max(count, 1)
        every = max(1, -(-count * (self.fontMetrics().horizontalAdvance("00") + 6) // max(1, int(rect.width()))))
        for book in range(count):
            left = rect.left() + book * width
            there = rect.height() * float(self.bits[book]) / top
            used = rect.height() * float(self.entropy[book]) / top
            gap = min(2.0, width * 0.12)
            painter.fillRect(QRectF(left + gap, rect.bottom() - there, width - 2 * gap, there), theme.grid)
            painter.fillRect(
                QRectF(left + gap, rect.bottom() - used, width - 2 * gap, used),
                mix(theme.background, theme.accent, 0.85),
            )
            if book == 0 or (book + 1) % every == 0:
                painter.setPen(theme.muted)
                box = QRectF(left + width / 2 - 20, rect.bottom() + 1, 40, line)
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(book + 1))
        if self.frames > 1 and np.log2(self.frames) < top:
            y = rect.bottom() - rect.height() * float(np.log2(self.frames)) / top
            painter.setPen(QPen(theme.text, 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(rect.left(), y), QPointF(rect.right(), y))
        used = f" · {self.entropy.sum():.0f} of {self.bits.sum():.0f} bits" if count else ""
        draw_plaque(painter, rect.toRect(), f"Use{used}", theme)

    def hint_at(self, place: QPointF) -> str:
        rect = self.plot_rect
        book = int((place.x() - rect.left()) / rect.width() * len(self.entropy))
        return self.describe(book) if 0 <= book < len(self.entropy) else self.toolTip()

    def sizeHint(self) -> QSize:
        return QSize(200, 140)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 50)


class LiveUsage(QWidget):
    """The bars, and a slider for how soon old frames stop to count."""

    half_life_changed = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.bars = UsageBars()
        self.half_life = Slider("Half-life", "After this time a frame counts half as much.", 0, len(HALF_LIVES_S) - 1)
        self.half_life_text = QLabel()
        self.half_life_text.setMinimumWidth(self.fontMetrics().horizontalAdvance("0.5 s "))
        self.usage = BookUsage((), 1.0)
        self._bits: NDArray[Any] = np.zeros(0)
        self._frame_rate_hz = 1.0
        row = QHBoxLayout()
        row.addWidget(QLabel("Half-life"))
        row.addWidget(self.half_life, 1)
        row.addWidget(self.half_life_text)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.bars, 1)
        column.addLayout(row)
        self.half_life.setValue(HALF_LIVES_S.index(10.0))
        self.half_life.valueChanged.connect(self._half_life_moved)
        self._show_half_life()

    @property
    def half_life_s(self) -> float:
        """What the slider says."""
        return HALF_LIVES_S[self.half_life.value()]

    def start(self, sizes: tuple[int, ...], frame_rate_hz: float) -> None:
        """A new session: nothing was used yet."""
        self._frame_rate_hz = frame_rate_hz or 1.0
        self._bits = np.log2(np.maximum(np.asarray(sizes, float), 1.0))
        self.usage = BookUsage(sizes, self.half_life_s * self._frame_rate_hz)
        self.show_usage()

    def push(self, codes: NDArray[Any]) -> None:
        """Codes `[K, n]`."""
        self.usage.push(codes)

    def show_usage(self) -> None:
        """Draw what was counted; a few times a second is enough."""
        self.bars.set_usage(self.usage.entropy_bits(), self._bits, self.usage.frames)

    def _half_life_moved(self) -> None:
        self.usage.half_life_frames = self.half_life_s * self._frame_rate_hz
        self._show_half_life()
        self.half_life_changed.emit(self.half_life_s)

    def _show_half_life(self) -> None:
        self.half_life_text.setText(f"{self.half_life_s:g} s")
