"""The residual ladder: one row for what each book left of the latents, over a time axis, as heat or as bars."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QMouseEvent, QPainter, QPen

from speefeare_core.evaluation import mean_pyramid
from workbench.widgets.colormap import table
from workbench.widgets.figure import Table
from workbench.widgets.labels import ROLE_SHORT, draw_colour_bar, draw_role_mark
from workbench.widgets.pixels import draw_pixels
from workbench.widgets.theme import Theme, rgb32
from workbench.widgets.ticks import length_text, ticks
from workbench.widgets.time_plot import TimePlot

Array = NDArray[Any]
SILENT = 1e-6  # of the mean energy of the latents: frames below it have no share that means anything
BAR_PIXELS = 8  # rows lower than this are drawn as heat
GAP_FROM = 8  # rows at least this high get a gap
MAP = "viridis"
MOST_COLUMNS = 4000  # that are taken out


@dataclass(frozen=True)
class RungRow:
    """One row of energies: before the first book of a chain (`book` None), or after a book, from 1."""

    book: int | None
    role: str
    first: int  # the row that begins its chain
    mean: float  # energy, over the clip

    @property
    def name(self) -> str:
        """In front of a line."""
        return "latent" if self.book is None else f"after book {self.book}"


@dataclass(frozen=True)
class Rungs:
    """Energies `[F, R]`, their means (`evaluation.mean_pyramid`), and how many frames are there."""

    rows: tuple[RungRow, ...]
    energies: Array
    levels: tuple[Array, ...]
    frames_done: int
    frame_rate_hz: float

    def between(self, start_s: float, end_s: float, pieces: int) -> Array:
        """Mean energies `[pieces, R]`, NaN where nothing is there yet."""
        rate = self.frame_rate_hz
        levels = list(self.levels)
        return mean_pyramid.means_between(self.energies, levels, self.frames_done, start_s * rate, end_s * rate, pieces)

    def in_db(self, energies: Array, of_frame: bool) -> Array:
        """Energies `[n, R]` in dB relative to the latent of the same frame, or to its mean over the clip; NaN where
        that is silent."""
        firsts = [row.first for row in self.rows]
        means = np.array([self.rows[first].mean for first in firsts], np.float32)
        whole = energies[:, firsts] if of_frame else np.broadcast_to(means, energies.shape)
        heard = whole > np.maximum(means * SILENT, 1e-30)
        share = np.full(energies.shape, np.nan, np.float32)
        np.divide(energies, whole, out=share, where=heard)
        return np.asarray(10 * np.log10(np.maximum(share, 1e-12)))


class LadderPlot(TimePlot):
    """The latent on top, below it a row for each book. The row of the depth that is heard is framed.

    A click on a row's name is `row_chosen`: its book, 0 for the latent.
    """

    row_chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.rungs: Rungs | None = None
        self.of_frame = True
        self.bars = False
        self.heard: int | None = None
        self.waiting = ""

    def set_rungs(self, rungs: Rungs | None) -> None:
        """What to draw."""
        self.rungs = rungs
        self.invalidate()

    def set_look(self, of_frame: bool, bars: bool) -> None:
        """Relative to the latent of the same frame or to its mean; bars instead of heat."""
        if (of_frame, bars) != (self.of_frame, self.bars):
            self.of_frame, self.bars = of_frame, bars
            self.invalidate()

    def set_heard(self, book: int | None) -> None:
        """Frame the row of this book, from 1, or of the latents (0); None: of none."""
        if book != self.heard:
            self.heard = book
            self.invalidate()

    @property
    def rows(self) -> tuple[RungRow, ...]:
        """From above."""
        return self.rungs.rows if self.rungs is not None else ()

    # -- places -------------------------------------------------------------------------------------------------
    def row_edges(self) -> list[int]:
        """Heights where rows begin, and where the last one ends."""
        rect, count = self.plot_rect, max(1, len(self.rows))
        return [rect.top() + rect.height() * index // count for index in range(count + 1)]

    def row_at(self, y: float) -> int | None:
        """The row under a height."""
        heights = self.row_edges()
        return next((i for i in range(len(self.rows)) if heights[i] <= y < heights[i + 1]), None)

    def span_db(self) -> tuple[float, float]:
        """What the colours span: from well below the deepest row's mean up to all of the latent, or above its mean."""
        lefts = [10 * np.log10(max(row.mean, 1e-30) / max(self.rows[row.first].mean, 1e-30)) for row in self.rows]
        low = 10 * float(np.floor((min(lefts, default=0.0) - 5) / 10))
        low = max(min(low, -10.0), -80.0)
        high = 10 * float(np.ceil(max(lefts, default=0.0) / 10 - 1e-6))  # books of an untrained codec may add
        return (low, high) if self.of_frame else (max(low - 20, -80.0), high + 10.0)

    @property
    def draws_bars(self) -> bool:
        """Whether there is room for the bars that were asked for."""
        return self.bars and self.plot_rect.height() / max(1, len(self.rows)) >= BAR_PIXELS

    # -- drawing ------------------------------------------------------------------------------------------------
    def paint_plot(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        painter.fillRect(rect, theme.lane)
        rungs = self.rungs
        if rungs is None or not rungs.rows:
            painter.setPen(theme.muted)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(rect.adjusted(12, 0, -12, 0), flags, self.waiting)
            return
        ratio = painter.device().devicePixelRatioF()
        width = max(1, round(rect.width() * ratio))
        heights = self.row_edges()
        tops = [round((y - rect.top()) * ratio) for y in heights]
        energies = rungs.between(self.start_s, self.end_s, width)
        if self.draws_bars:
            pixels = self._bar_pixels(rungs, energies, tops, ratio, theme)
        else:
            pixels = self._heat_pixels(rungs, energies, tops, ratio, theme)
        draw_pixels(painter, rect.topLeft(), pixels, ratio)
        if not self.draws_bars:
            self._paint_values(painter, rect, heights, rungs)
        self._paint_labels(painter, rect, heights, theme)
        self._paint_scale(painter, rect, theme)

    def _heat_pixels(
        self, rungs: Rungs, energies: Array, tops: list[int], ratio: float, theme: Theme
    ) -> NDArray[np.uint32]:
        """One line of pixels a row, and the ground as the last line; then each pixel row takes its line."""
        count, width = len(rungs.rows), len(energies)
        lines = np.full((count + 1, width), rgb32(theme.lane), np.uint32)
        lines[:count] = self._colours(rungs.in_db(energies, self.of_frame), theme).T
        line_of = np.full(max(tops[-1], 1), count, np.int64)
        for index in range(count):
            gap = 1 if tops[index + 1] - tops[index] >= GAP_FROM * ratio else 0
            line_of[tops[index] : tops[index + 1] - gap] = index
        return lines.take(line_of, axis=0)

    def _colours(self, decibels: Array, theme: Theme) -> NDArray[np.uint32]:
        low, high = self.span_db()
        there = np.isfinite(decibels)
        shade = np.where(there, np.clip((decibels - low) * (255 / (high - low)), 0, 255), 0).astype(np.uint8)
        return np.where(there, table(MAP).take(shade), np.uint32(rgb32(theme.lane)))

    def _bar_pixels(
        self, rungs: Rungs, energies: Array, tops: list[int], ratio: float, theme: Theme
    ) -> NDArray[np.uint32]:
        """‖r‖ from the bottom of each row, of ‖z‖ of the same frame or of the loudest in sight."""
        if self.of_frame:
            share = np.sqrt(10 ** (np.nan_to_num(rungs.in_db(energies, True), nan=-120.0) / 10))
        else:
            firsts = [row.first for row in rungs.rows]
            loudest = np.nanmax(np.where(np.isfinite(energies), energies, 0.0), axis=0)[firsts]
            share = np.sqrt(np.nan_to_num(energies) / np.maximum(loudest, 1e-30))
        ground = np.uint32(rgb32(theme.lane))
        pixels = np.full((max(tops[-1], 1), len(energies)), ground, np.uint32)
        for index, row in enumerate(rungs.rows):
            gap = max(1, round(ratio))
            height = max(1, tops[index + 1] - tops[index] - gap)
            colour = np.uint32(rgb32(theme.original if row.book is None else theme.decoded))
            filled = np.minimum(share[:, index], 1.0) * height
            below = np.arange(height, 0, -1)[:, None]
            lane = pixels[tops[index] : tops[index] + height]
            lane[...] = np.where(below <= np.ceil(filled)[None], colour, ground)
        return pixels

    def _paint_values(self, painter: QPainter, rect: QRect, heights: list[int], rungs: Rungs) -> None:
        """Deep in, every cell says its dB."""
        metrics, rate = painter.fontMetrics(), rungs.frame_rate_hz
        cell = rect.width() / ((self.end_s - self.start_s) * rate)
        least = min(b - a for a, b in pairwise(heights))
        if cell < metrics.horizontalAdvance("−00.0") + 8 or least < metrics.height():
            return
        first, last = int(self.start_s * rate), min(rungs.frames_done, int(np.ceil(self.end_s * rate)))
        values = rungs.in_db(np.asarray(rungs.energies[first:last]), self.of_frame)
        low, high = self.span_db()
        painter.save()
        painter.setClipRect(rect)
        for frame, column in enumerate(values, first):
            x = self.x_of(frame / rate)
            for index, value in enumerate(column):
                if not np.isfinite(value):
                    continue
                bright = (value - low) / (high - low) > 0.6  # viridis ends in yellow
                painter.setPen(QColor("#000000" if bright else "#ffffff"))
                box = QRectF(x, heights[index], cell, heights[index + 1] - heights[index])
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{value:.1f}".replace("-", "−"))
        painter.restore()

    def _paint_labels(self, painter: QPainter, rect: QRect, heights: list[int], theme: Theme) -> None:
        metrics = painter.fontMetrics()
        every = max(1, -(-metrics.height() * len(self.rows) // max(rect.height(), 1)))
        mark = metrics.height() * 0.28
        framed = self._heard_row()
        bold = QFont(painter.font())
        bold.setBold(True)
        usual = painter.font()
        for index, row in enumerate(self.rows):
            near = framed is not None and index != framed and abs(index - framed) < every
            if (index % every or near) and index != framed:
                continue
            middle = (heights[index] + heights[index + 1]) / 2
            right = rect.left() - 6 - metrics.horizontalAdvance("sem")
            painter.setPen(theme.text)
            painter.setFont(bold if index == framed else usual)
            box = QRectF(right, middle - metrics.height() / 2, rect.left() - right, metrics.height())
            if row.role:
                painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, ROLE_SHORT.get(row.role, row.role))
                draw_role_mark(painter, QPointF(right - 4 - mark, middle), mark, row.role, theme.text)
            box = QRectF(0, box.top(), right - 8 - 2 * mark, box.height())
            text = "z" if row.book is None else str(row.book)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)
        painter.setFont(usual)
        if framed is not None:
            painter.setPen(QPen(theme.accent, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            top, bottom = heights[framed], heights[framed + 1]
            painter.drawRect(QRectF(rect.left() + 1, top, rect.width() - 2, max(2, bottom - top - 1)))

    def _heard_row(self) -> int | None:
        return next((i for i, row in enumerate(self.rows) if (row.book or 0) == self.heard), None)

    def _paint_scale(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        bar = QRect(rect.right() + 8, rect.top(), 10, rect.height())
        metrics = painter.fontMetrics()
        if not self.draws_bars:
            low, high = self.span_db()
            values = ticks(low, high, 5)
            texts = [f"{value:g}".replace("-", "−") for value in values]
            texts[-1] += " dB"
            marks = [((value - low) / (high - low), text) for value, text in zip(values, texts, strict=True)]
            draw_colour_bar(painter, bar, table(MAP), marks, theme)
            return
        painter.setPen(theme.muted)
        told = ("full row:", "its ‖z‖") if self.of_frame else ("full row:", "largest ‖z‖")
        for line, text in enumerate(told):
            box = QRectF(bar.left(), rect.top() + line * metrics.height(), 200, metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)

    # -- taking it out ------------------------------------------------------------------------------------------
    def in_sight(self) -> tuple[Array, Array]:
        """Times `[n]` and energies `[n, R]` of the frames in sight, or of `MOST_COLUMNS` equal parts of them."""
        rungs = self.rungs
        if rungs is None:
            return np.zeros(0), np.zeros((0, 0), np.float32)
        rate = rungs.frame_rate_hz
        first = max(0, int(self.start_s * rate + 1e-9))
        last = min(rungs.frames_done, int(np.ceil(self.end_s * rate - 1e-9)))
        if last - first <= MOST_COLUMNS:
            return np.arange(first, last) / rate, np.asarray(rungs.energies[first:last])
        times = self.start_s + np.arange(MOST_COLUMNS) / MOST_COLUMNS * (self.end_s - self.start_s)
        return times, rungs.between(self.start_s, self.end_s, MOST_COLUMNS)

    def arrays(self) -> dict[str, Array]:
        """What is in sight, with its axes; `book` 0 is the latent."""
        times, energies = self.in_sight()
        if self.rungs is None:
            return {}
        return {
            "time_s": times,
            "energy": energies,
            "relative_to_frame_db": self.rungs.in_db(energies, True),
            "relative_to_clip_db": self.rungs.in_db(energies, False),
            "book": np.array([row.book or 0 for row in self.rows], np.int64),
        }

    def table(self) -> Table:
        """The same as it is coloured, one row a frame."""
        times, energies = self.in_sight()
        if self.rungs is None:
            return Table(("time_s",), ())
        decibels = self.rungs.in_db(energies, self.of_frame)
        names = ["_".join(filter(None, (*row.name.split(), row.role, "db"))) for row in self.rows]
        rows = ((float(time), *(float(value) for value in line)) for time, line in zip(times, decibels, strict=True))
        return Table(("time_s", *names), rows)

    # -- the person ---------------------------------------------------------------------------------------------
    def describe_at(self, position: QPointF) -> str:
        index, rungs = self.row_at(position.y()), self.rungs
        if index is None or rungs is None:
            return ""
        seconds = self.time_at(position.x())
        frame = min(int(seconds * rungs.frame_rate_hz + 1e-9), len(rungs.energies) - 1)
        parts = [rungs.rows[index].name, f"frame {frame}", length_text(seconds)]
        if frame >= rungs.frames_done:
            return " · ".join([*parts, "not there yet"])
        energies = np.asarray(rungs.energies[frame : frame + 1])
        parts.append(f"norm {float(np.sqrt(energies[0, index])):.3g}")
        for of_frame, words in ((True, "of this frame's latent"), (False, "of the clip's mean")):
            value = float(rungs.in_db(energies, of_frame)[0, index])
            if np.isfinite(value):
                parts.append(f"{value:.1f} dB {words}".replace("-", "−"))
        return " · ".join(parts)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.row_at(event.position().y())
        if event.button() == Qt.MouseButton.LeftButton and index is not None:
            if event.position().x() < self.plot_rect.left():
                self.row_chosen.emit(self.rows[index].book or 0)
                return
        super().mousePressEvent(event)
