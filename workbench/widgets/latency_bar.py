"""The latency as a stacked bar: its parts in ms and samples, numbered, and their sum."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench.widgets.kept import draw_kept
from workbench.widgets.theme import Theme

# Okabe-Ito, in an order in which neighbours differ in lightness as well.
_COLOURS = ("#0072b2", "#f0e442", "#d55e00", "#56b4e9", "#009e73", "#e69f00", "#cc79a7")
_INK = ("#ffffff", "#000000", "#000000", "#000000", "#000000", "#000000", "#000000")


class LatencyBar(QWidget):
    """Parts (name, samples) at a rate. The numbers in the bar are those of the list under it."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: tuple[tuple[str, int], ...] = ()
        self.rate_hz = 0
        self.measured: tuple[int, int, bool] | None = None  # samples, at which rate, whether it is sure
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.set_parts((), 0)

    def set_parts(self, parts: Sequence[tuple[str, int]], rate_hz: int) -> None:
        """What the latency is made of."""
        self.parts, self.rate_hz = tuple(parts), rate_hz
        self.setAccessibleName(f"Latency: {self.sum_text}")
        self.setToolTip("From the microphone to the loudspeaker: what the delay is made of.")
        self.updateGeometry()
        self.update()

    def set_measured(self, samples: int | None, rate_hz: int = 0, sure: bool = True) -> None:
        """The measured round trip, drawn under the sum at the same scale; None: it was not measured."""
        measured = None if samples is None else (samples, rate_hz, sure)
        if measured != self.measured:
            self.measured = measured
            self.setAccessibleDescription(self.measured_text)
            self.update()

    @property
    def measured_text(self) -> str:
        """The measured round trip in words."""
        if self.measured is None:
            return "round trip not measured"
        samples, rate_hz, sure = self.measured
        text = f"measured {1000.0 * samples / max(rate_hz, 1):.1f} ms · {samples} samples"
        return text if sure else f"{text}, a guess"

    @property
    def sum_text(self) -> str:
        """The sum in words."""
        return self._text(sum(samples for _, samples in self.parts)) if self.parts else "not running"

    def _short(self, samples: int) -> str:
        return self._text(samples).removesuffix(" samples")

    def _text(self, samples: int) -> str:
        milliseconds = 1000.0 * samples / self.rate_hz if self.rate_hz else 0.0
        return f"{milliseconds:.1f} ms · {samples} samples"

    def paintEvent(self, event: QPaintEvent) -> None:
        state = (self.parts, self.rate_hz, self.measured)
        draw_kept(self, state, self._paint)

    def _paint(self, painter: QPainter, theme: Theme) -> None:
        metrics = self.fontMetrics()
        line = metrics.height() + 2
        painter.setPen(theme.text)
        bold = self.font()
        bold.setBold(True)
        painter.setFont(bold)
        painter.drawText(QRectF(0, 0, self.width(), line), Qt.AlignmentFlag.AlignVCenter, f"Latency {self.sum_text}")
        painter.setFont(self.font())
        bar = QRectF(0, line + 2, self.width(), line)
        painter.fillRect(bar, theme.lane)
        total = sum(samples for _, samples in self.parts)
        full = max(self._seconds(total), self._measured_s(), 1e-9)  # of the width
        if total > 0:
            share = self._seconds(total) / full
            self._paint_parts(painter, QRectF(bar.left(), bar.top(), bar.width() * share, line), total, theme)
        self._paint_measured(painter, bar.translated(0, line + 2), self._measured_s() / full, theme)
        columns = self._columns()
        for index, (name, samples) in enumerate(self.parts):
            box = QRectF(
                self.width() / columns * (index % columns), 3 * line + 10 + line * (index // columns),
                self.width() / columns - 6, line,
            )  # fmt: skip
            swatch = QRectF(box.left(), box.top() + 2, line - 4, line - 4)
            _paint_swatch(painter, swatch, index, theme)
            painter.setPen(theme.text)
            text = metrics.elidedText(
                f"{name} {self._short(samples)}", Qt.TextElideMode.ElideRight, int(box.width() - line)
            )
            painter.drawText(box.adjusted(line + 2, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_parts(self, painter: QPainter, bar: QRectF, total: int, theme: Theme) -> None:
        left = bar.left()
        for index, (_, samples) in enumerate(self.parts):
            width = bar.width() * samples / total
            if width > 0:
                _paint_swatch(painter, QRectF(left, bar.top(), width, bar.height()), index, theme)
            left += width

    def _seconds(self, samples: int) -> float:
        return samples / self.rate_hz if self.rate_hz else 0.0

    def _measured_s(self) -> float:
        return self.measured[0] / max(self.measured[1], 1) if self.measured else 0.0

    def _paint_measured(self, painter: QPainter, box: QRectF, share: float, theme: Theme) -> None:
        """An outline as long as the measured round trip."""
        if self.measured is not None:
            style = Qt.PenStyle.SolidLine if self.measured[2] else Qt.PenStyle.DashLine
            painter.setPen(QPen(theme.text, 1, style))
            painter.drawRect(QRectF(box.left(), box.top() - 0.5, max(2.0, box.width() * share - 1), box.height() + 1))
        painter.setPen(theme.text if self.measured else theme.muted)
        painter.drawText(box.adjusted(6, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.measured_text)

    def _columns(self) -> int:
        widest = self.fontMetrics().horizontalAdvance("output device 00.0 ms · 000") + 22
        return max(1, min(len(self.parts), self.width() // widest)) if self.parts else 1

    def sizeHint(self) -> QSize:
        line = self.fontMetrics().height() + 2
        rows = -(-len(self.parts) // self._columns()) if self.parts else 0
        return QSize(300, 3 * line + 12 + rows * line)

    def minimumSizeHint(self) -> QSize:
        return QSize(180, self.sizeHint().height())

    def resizeEvent(self, event: object) -> None:
        self.updateGeometry()


def _paint_swatch(painter: QPainter, box: QRectF, index: int, theme: Theme) -> None:
    """A part's colour with its number; neighbours are divided by a line as well."""
    painter.fillRect(box, QBrush(QColor(_COLOURS[index % len(_COLOURS)])))
    painter.setPen(theme.background)
    painter.drawLine(box.topRight(), box.bottomRight())
    if box.width() >= painter.fontMetrics().horizontalAdvance(str(index + 1)):
        painter.setPen(QColor(_INK[index % len(_INK)]))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(index + 1))
