"""The last minute, kept: its envelope, and the stretch of it that the views show."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.widgets.controls import claims
from workbench.widgets.theme import describe, theme_of

POINTS = 1200  # of the envelope
STEP_S = 0.5
_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
_KEYS = (*_STEPS, Qt.Key.Key_Home, Qt.Key.Key_End)


class FreezeBar(QWidget):
    """Drag, click or use the arrow keys to move the stretch."""

    scrubbed = Signal(int)  # the sample where the stretch ends

    def __init__(self) -> None:
        super().__init__()
        self.samples = self.rate_hz = self.end = self.span = 0
        self.cursor: int | None = None
        self.waiting = ""
        self._peaks: NDArray[np.float32] = np.zeros(0, np.float32)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        describe(self, "Last minute", "Drag, or Left and Right: which seconds of the frozen minute the views show.")
        self._tell()

    def set_sound(self, samples: NDArray[np.float32] | None, rate_hz: int, span_s: float) -> None:
        """The frozen output `[C, T]` (None: nothing is frozen) and how much of it the views show."""
        self.rate_hz, self.cursor = rate_hz, None
        self.samples = 0 if samples is None else int(samples.shape[1])
        self.span = min(round(span_s * rate_hz), self.samples)
        self.end = self.samples
        self._peaks = np.zeros(0, np.float32)
        if samples is not None and self.samples:
            block = -(-self.samples // POINTS)
            mono = np.abs(samples).max(axis=0)
            padded = np.pad(mono, (0, -len(mono) % block))
            self._peaks = padded.reshape(-1, block).max(axis=1)
        self._tell()

    def set_cursor(self, sample: int | None) -> None:
        """Where replay is; None: it does not play."""
        if sample != self.cursor:
            self.cursor = sample
            self.update()

    @property
    def start(self) -> int:
        """The sample where the stretch begins."""
        return max(0, self.end - self.span)

    def set_end(self, end: int) -> None:
        """Move the stretch, kept inside."""
        end = min(max(end, self.span), self.samples)
        if end != self.end:
            self.end = end
            self._tell()
            self.scrubbed.emit(end)

    def _tell(self) -> None:
        rate = self.rate_hz or 1
        text = f"{(self.start - self.samples) / rate:.1f} to {(self.end - self.samples) / rate:.1f} s".replace("-", "−")
        self.setAccessibleDescription(text if self.samples else "nothing is frozen")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), theme_of(self.palette())
        rect = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.fillRect(rect, theme.lane)
        if not self.samples:
            painter.setPen(theme.muted)
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self.waiting)
        else:
            scale = rect.width() / self.samples
            box = QRectF(rect.left() + self.start * scale, rect.top(), self.span * scale, rect.height())
            painter.fillRect(box, theme.region)
            columns = int(rect.width())
            index = np.arange(columns) * len(self._peaks) // max(columns, 1)
            half = self._peaks[index] / max(float(self._peaks.max()), 1e-3) * rect.height() / 2
            painter.setPen(QPen(theme.decoded, 1))
            middle = rect.center().y()
            for x, height in enumerate(half):
                painter.drawLine(QPointF(rect.left() + x, middle - height), QPointF(rect.left() + x, middle + height))
            painter.setBrush(QColor(0, 0, 0, 0))
            painter.setPen(QPen(theme.accent, 2))
            painter.drawRect(box.adjusted(1, 1, -1, -1))
            if self.cursor is not None:
                x = rect.left() + self.cursor * scale
                painter.setPen(QPen(theme.cursor, 2))
                painter.drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom()))
        if self.hasFocus():
            painter.setBrush(QColor(0, 0, 0, 0))
            painter.setPen(QPen(theme.accent, 1))
            painter.drawRect(rect)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.samples and event.buttons() & Qt.MouseButton.LeftButton:
            self.set_end(round(event.position().x() / max(self.width(), 1) * self.samples + self.span / 2))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _STEPS:
            self.set_end(self.end + _STEPS[key] * round(STEP_S * self.rate_hz))
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.set_end(0 if key == Qt.Key.Key_Home else self.samples)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if claims(event, _KEYS):
            event.accept()
            return True
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, round(2.2 * self.fontMetrics().height()))

    def minimumSizeHint(self) -> QSize:
        return QSize(100, self.sizeHint().height())
