"""Spectrograms in lanes over one time axis: levels in dB and the difference of two in dB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter

from workbench.widgets.colormap import Table, table
from workbench.widgets.column_store import ColumnStore
from workbench.widgets.labels import draw_colour_bar, draw_plaque
from workbench.widgets.pixels import draw_pixels
from workbench.widgets.theme import Theme, right_gutter
from workbench.widgets.ticks import length_text, ticks
from workbench.widgets.time_plot import TimePlot

Array = NDArray[Any]
DIFFERENCE_DB = 30.0  # the difference scale ends here, both ways
RANGE_DB = 80.0  # of levels, below the loudest in sight of any lane


@dataclass(frozen=True)
class SpectrogramLane:
    """One lane: a spectrogram, or with `minus` the difference of two. `store` None: not there yet."""

    title: str
    series: str  # "original", "decoded" or "difference"
    store: ColumnStore | None
    minus: ColumnStore | None = None
    waiting: str = ""

    @property
    def name(self) -> str:
        """The title without bitrate and the mark of what is heard."""
        return self.title.split(" · ")[0].removesuffix(" ▸")

    @property
    def ready(self) -> bool:
        """Whether there is something to draw."""
        return self.store is not None and (self.series != "difference" or self.minus is not None)


class SpectrogramPlot(TimePlot):
    """Lanes above each other; each with its frequency axis in kHz and its colour bar in dB."""

    def __init__(self) -> None:
        super().__init__()
        self.lanes: tuple[SpectrogramLane, ...] = ()
        self.map_name = "viridis"
        self.mel = False

    def set_lanes(self, lanes: Sequence[SpectrogramLane]) -> None:
        """What to draw."""
        self.lanes = tuple(lanes)
        self.invalidate()

    def set_look(self, map_name: str, mel: bool) -> None:
        """Colour map of the levels, and a mel instead of a linear frequency axis."""
        self.map_name, self.mel = map_name, mel
        self.invalidate()

    def lane_rect(self, index: int) -> QRect:
        """Where a lane is drawn."""
        rect, count = self.plot_rect, max(1, len(self.lanes))
        top = rect.top() + rect.height() * index // count
        bottom = rect.top() + rect.height() * (index + 1) // count
        return QRect(rect.left(), top, rect.width(), max(1, bottom - top - (3 if index + 1 < count else 0)))

    def frequency_at(self, y: float, rect: QRect, nyquist_hz: float) -> float:
        """Frequency in Hz at a height of a lane."""
        share = min(max(1.0 - (y - rect.top()) / rect.height(), 0.0), 1.0)
        return float(_from_mel(share * _to_mel(nyquist_hz))) if self.mel else share * nyquist_hz

    def paint_plot(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        for index, lane in enumerate(self.lanes):
            lane_rect = self.lane_rect(index)
            painter.fillRect(lane_rect, theme.lane)
            if lane.ready:
                self._paint_lane(painter, lane_rect, lane, theme)
            elif lane.waiting:
                painter.setPen(theme.muted)
                painter.drawText(lane_rect, Qt.AlignmentFlag.AlignCenter, lane.waiting)
            colour = {"original": theme.original, "decoded": theme.decoded}.get(lane.series)
            draw_plaque(painter, lane_rect, lane.title, theme, colour)

    def _paint_lane(self, painter: QPainter, rect: QRect, lane: SpectrogramLane, theme: Theme) -> None:
        assert lane.store is not None
        ratio = painter.device().devicePixelRatioF()
        width, height = round(rect.width() * ratio), round(rect.height() * ratio)
        shade = _columns(lane, self.start_s, self.end_s, width)
        low, high = self.level_range()
        colours = self._table(lane, theme)
        stretched = colours if lane.series == "difference" else _stretch(colours, lane.store, low, high)
        rows = self._rows(shade.shape[1], height, lane.store.nyquist_hz)
        shade = np.ascontiguousarray(shade.T)
        if shade.shape[0] > height:
            pixels = stretched.take(np.maximum.reduceat(shade, rows, axis=0)[::-1], mode="wrap")
        else:  # colours first: there are fewer bins than pixel rows
            pixels = stretched.take(shade, mode="wrap").take(rows[::-1], axis=0)
        draw_pixels(painter, rect.topLeft(), pixels, ratio)
        self._paint_frequencies(painter, rect, lane.store.nyquist_hz, theme)
        bar = QRect(rect.right() + 8, rect.top(), right_gutter(self.fontMetrics()) - 8, rect.height())
        marks = DIFFERENCE_MARKS if lane.series == "difference" else _level_marks(low, high)
        draw_colour_bar(painter, bar, colours, marks, theme)

    def level_range(self) -> tuple[float, float]:
        """What the level colours span in dB, the same for all lanes: down from the loudest, rounded up to 10 dB."""
        stores = [lane.store for lane in self.lanes if lane.store is not None and lane.series != "difference"]
        top = max((float(store.to_db(np.array([store.loudest]))[0]) for store in stores), default=0.0)
        top = 10.0 * np.ceil(top / 10.0 - 1e-6)
        return max(top - RANGE_DB, min((store.floor_db for store in stores), default=top - RANGE_DB)), top

    def _table(self, lane: SpectrogramLane, theme: Theme) -> Table:
        if lane.series == "difference":
            return table("difference-dark" if theme.dark else "difference")
        return table(self.map_name)

    def _rows(self, bins: int, height: int, nyquist_hz: float) -> NDArray[np.int64]:
        """The bin at the lower edge of each pixel row, from below."""
        share = np.arange(height) / height
        if self.mel:
            share = _from_mel(share * _to_mel(nyquist_hz)) / nyquist_hz
        return np.minimum((share * bins).astype(np.int64), bins - 1)

    def _paint_frequencies(self, painter: QPainter, rect: QRect, nyquist_hz: float, theme: Theme) -> None:
        metrics = painter.fontMetrics()
        height = metrics.height()
        marks = [0.25e3, 0.5e3, 1e3, 2e3, 4e3, 8e3, 16e3] if self.mel else []
        marks = marks or ticks(0, nyquist_hz, max(1, int(rect.height() / (height * 1.6))))
        painter.setPen(theme.muted)
        last = 1e9
        for value in marks:
            if value > nyquist_hz:
                continue
            share = float(_to_mel(value) / _to_mel(nyquist_hz)) if self.mel else value / nyquist_hz
            y = rect.bottom() + 1 - share * rect.height()
            box_y = min(max(y - height / 2, rect.top()), rect.bottom() - height + 1)
            if last - box_y < height:
                continue
            last = box_y
            painter.drawLine(QPointF(rect.left() - 4, y), QPointF(rect.left() - 1, y))
            text = f"{value / 1000:g}" + (" kHz" if value == max(m for m in marks if m <= nyquist_hz) else "")
            box = QRectF(0, box_y, rect.left() - 6, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    def describe_at(self, position: QPointF) -> str:
        index = next((i for i in range(len(self.lanes)) if self.lane_rect(i).contains(position.toPoint())), None)
        if index is None or self.lanes[index].store is None:
            return ""
        store = self.lanes[index].store
        assert store is not None
        seconds = self.time_at(position.x())
        frequency = self.frequency_at(position.y() + 0.5, self.lane_rect(index), store.nyquist_hz)
        parts = [length_text(seconds), f"{frequency / 1000:.2f} kHz"]
        for lane in self.lanes:
            level = _level_at(lane, seconds, frequency)
            if level is not None:
                sign = "+" if lane.series == "difference" and level > 0 else ""
                parts.append(f"{lane.name} {sign}{level:.1f} dB".replace("-", "−"))
        return " · ".join(parts)


def _columns(lane: SpectrogramLane, start_s: float, end_s: float, width: int) -> Array:
    """uint8 `[width, bins]`, 0 to 255 over the lane's scale."""
    assert lane.store is not None
    shade = lane.store.columns(start_s, end_s, width)
    if lane.series != "difference" or lane.minus is None:
        return shade
    other = lane.minus.columns(start_s, end_s, width)
    bins = min(shade.shape[1], other.shape[1])
    if (lane.store.floor_db, lane.store.top_db) == (lane.minus.floor_db, lane.minus.top_db):
        step = (lane.store.top_db - lane.store.floor_db) / 255  # one scale: a table of the 511 differences
        lookup = _difference_shade(np.arange(-255, 256, dtype=np.float32) * np.float32(step))
        return lookup[shade[:, :bins].astype(np.int16) - other[:, :bins] + 255]
    return _difference_shade(lane.store.to_db(shade[:, :bins]) - lane.minus.to_db(other[:, :bins]))


