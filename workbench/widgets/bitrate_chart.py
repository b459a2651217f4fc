"""Bitrate at every depth as bars: a click or the arrow keys choose a depth."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.widgets.controls import claims
from workbench.widgets.figure import scaled
from workbench.widgets.kept import draw_kept
from workbench.widgets.theme import Theme, mix, theme_of
from workbench.widgets.ticks import ticks


class BitrateChart(QWidget):
    """`kbps[k - 1]` is the bitrate at depth k; the chosen bar carries a triangle and its value."""

    chosen = Signal(int)  # depth

    def __init__(self) -> None:
        super().__init__()
        self.kbps: tuple[float, ...] = ()
        self.depth: int | None = None
        self._hovered: int | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Bitrate per depth")
        self.setToolTip("Bitrate of the first k books; click a bar to hear and show that depth.")

    def set_bitrates(self, kbps: Sequence[float], depth: int | None) -> None:
        """What to draw and which depth is chosen (None or 0: none)."""
        if (tuple(kbps), depth) != (self.kbps, self.depth):
            self.kbps, self.depth = tuple(kbps), depth
            shown = f", depth {depth}: {self.kbps[depth - 1]:.2f} kbps" if depth and depth <= len(self.kbps) else ""
            self.setAccessibleDescription(f"{len(self.kbps)} depths{shown}")
            self.update()

    @property
    def plot_rect(self) -> QRectF:
        """Where bars stand."""
        metrics = self.fontMetrics()
        left = metrics.horizontalAdvance("depth ") + 4
        return QRectF(left, 1.4 * metrics.height() + 4, max(1, self.width() - left - 2), self._bar_height())

    def _bar_height(self) -> float:
        return 5.0 * self.fontMetrics().height()

    def depth_at(self, x: float) -> int | None:
        """The depth whose bar stands at x."""
        rect = self.plot_rect
        if not self.kbps or not rect.left() <= x < rect.right():
            return None
        return int((x - rect.left()) / rect.width() * len(self.kbps)) + 1

    def bar_rect(self, depth: int) -> QRectF:
        """Where the bar of a depth stands."""
        rect, top = self.plot_rect, max(self.kbps) or 1.0
        width = rect.width() / len(self.kbps)
        height = rect.height() * self.kbps[depth - 1] / top
        gap = min(2.0, width * 0.15)
        return QRectF(rect.left() + (depth - 1) * width + gap, rect.bottom() - height, width - 2 * gap, height)

    def paint_figure(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        """As it stands, at the size and in the colours of a page."""
        scaled(self, painter, rect, theme, self._paint)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_kept(self, (self.kbps, self.depth, self._hovered), self._paint)

    def _paint(self, painter: QPainter, theme: Theme) -> None:
        if not self.kbps:
            return
        metrics, rect = self.fontMetrics(), self.plot_rect
        line = metrics.height()
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        top = max(self.kbps) or 1.0
        painter.setPen(theme.muted)
        painter.drawText(QRectF(0, 0, self.width(), line), Qt.AlignmentFlag.AlignVCenter, "kbps")
        for value in ticks(0, top, 3):
            y = rect.bottom() - value / top * rect.height()
            painter.setPen(theme.grid)
            painter.drawLine(QPointF(rect.left(), y), QPointF(rect.right(), y))
            painter.setPen(theme.muted)
            painter.drawText(QRectF(0, y - line / 2, rect.left() - 4, line), right, f"{value:g}")
        every = max(1, -(-len(self.kbps) * (metrics.horizontalAdvance("00") + 6) // max(1, int(rect.width()))))
        for depth in range(1, len(self.kbps) + 1):
            bar = self.bar_rect(depth)
            chosen = depth == self.depth
            colour = theme.accent if chosen else mix(theme.background, theme.accent, 0.45)
            if depth == self._hovered and not chosen:
                colour = mix(theme.background, theme.accent, 0.7)
            painter.fillRect(bar, colour)
            if depth == 1 or depth % every == 0 or chosen:
                painter.setPen(theme.text if chosen else theme.muted)
                box = QRectF(bar.center().x() - 20, rect.bottom() + 2, 40, line)
                crowded = not chosen and self.depth and abs(depth - self.depth) < every and every > 1
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "" if crowded else str(depth))
        painter.setPen(theme.muted)
        painter.drawText(QRectF(0, rect.bottom() + 2, rect.left() - 4, line), right, "depth")
        self._paint_value(painter, rect, line)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.accent, 1))
            painter.drawRect(rect.adjusted(-1, -1, 0, 0))

    def _paint_value(self, painter: QPainter, rect: QRectF, line: int) -> None:
        depth = self._hovered or self.depth
        if not depth or depth > len(self.kbps):
            return
        theme, bar = theme_of(self.palette()), self.bar_rect(depth)
        text = f"{self.kbps[depth - 1]:.2f} kbps"
        width = self.fontMetrics().horizontalAdvance(text) + 4
        left = min(max(bar.center().x() - width / 2, rect.left()), rect.right() - width)
        painter.setPen(theme.text)
        painter.drawText(QRectF(left, 0, width, line), Qt.AlignmentFlag.AlignCenter, text)
        if depth == self.depth:
            x, y = bar.center().x(), bar.top() - 1
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.text)
            painter.drawPolygon(QPolygonF([QPointF(x - 4, y - 5), QPointF(x + 4, y - 5), QPointF(x, y)]))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hovered = self.depth_at(event.position().x())
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        depth = self.depth_at(event.position().x())
        if event.button() == Qt.MouseButton.LeftButton and depth is not None:
            self.chosen.emit(depth)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None or not self.kbps:
            super().keyPressEvent(event)
            return
        self.chosen.emit(min(max((self.depth or 0) + step, 1), len(self.kbps)))

    def event(self, event: QEvent) -> bool:
        if claims(event, (Qt.Key.Key_Left, Qt.Key.Key_Right)):
            event.accept()
            return True
        return super().event(event)

    def sizeHint(self) -> QSize:
        return QSize(240, round(self._bar_height() + 2.5 * self.fontMetrics().height() + 8))

    def minimumSizeHint(self) -> QSize:
        return QSize(140, self.sizeHint().height())
