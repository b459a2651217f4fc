"""Spectrograms in lanes over one time axis: levels in dB and the difference of two in dB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPen

from speefeare_core.spectrograms.scales import SCALES, ScaleInfo
from workbench.state.voice import Voice
from workbench.widgets import voice_overlay
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
_ROUND_HZ = [50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 4e3, 8e3, 16e3, 32e3, 64e3]  # marks of the axes that are not linear
INTERPOLATED = 0.6  # bins in a row of pixels below which levels between bins are drawn
READING_STEP = 0.02  # of the height, by which keys move the reading line


@dataclass(frozen=True)
class SpectrogramLane:
    """One lane: a spectrogram, or with `minus` the difference of two. `store` None: not there yet."""

    title: str
    series: str  # "original", "decoded" or "difference"
    store: ColumnStore | None
    minus: ColumnStore | None = None
    waiting: str = ""
    voice: Voice | None = None

    @property
    def name(self) -> str:
        """The title without bitrate and the mark of what is heard."""
        return self.title.split(" · ")[0].removesuffix(" ▸")

    @property
    def ready(self) -> bool:
        """Whether there is something to draw."""
        return self.store is not None and (self.series != "difference" or self.minus is not None)


class SpectrogramPlot(TimePlot):
    """Lanes above each other; each with its frequency axis in kHz and its colour bar in dB.

    Shift with ↑ ↓ moves a line over the frequencies and reads the levels at the cursor.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lanes: tuple[SpectrogramLane, ...] = ()
        self.map_name = "viridis"
        self.scale: ScaleInfo = SCALES["linear"]
        self.range_db = RANGE_DB
        self.show_pitch = self.show_formants = False
        self._pixels: NDArray[np.uint32] = np.empty((0, 0), np.uint32)
        self.reading: float | None = None  # place of the reading line, 0 to 1 from below

    def set_lanes(self, lanes: Sequence[SpectrogramLane]) -> None:
        """What to draw."""
        self.lanes = tuple(lanes)
        self.invalidate()

    def set_look(self, map_name: str, scale: str = "linear", range_db: float = RANGE_DB) -> None:
        """Colour map of the levels, frequency axis (a key of SCALES) and dynamic range."""
        self.map_name, self.scale, self.range_db = map_name, SCALES[scale], range_db
        self.invalidate()

    def set_overlays(self, pitch: bool, formants: bool) -> None:
        """What of the voice to draw."""
        self.show_pitch, self.show_formants = pitch, formants
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
        return float(self.scale.frequency(share, nyquist_hz))

    # -- drawing ------------------------------------------------------------------------------------------------
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
        rows = _pixel_rows(shade, height, self.scale, lane.store.nyquist_hz)
        pixels = self._pixels if self._pixels.shape == rows.shape else np.empty(rows.shape, np.uint32)
        self._pixels = stretched.take(
            rows, out=pixels, mode="wrap"
        )  # over again: fresh memory costs as much as drawing
        draw_pixels(painter, rect.topLeft(), pixels, ratio)
        self._paint_voice(painter, rect, lane)
        self._paint_frequencies(painter, rect, lane.store.nyquist_hz, theme)
        bar = QRect(rect.right() + 8, rect.top(), right_gutter(self.fontMetrics()) - 8, rect.height())
        marks = DIFFERENCE_MARKS if lane.series == "difference" else _level_marks(low, high)
        draw_colour_bar(painter, bar, colours, marks, theme)

    def _paint_voice(self, painter: QPainter, rect: QRect, lane: SpectrogramLane) -> None:
        if lane.voice is None or lane.store is None or not (self.show_pitch or self.show_formants):
            return
        times, tracks = voice_overlay.rows_in_sight(lane.voice, self.start_s, self.end_s, rect.width())
        xs = rect.left() + (times - self.start_s) / (self.end_s - self.start_s) * rect.width()
        if self.show_formants:
            voice_overlay.draw_formants(painter, rect, xs, tracks[:, 1:], self.scale, lane.store.nyquist_hz)
        if self.show_pitch:
            voice_overlay.draw_pitch(painter, rect, xs, tracks[:, 0])

    def paint_over(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        if self.reading is None:
            return
        for index in range(len(self.lanes)):
            lane = self.lane_rect(index)
            y = lane.bottom() + 1 - self.reading * lane.height()
            for colour, width in ((theme.background, 3), (theme.cursor, 1)):
                painter.setPen(QPen(colour, width))
                painter.drawLine(QPointF(lane.left(), y), QPointF(lane.right(), y))

    def level_range(self) -> tuple[float, float]:
        """What the level colours span in dB, the same for all lanes: down from the loudest, rounded up to 10 dB."""
        stores = [lane.store for lane in self.lanes if lane.store is not None and lane.series != "difference"]
        top = max((float(store.to_db(np.array([store.loudest]))[0]) for store in stores), default=0.0)
        top = 10.0 * np.ceil(top / 10.0 - 1e-6)
        floor = min((store.floor_db for store in stores), default=top - self.range_db)
        return min(max(top - self.range_db, floor), top - 10.0), top

    def _table(self, lane: SpectrogramLane, theme: Theme) -> Table:
        if lane.series == "difference":
            return table("difference-dark" if theme.dark else "difference")
        return table(self.map_name)

    def _paint_frequencies(self, painter: QPainter, rect: QRect, nyquist_hz: float, theme: Theme) -> None:
        metrics = painter.fontMetrics()
        height = metrics.height()
        linear = self.scale is SCALES["linear"]
        marks = ticks(0, nyquist_hz, max(1, int(rect.height() / (height * 1.6)))) if linear else _ROUND_HZ
        marks = [value for value in marks if value <= nyquist_hz and self.scale.share(value, nyquist_hz) >= 0]
        painter.setPen(theme.muted)
        last = 1e9
        for value in reversed(marks) if not linear else marks:
            y = rect.bottom() + 1 - float(self.scale.share(value, nyquist_hz)) * rect.height()
            box_y = min(max(y - height / 2, rect.top()), rect.bottom() - height + 1)
            if abs(last - box_y) < height:
                continue
            last = box_y
            painter.drawLine(QPointF(rect.left() - 4, y), QPointF(rect.left() - 1, y))
            text = f"{value / 1000:g}" + (" kHz" if value == marks[-1] else "")
            box = QRectF(0, box_y, rect.left() - 6, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    # -- reading ------------------------------------------------------------------------------------------------
    def describe_at(self, position: QPointF) -> str:
        index = next((i for i in range(len(self.lanes)) if self.lane_rect(i).contains(position.toPoint())), None)
        if index is None or self.lanes[index].store is None:
            return ""
        store = self.lanes[index].store
        assert store is not None
        frequency = self.frequency_at(position.y() + 0.5, self.lane_rect(index), store.nyquist_hz)
        return self.words_at(self.time_at(position.x()), frequency)

    def words_at(self, seconds: float, frequency_hz: float) -> str:
        """Time, frequency, and the level of every lane there."""
        parts = [length_text(seconds), f"{frequency_hz / 1000:.2f} kHz"]
        for lane in self.lanes:
            level = _level_at(lane, seconds, frequency_hz)
            if level is not None:
                sign = "+" if lane.series == "difference" and level > 0 else ""
                parts.append(f"{lane.name} {sign}{level:.1f} dB".replace("-", "−"))
            if lane.voice is not None:
                parts += voice_overlay.words(lane.voice, seconds, self.show_pitch, self.show_formants)
        return " · ".join(parts)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _reads(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        stores = [lane.store for lane in self.lanes if lane.store is not None]
        if _reads(event) and stores:
            step = READING_STEP if event.key() == Qt.Key.Key_Up else -READING_STEP
            self.reading = min(max((0.5 if self.reading is None else self.reading) + step, 0.0), 1.0)
            self.hovered.emit(
                self.words_at(self.cursor_s, float(self.scale.frequency(self.reading, stores[0].nyquist_hz)))
            )
            self.update()
        elif event.key() == Qt.Key.Key_Escape and self.reading is not None:
            self.reading = None
            self.hovered.emit("")
            self.update()
        else:
            super().keyPressEvent(event)


def _reads(event: QKeyEvent) -> bool:
    shifted = event.modifiers() == Qt.KeyboardModifier.ShiftModifier
    return shifted and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down)


def _pixel_rows(shade: Array, height: int, scale: ScaleInfo, nyquist_hz: float) -> Array:
    """`[width, bins]` → `[height, width]`, highest on top: the loudest bin of each row of pixels, and a straight line
    between bins that are clearly further apart than rows."""
    bins = shade.shape[1]
    edges = np.clip(scale.frequency(np.arange(height + 1) / height, nyquist_hz) / nyquist_hz * (bins - 1), 0, bins - 1)
    shade = np.ascontiguousarray(shade.T)
    rows = np.empty((height, shade.shape[1]), np.uint8)
    several = np.flatnonzero(np.diff(edges) >= INTERPOLATED)
    first = int(several[0]) if len(several) else height  # on every scale bins lie closer the higher they are
    if first < height:
        rows[first:] = _loudest(shade, np.rint(edges[first:]).astype(np.int64))
    if first:
        rows[:first] = _between(shade, (edges[:first] + edges[1 : first + 1]) / 2)
    return rows[::-1]


def _loudest(shade: Array, edges: NDArray[np.int64]) -> Array:
    """Maxima over the bins from edge to edge; a few gathers are ten times as fast as `reduceat` on rows."""
    starts, ends = edges[:-1], np.maximum(edges[1:], edges[:-1] + 1)
    ends[-1] = len(shade)
    found: Array = shade[starts]
    for step in range(1, int((ends - starts).max())):
        np.maximum(found, shade[np.minimum(starts + step, ends - 1)], out=found)
    return found


def _between(shade: Array, places: Array) -> Array:
    """Levels between bins, to an eighth of the way, by halving: bytes stay bytes."""
    below = np.minimum(places.astype(np.int64), max(0, len(shade) - 2))
    low, high = shade[below], shade[np.minimum(below + 1, len(shade) - 1)]
    eighths = np.minimum(np.rint((places - below) * 8), 7).astype(np.int64)
    for bit in (4, 2, 1):
        middle = (low & high) + ((low ^ high) >> 1)
        up = (eighths & bit) > 0
        low[up] = middle[up]
        high[~up] = middle[~up]
    return low


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
        index = np.subtract(shade[:, :bins], other[:, :bins], dtype=np.int16)
        index += 255
        return np.asarray(lookup.take(index, mode="clip"))
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
