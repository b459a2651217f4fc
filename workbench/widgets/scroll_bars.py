"""Flat scroll bars: a handle on a lane. The style's own, with its gradients, take ten times as long to draw."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtGui import QEnterEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractScrollArea, QScrollBar, QStyle, QStyleOptionSlider

from workbench.widgets.theme import mix, theme_of

_COMPLEX, _HANDLE = QStyle.ComplexControl.CC_ScrollBar, QStyle.SubControl.SC_ScrollBarSlider
MARGIN = 3  # beside the handle


class ScrollBar(QScrollBar):
    """Keys, mouse and sizes are the style's; only the drawing is ours."""

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, option = theme_of(self.palette()), QStyleOptionSlider()
        self.initStyleOption(option)
        handle = QRectF(self.style().subControlRect(_COMPLEX, option, _HANDLE, self))
        upright = self.orientation() == Qt.Orientation.Vertical
        box = handle.adjusted(MARGIN, 1, -MARGIN, -1) if upright else handle.adjusted(1, MARGIN, -1, -MARGIN)
        painter = QPainter(self)
        painter.fillRect(self.rect(), mix(theme.background, theme.text, 0.06))
        share = 0.65 if self.isSliderDown() else 0.5 if self.underMouse() else 0.35
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(mix(theme.background, theme.text, share if self.isEnabled() else 0.15))
        radius = min(box.width(), box.height()) / 2
        painter.drawRoundedRect(box, radius, radius)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.update()


def flat_scroll_bars(area: QAbstractScrollArea) -> None:
    """Give a scroll area these bars; what is said about when they show stays."""
    area.setVerticalScrollBar(ScrollBar(Qt.Orientation.Vertical))
    area.setHorizontalScrollBar(ScrollBar(Qt.Orientation.Horizontal))
