"""How often each entry of one book was chosen, as bars along the index or from the most frequent one down."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy

from speefeare_core.statistics.measures import surprisal_bits
from workbench.widgets.hinted import Hinted
from workbench.widgets.labels import draw_plaque
from workbench.widgets.pixels import draw_pixels, reduce_axis0
from workbench.widgets.theme import Theme, describe, explain, mix, rgb32, theme_of
from workbench.widgets.ticks import ticks

Array = NDArray[Any]


class UsageHistogram(Hinted):
    """A bar may stand for several entries: then it is as high as the most frequent of them. ← → choose an entry."""

    hovered = Signal(str)
    entry_chosen = Signal(int)
    own_keys = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End)

    def __init__(self) -> None:
        super().__init__()
        self.counts: Array = np.zeros(0)
        self.order: Array = np.zeros(0, np.int64)  # entries from left to right
        self.by_rank = False
        self.title = ""
        self.chosen: int | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        describe(
            self,
            "Usage histogram",
            "How often each entry of the book was chosen; the dashed line is an even use. Click chooses an entry.",
        )
        explain(self, "perplexity")

    def set_counts(self, counts: Array, title: str) -> None:
        """Counts or fading weights `[N]`."""
        self.counts, self.title = counts, title
        self._sort()

    def set_by_rank(self, by_rank: bool) -> None:
        """From the most frequent entry down instead of along the index."""
        self.by_rank = by_rank
        self._sort()

    def set_chosen(self, entry: int | None) -> None:
        """Mark an entry."""
        if entry != self.chosen:
            self.chosen = entry
            self.update()

    def _sort(self) -> None:
        size = len(self.counts)
        self.order = np.argsort(-self.counts, kind="stable") if self.by_rank else np.arange(size)
        self.update()

    # -- places -----------------------------------------------------------------------------------------------------
    def plot_rect_in(self, rect: QRect, metrics: QFontMetrics) -> QRect:
        """Where bars stand within a rectangle."""
        left = metrics.horizontalAdvance("00000") + 10
        return rect.adjusted(left, 6, -10, -(metrics.height() + 8))

    @property
    def plot_rect(self) -> QRect:
        """Where bars stand."""
        return self.plot_rect_in(self.rect(), self.fontMetrics())

    def entry_at(self, x: float) -> int | None:
        """The entry under a place; of several the most frequent one."""
        rect, size = self.plot_rect, len(self.order)
        if not size or not rect.left() <= x <= rect.right():
            return None
        low = int((x - rect.left()) / rect.width() * size)
        high = max(low + 1, int((x + 1 - rect.left()) / rect.width() * size))
        there = self.order[low : min(high, size)]
        return int(there[np.argmax(self.counts[there])]) if len(there) else None

    # -- drawing ----------------------------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), theme_of(self.palette())
        self.paint_figure(painter, self.rect(), theme)
        if self.hasFocus():
            painter.setPen(QPen(theme.accent, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.plot_rect.adjusted(-1, -1, 0, 0))

    def paint_figure(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        """Draw it into a rectangle of any painter."""
        painter.fillRect(rect, theme.background)
        metrics = painter.fontMetrics()
        plot = self.plot_rect_in(rect, metrics)
        painter.fillRect(plot, theme.lane)
        if not len(self.counts) or plot.width() < 4 or plot.height() < 4:
            return
        # The name stands above the highest bar.
        bars = max(plot.height() - metrics.height() - 10, 4)
        most = max(float(self.counts.max()), 1e-9) * plot.height() / bars
        ratio = painter.device().devicePixelRatioF()
        draw_pixels(painter, plot.topLeft(), self._pixels(plot, ratio, most, theme), ratio)
        self._paint_axes(painter, plot, most, theme)
        even = float(self.counts.sum()) / len(self.counts)
        y = plot.bottom() + 1 - even / most * plot.height()
        painter.setPen(QPen(theme.text, 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
        if self.chosen is not None and self.chosen < len(self.counts):
            at = int(np.flatnonzero(self.order == self.chosen)[0])
            x = plot.left() + (at + 0.5) / len(self.order) * plot.width()
            painter.setPen(QPen(theme.cursor, 1))
            painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
        draw_plaque(painter, plot, self.title, theme)

    def _pixels(self, plot: QRect, ratio: float, most: float, theme: Theme) -> NDArray[np.uint32]:
        width, height = round(plot.width() * ratio), round(plot.height() * ratio)
        tall = reduce_axis0(self.counts[self.order].astype(np.float64), 0, len(self.order), width)
        bars = np.ceil(tall / most * height)
        from_below = np.arange(height, 0, -1)[:, None]
        colour = rgb32(mix(theme.background, theme.accent, 0.85))
        return np.where(from_below <= bars[None], np.uint32(colour), np.uint32(rgb32(theme.lane)))

    def _paint_axes(self, painter: QPainter, plot: QRect, most: float, theme: Theme) -> None:
        metrics = painter.fontMetrics()
        height = metrics.height()
        painter.setPen(theme.muted)
        for value in ticks(0.0, most, max(2, plot.height() // (2 * height))):
            y = plot.bottom() + 1 - value / most * plot.height()
            painter.drawLine(QPointF(plot.left() - 4, y), QPointF(plot.left() - 1, y))
            box = QRectF(plot.left() - 206, y - height / 2, 200, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{value:g}")
        size, name = len(self.order), "rank" if self.by_rank else "index"
        named = plot.right() - metrics.horizontalAdvance(name) - 8  # the axis says what it is at its end
        room = max(2, plot.width() // (metrics.horizontalAdvance("00000") + 24))
        for value in ticks(0, size, room):
            x = plot.left() + value / size * plot.width()
            half = metrics.horizontalAdvance(f"{value:g}") / 2
            if value != int(value) or x + half > named:
                continue
            painter.drawLine(QPointF(x, plot.bottom() + 1), QPointF(x, plot.bottom() + 4))
            box = QRectF(x - 50, plot.bottom() + 5, 100, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{value:g}")
        box = QRectF(named, plot.bottom() + 5, plot.right() - named, height)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name)

    # -- mouse and keys ---------------------------------------------------------------------------------------------
    def describe_entry(self, entry: int) -> str:
        """An entry in words."""
        total = float(self.counts.sum())
        share = float(self.counts[entry]) / total if total else 0.0
        return f"Entry {entry} · {self.counts[entry]:.4g}× ({share:.2%}) · {surprisal_bits(self.counts)[entry]:.1f} bit"

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        entry = self.entry_at(event.position().x())
        self.hovered.emit("" if entry is None else self.describe_entry(entry))

    def leaveEvent(self, event: object) -> None:
        self.hovered.emit("")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        entry = self.entry_at(event.position().x())
        if entry is not None and event.button() == Qt.MouseButton.LeftButton:
            self.entry_chosen.emit(entry)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        size = len(self.order)
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Home: -size, Qt.Key.Key_End: size}
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if not size or not plain or event.key() not in steps:
            super().keyPressEvent(event)
            return
        known = self.chosen is not None and self.chosen < size
        at = int(np.flatnonzero(self.order == self.chosen)[0]) + steps[Qt.Key(event.key())] if known else 0
        entry = int(self.order[min(max(at, 0), size - 1)])
        self.entry_chosen.emit(entry)
        self.hovered.emit(self.describe_entry(entry))

    def sizeHint(self) -> QSize:
        return QSize(480, 180)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 90)