def _difference_shade(decibels: Array) -> Array:
    """dB to 0 … 255 with no difference in the middle."""
    return np.clip(np.round(decibels * (127.5 / DIFFERENCE_DB) + 127.5), 0, 255).astype(np.uint8)


def _level_at(lane: SpectrogramLane, seconds: float, frequency_hz: float) -> float | None:
    if not lane.ready or lane.store is None:
        return None
    level = lane.store.level_at(seconds, frequency_hz)
    if level is None or lane.series != "difference":
        return level
    other = lane.minus.level_at(seconds, frequency_hz) if lane.minus else None
    return None if other is None else level - other


DIFFERENCE_MARKS = [(0.0, f"−{DIFFERENCE_DB:g}"), (0.5, "0"), (1.0, f"+{DIFFERENCE_DB:g} dB")]


def _level_marks(low: float, high: float) -> list[tuple[float, str]]:
    values = ticks(low, high, 5)
    texts = [f"{value:g}".replace("-", "−") for value in values]
    texts[-1] += " dB"
    return [((value - low) / max(high - low, 1e-6), text) for value, text in zip(values, texts, strict=True)]


def _stretch(colours: Table, store: ColumnStore, low: float, high: float) -> Table:
    """The colour of each of the 256 stored levels when the map spans [low, high] dB."""
    share = (store.to_db(np.arange(256)) - low) / max(high - low, 1e-6)
    return colours[np.clip(np.round(share * 255), 0, 255).astype(np.int64)]


def _to_mel(frequency_hz: Any) -> Any:
    return 2595.0 * np.log10(1.0 + np.asarray(frequency_hz) / 700.0)


def _from_mel(mel: Any) -> Any:
    return 700.0 * (10.0 ** (np.asarray(mel) / 2595.0) - 1.0)
