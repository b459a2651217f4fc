"""Waveforms as min/max envelopes in lanes over one time axis; sample by sample at deep zoom."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from workbench.widgets.labels import draw_plaque
from workbench.widgets.pixels import draw_pixels, reduce_axis0
from workbench.widgets.theme import Theme, rgb32
from workbench.widgets.ticks import length_text
from workbench.widgets.time_plot import TimePlot

Array = NDArray[Any]
LINE_BELOW = 1.5  # samples per pixel under which samples are joined by a line


@dataclass(frozen=True)
class EnvelopeLane:
    """One signal: `audio` `[C, T]` for deep zoom, `peaks` `[2, n]` (a column per block); either may lack."""

    title: str
    series: str  # "original" or "decoded": which colour of the theme
    rate_hz: int
    audio: Array | None = None
    peaks: Array | None = None
    block_samples: int = 1
    waiting: str = ""  # what to say while there is nothing to draw

    def envelope(self, start_s: float, end_s: float, pixels: int) -> tuple[Array, Array] | None:
        """Lowest and highest value in each of `pixels` parts of [start, end); None where nothing is there yet."""
        per_pixel = (end_s - start_s) * self.rate_hz / max(pixels, 1)
        if self.peaks is not None and (per_pixel >= self.block_samples or self.audio is None):
            blocks = self.rate_hz / self.block_samples
            low = reduce_axis0(self.peaks[0], start_s * blocks, end_s * blocks, pixels, np.minimum)
            high = reduce_axis0(self.peaks[1], start_s * blocks, end_s * blocks, pixels, np.maximum)
        elif self.audio is not None and self.audio.shape[1]:
            first, last = start_s * self.rate_hz, end_s * self.rate_hz
            length = self.audio.shape[1]
            begin = min(max(0, int(first)), length - 1)
            part = self.audio[:, begin : max(begin + 1, math.ceil(last))]  # a difference is summed where it is read
            first, last = first - begin, last - begin
            low = np.min([reduce_axis0(row, first, last, pixels, np.minimum) for row in part], axis=0)
            high = np.max([reduce_axis0(row, first, last, pixels, np.maximum) for row in part], axis=0)
        else:
            return None
        return low, high

    def value_at(self, seconds: float) -> float | None:
        """The sample at a time (first channel), where the audio is there."""
        if self.audio is None or not self.audio.shape[1]:
            return None
        return float(self.audio[0, min(int(seconds * self.rate_hz), self.audio.shape[1] - 1)])


class EnvelopePlot(TimePlot):
    """Lanes above each other with one amplitude scale."""

    def __init__(self) -> None:
        super().__init__()
        self.lanes: tuple[EnvelopeLane, ...] = ()
        self.full_scale = 1.0

    def set_lanes(self, lanes: Sequence[EnvelopeLane], full_scale: float) -> None:
        """What to draw, and the amplitude at the edge of a lane."""
        self.lanes, self.full_scale = tuple(lanes), full_scale
        self.invalidate()

    def lane_rect(self, index: int) -> QRect:
        """Where a lane is drawn."""
        rect, count = self.plot_rect, max(1, len(self.lanes))
        top = rect.top() + rect.height() * index // count
        bottom = rect.top() + rect.height() * (index + 1) // count
        return QRect(rect.left(), top, rect.width(), max(1, bottom - top - (2 if index + 1 < count else 0)))

    def paint_plot(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        for index, lane in enumerate(self.lanes):
            self._paint_lane(painter, self.lane_rect(index), lane, theme)

    def _paint_lane(self, painter: QPainter, rect: QRect, lane: EnvelopeLane, theme: Theme) -> None:
        colour = theme.original if lane.series == "original" else theme.decoded
        ratio = painter.device().devicePixelRatioF()
        width, height = round(rect.width() * ratio), round(rect.height() * ratio)
        ends = lane.envelope(self.start_s, self.end_s, width)
        painter.fillRect(rect, theme.lane)
        if ends is not None:
            per_pixel = (self.end_s - self.start_s) * lane.rate_hz / rect.width()
            if per_pixel < LINE_BELOW and lane.audio is not None:
                self._paint_line(painter, rect, lane, colour, per_pixel)
            else:
                pixels = _envelope_pixels(*ends, height, self.full_scale, rgb32(theme.lane), rgb32(colour))
                draw_pixels(painter, rect.topLeft(), pixels, ratio)
        self._paint_scale(painter, rect, theme)
        if ends is None and lane.waiting:
            painter.setPen(theme.muted)
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, lane.waiting)
        draw_plaque(painter, rect, lane.title, theme, colour)

    def _paint_line(self, painter: QPainter, rect: QRect, lane: EnvelopeLane, colour: QColor, per_pixel: float) -> None:
        assert lane.audio is not None
        first = max(0, int(self.start_s * lane.rate_hz))
        last = min(lane.audio.shape[1], int(self.end_s * lane.rate_hz) + 2)
        middle, half = rect.center().y() + 0.5, rect.height() / 2
        painter.save()
        painter.setClipRect(rect)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for row in lane.audio[:, first:last]:
            points = [
                QPointF(self.x_of((first + i) / lane.rate_hz), middle - value / self.full_scale * half)
                for i, value in enumerate(row.tolist())
            ]
            painter.setPen(QPen(colour, 1))
            painter.drawPolyline(QPolygonF(points))
            if per_pixel < 0.15:
                painter.setBrush(colour)
                for point in points:
                    painter.drawEllipse(point, 2.0, 2.0)
        painter.restore()

    def _paint_scale(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        middle = rect.center().y()
        painter.setPen(theme.grid)
        painter.drawLine(rect.left(), middle, rect.right(), middle)
        painter.setPen(theme.muted)
        height = self.fontMetrics().height()
        marks = {rect.top() + height // 2: self.full_scale, middle: 0.0, rect.bottom() - height // 2: -self.full_scale}
        for y, value in marks.items():
            if rect.height() < 3 * height and value:
                continue
            text = f"{value:g}".replace("-", "−")
            box = QRectF(0, y - height / 2, rect.left() - 6, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    def describe_at(self, position: QPointF) -> str:
        seconds = self.time_at(position.x())
        parts = [f"{length_text(seconds)}"]
        for lane in self.lanes:
            value = lane.value_at(seconds)
            if value is not None:
                parts.append(f"{lane.title} {value:+.4f}".replace("-", "−"))
        return " · ".join(parts)


def _envelope_pixels(low: Array, high: Array, height: int, full: float, ground: int, colour: int) -> NDArray[np.uint32]:
    """`[height, W]`: coloured from the lowest to the highest value of each column."""
    scale = (height - 1) / 2
    top = np.floor((1.0 - np.clip(high / full, -1, 1)) * scale).astype(np.int16)
    bottom = np.ceil((1.0 - np.clip(low / full, -1, 1)) * scale).astype(np.int16)
    # Rows above the top wrap round to large numbers, so that one comparison says whether a row is between the two.
    below_top = (np.arange(height, dtype=np.int16)[:, None] - top).view(np.uint16)
    inside = below_top <= (bottom - top).view(np.uint16)
    pixels = np.multiply(inside, np.uint32((colour - ground) % 2**32), dtype=np.uint32)
    pixels += np.uint32(ground)
    return pixels


def round_full_scale(peak: float) -> float:
    """The amplitude to show at a lane's edge for signals up to `peak`: 1, or the next of 0.5, 0.2, 0.1 … above it."""
    full = 1.0
    for candidate in (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001):
        if peak > candidate or peak <= 0:
            break
        full = candidate
    return full if peak <= 1.0 else float(np.ceil(peak * 10) / 10)
