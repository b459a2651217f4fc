"""Live lanes above each other that scroll together: the last seconds, newest on the right."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.widgets.figure import scaled
from workbench.widgets.labels import draw_plaque
from workbench.widgets.scroll_image import ScrollImage
from workbench.widgets.theme import Theme, rgb32, theme_of


@dataclass(frozen=True)
class ScrollLane:
    """A lane: its key, title, share of the height, and what stands at its upper and lower end."""

    key: str
    title: str
    share: float
    top_text: str = ""
    bottom_text: str = ""


PRESS_START = "Press Start and speak"


class ScrollView(QWidget):
    """`push` takes columns of the lane's own height in pixels (`lane_pixels`); `resized`: the lanes were emptied."""

    resized = Signal()

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self.end_s = 0.0  # what stands at the right edge: 0 is now, −3 three seconds ago
        self.lanes: tuple[ScrollLane, ...] = ()
        self.images: dict[str, ScrollImage] = {}
        self.waiting = PRESS_START
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def set_lanes(self, lanes: tuple[ScrollLane, ...]) -> None:
        """Other lanes, empty."""
        if lanes != self.lanes:
            self.lanes = lanes
            self.clear()

    def clear(self) -> None:
        """Empty every lane."""
        ratio, ground = self.devicePixelRatioF(), rgb32(theme_of(self.palette()).lane)
        self.images = {}
        for index, lane in enumerate(self.lanes):
            rect = self.lane_rect(index)
            self.images[lane.key] = ScrollImage(round(rect.width() * ratio), round(rect.height() * ratio), ground)
        self.resized.emit()
        self.update()

    def lane_pixels(self, key: str) -> tuple[int, int]:
        """Width and height of a lane in pixels; (0, 0) where there is no such lane."""
        image = self.images.get(key)
        return (image.width, image.height) if image else (0, 0)

    def push(self, key: str, columns: NDArray[np.uint32]) -> None:
        """Append columns `[height, n]` to a lane."""
        if columns.shape[1]:
            self.images[key].push(columns)
            self.update(self.plot_rect)  # not the texts beside it, which cost more than the pictures

    @property
    def plot_rect(self) -> QRect:
        """Where lanes are drawn."""
        metrics = self.fontMetrics()
        left = metrics.horizontalAdvance("00 kHz") + 8
        return QRect(left, 2, max(1, self.width() - left - 12), max(1, self.height() - metrics.height() - 8))

    def lane_rect(self, index: int) -> QRect:
        """Where a lane is drawn."""
        rect = self.plot_rect
        total = sum(lane.share for lane in self.lanes) or 1.0
        before = sum(lane.share for lane in self.lanes[:index]) / total
        top = rect.top() + round(rect.height() * before)
        bottom = rect.top() + round(rect.height() * (before + self.lanes[index].share / total))
        return QRect(rect.left(), top, rect.width(), max(1, bottom - top - 3))

    def paint_figure(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        """What stands in the lanes now, at the size and in the colours of a page."""
        scaled(self, painter, rect, theme, lambda page, colours: self._paint(page, self.rect(), colours))

    def paintEvent(self, event: QPaintEvent) -> None:
        self._paint(QPainter(self), event.rect(), theme_of(self.palette()))

    def _paint(self, painter: QPainter, part: QRect, theme: Theme) -> None:
        painter.fillRect(part, theme.background)
        beside = not self.plot_rect.contains(part)
        metrics = self.fontMetrics()
        height = metrics.height()
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for index, lane in enumerate(self.lanes):
            rect = self.lane_rect(index)
            if lane.key in self.images:
                self.images[lane.key].draw(painter, rect)
            painter.setPen(theme.muted)
            if beside:
                painter.drawText(QRectF(0, rect.top(), rect.left() - 4, height), right, lane.top_text)
            if beside and rect.height() > 2 * height:
                painter.drawText(QRectF(0, rect.bottom() - height, rect.left() - 4, height), right, lane.bottom_text)
            draw_plaque(painter, rect, lane.title, theme)
        rect = self.plot_rect
        painter.setPen(QPen(theme.muted))
        if not self.lanes:
            painter.fillRect(rect, theme.lane)
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.waiting)
        if beside:
            self._paint_times(painter, rect)

    def _paint_times(self, painter: QPainter, rect: QRect) -> None:
        metrics, right = self.fontMetrics(), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        height = metrics.height()
        step = 1 if rect.width() > 60 * self.seconds else 2
        newest = math.floor(self.end_s / step) * step
        for second in range(newest, math.floor(self.end_s - self.seconds) - 1, -step):
            x = rect.right() - (self.end_s - second) / self.seconds * rect.width()
            if x < rect.left() - 1:
                break
            painter.drawLine(QPointF(x, rect.bottom()), QPointF(x, rect.bottom() + 3))
            text = "now" if not second else f"−{-second} s"
            width = metrics.horizontalAdvance(text)
            left = min(x - width / 2, self.width() - width)
            painter.drawText(QRectF(left, rect.bottom() + 3, width + 1, height), right, text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.clear()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.clear()
        super().changeEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(520, 260)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 70)
