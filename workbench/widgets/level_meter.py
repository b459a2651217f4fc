"""A level meter in dBFS: RMS bar, peak line, peak hold and a clip mark."""

from __future__ import annotations

import math
import time

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.widgets.theme import theme_of

FLOOR_DB = -60.0
HOLD_S = 1.5
FALL_DB_PER_S = 20.0
TEXT_S = 0.12


def to_db(level: float) -> float:
    """Linear to dBFS, not below the floor of the meter."""
    return max(FLOOR_DB, 20.0 * math.log10(level)) if level > 0 else FLOOR_DB


class LevelMeter(QWidget):
    """`set_level` with the frame clock; the hold stays 1.5 s and then falls by 20 dB/s."""

    def __init__(self, title: str, scale: bool = True) -> None:
        super().__init__()
        self.title, self.scale = title, scale
        self.reduction_db = 0.0
        self.rms_db = self.peak_db = self.hold_db = FLOOR_DB
        self.clipped = False
        self.text = "silent"
        self._held_at = self._moved_at = self._told_at = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"{title} level")
        self.setToolTip(f"{title} level in dBFS: bar RMS, line peak, triangle peak hold; red: what the limiter takes.")

    def set_level(self, rms: float, peak: float, now_s: float | None = None) -> None:
        """Linear levels (1.0 is full scale)."""
        now = time.monotonic() if now_s is None else now_s
        before = (self.rms_db, self.peak_db, self.hold_db, self.clipped)
        self.rms_db, self.peak_db = to_db(rms), to_db(peak)
        if self.peak_db >= self.hold_db:
            self.hold_db, self._held_at = self.peak_db, now
            self.clipped = peak >= 1.0
        elif now - self._held_at > HOLD_S:
            self.hold_db = max(
                self.peak_db, self.hold_db - FALL_DB_PER_S * (now - max(self._moved_at, self._held_at + HOLD_S))
            )
            self.clipped = False
        self._moved_at = now
        if before != (self.rms_db, self.peak_db, self.hold_db, self.clipped):
            self.update(self.bar_rect.toAlignedRect())
        if now - self._told_at > TEXT_S or self.clipped != before[3]:
            self._tell(now)

    def _tell(self, now: float) -> None:
        """The level in words, not so often that nobody could read it."""
        self._told_at = now
        text = "silent" if self.hold_db <= FLOOR_DB else f"{self.hold_db:.1f} dB".replace("-", "−")
        if self.reduction_db:
            text = f"{self.hold_db:.1f} LIM −{self.reduction_db:.0f}".replace("-", "−")
        elif self.clipped:
            text = f"{self.hold_db:.1f} CLIP".replace("-", "−")
        if text != self.text:
            self.text = text
            self.update()

    @property
    def bar_rect(self) -> QRectF:
        """Where the bar lies."""
        metrics = self.fontMetrics()
        label, value = metrics.horizontalAdvance("Output") + 8, metrics.horizontalAdvance("−60.0 LIM −10") + 10
        return QRectF(label, 2, max(10.0, self.width() - label - value), metrics.height() - 2)

    def set_reduction(self, reduction_db: float) -> None:
        """By how much a limiter turns the sound down now, in dB (its sign does not matter)."""
        reduction_db = round(abs(reduction_db), 1)
        if reduction_db != self.reduction_db:
            self.reduction_db = reduction_db
            self.update(self.bar_rect.toAlignedRect())

    def clear(self) -> None:
        """Back to silence."""
        self.reduction_db = 0.0
        self.rms_db = self.peak_db = self.hold_db = FLOOR_DB
        self.clipped = False
        self._tell(0.0)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), theme_of(self.palette())
        bar = self.bar_rect
        painter.fillRect(bar, theme.lane)
        painter.fillRect(QRectF(bar.left(), bar.top(), bar.width() * _share(self.rms_db), bar.height()), theme.good)
        hot = QRectF(bar.left() + bar.width() * _share(-6.0), bar.top(), bar.width() * (1 - _share(-6.0)), bar.height())
        painter.setPen(QPen(theme.warning, 1, Qt.PenStyle.DotLine))
        painter.drawLine(hot.topLeft(), hot.bottomLeft())
        if self.peak_db > FLOOR_DB:
            painter.setPen(QPen(theme.text, 2))
            x = bar.left() + bar.width() * _share(self.peak_db)
            painter.drawLine(QPointF(x, bar.top()), QPointF(x, bar.bottom()))
        if self.hold_db > FLOOR_DB:
            x = bar.left() + bar.width() * _share(self.hold_db)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.problem if self.clipped else theme.text)
            painter.drawPolygon([QPointF(x - 4, bar.top()), QPointF(x + 4, bar.top()), QPointF(x, bar.top() + 6)])
        if self.reduction_db > 0:
            width = bar.width() * min(self.reduction_db / -FLOOR_DB * 3, 1.0)  # a third of the scale, to be seen
            painter.fillRect(QRectF(bar.right() - width, bar.top(), width, bar.height() / 3), theme.problem)
        if bar.toAlignedRect().contains(event.rect()):
            return
        height = self.fontMetrics().height()
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.setPen(theme.text)
        painter.drawText(QRectF(0, 0, bar.left(), height), middle, self.title)
        painter.setPen(theme.problem if self.clipped or self.reduction_db else theme.text)
        painter.drawText(QRectF(bar.right() + 8, 0, self.width(), height), middle, self.text)
        if self.scale:
            self._paint_scale(painter, bar, theme.muted)

    def _paint_scale(self, painter: QPainter, bar: QRectF, colour: object) -> None:
        painter.setPen(colour)
        metrics = self.fontMetrics()
        step = 10 if bar.width() > 7 * metrics.horizontalAdvance("−60 ") * 1.2 else 20
        for value in range(int(FLOOR_DB), 1, step):
            x = bar.left() + bar.width() * _share(value)
            painter.drawLine(QPointF(x, bar.bottom()), QPointF(x, bar.bottom() + 3))
            box = QRectF(x - 30, bar.bottom() + 3, 60, metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{value}".replace("-", "−"))

    def sizeHint(self) -> QSize:
        return QSize(260, (2 if self.scale else 1) * self.fontMetrics().height() + 6)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())


def _share(decibels: float) -> float:
    return min(max((decibels - FLOOR_DB) / -FLOOR_DB, 0.0), 1.0)
