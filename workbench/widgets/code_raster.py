"""Tokens as a grid: one row per book at its own frame rate, colour by code index, over a time axis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from workbench.widgets.colormap import blend, code_table, table
from workbench.widgets.labels import ROLE_SHORT, draw_role_mark
from workbench.widgets.pixels import draw_pixels
from workbench.widgets.theme import Theme, rgb32
from workbench.widgets.ticks import length_text
from workbench.widgets.time_plot import TimePlot

Array = NDArray[Any]
DIMMED = 0.78  # share of ground in the colour of books beyond the depth
GAP_FROM = 5  # rows at least this high get a gap


@dataclass(frozen=True)
class CodeRow:
    """One book: its codes `[F]`, frame rate, size and role."""

    book: int  # from 1
    codes: Array
    frame_rate_hz: float
    size: int
    role: str


class CodeRaster(TimePlot):
    """Book 1 on top. Books that are not heard are dimmed; below the last of the first books stands a labelled line."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[CodeRow, ...] = ()
        self.heard: frozenset[int] | None = None  # None: nothing is dimmed
        self.by_index = False
        self.waiting = ""  # what to say while there are no rows

    def set_rows(self, rows: Sequence[CodeRow]) -> None:
        """What to draw."""
        self.rows = tuple(rows)
        self.invalidate()

    def set_heard(self, books: Iterable[int] | None) -> None:
        """Dim all books but these, from 0; None: dim none."""
        heard = None if books is None else frozenset(books)
        if heard != self.heard:
            self.heard = heard
            self.invalidate()

    @property
    def depth(self) -> int | None:
        """How many books from the first on are heard; None where all count alike, or it is another choice of them."""
        if self.heard is None or self.heard != frozenset(range(len(self.heard))):
            return None
        return len(self.heard)

    def _is_dimmed(self, index: int) -> bool:
        return self.heard is not None and self.rows[index].book - 1 not in self.heard

    def set_by_index(self, by_index: bool) -> None:
        """Colour along viridis by index instead of one distinct colour per index."""
        self.by_index = by_index
        self.invalidate()

    def row_edges(self) -> list[int]:
        """Heights where rows begin, and where the last one ends."""
        rect, count = self.plot_rect, max(1, len(self.rows))
        return [rect.top() + rect.height() * index // count for index in range(count + 1)]

    def row_at(self, y: float) -> int | None:
        """The row under a height."""
        heights = self.row_edges()
        return next((i for i in range(len(self.rows)) if heights[i] <= y < heights[i + 1]), None)

    def frame_at(self, row: CodeRow, seconds: float) -> int:
        """The frame that sounds at a time."""
        return min(max(int(seconds * row.frame_rate_hz + 1e-9), 0), len(row.codes) - 1)

    def paint_plot(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        painter.fillRect(rect, theme.lane)
        if not self.rows:
            painter.setPen(theme.muted)
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self.waiting)
            return
        ratio = painter.device().devicePixelRatioF()
        width = round(rect.width() * ratio)
        heights = self.row_edges()
        tops = [round((y - rect.top()) * ratio) for y in heights]
        draw_pixels(painter, rect.topLeft(), self._pixels(width, tops, ratio, theme), ratio)
        self._paint_labels(painter, rect, heights, theme)
        self._paint_numbers(painter, rect, heights, theme)
        self._paint_depth(painter, rect, heights, theme)

    def _pixels(self, width: int, tops: list[int], ratio: float, theme: Theme) -> NDArray[np.uint32]:
        """One line of pixels per book, and the ground as the last line; then each pixel row takes its line."""
        ground = rgb32(theme.lane)
        lines = np.full((len(self.rows) + 1, width), ground, np.uint32)
        times = self.start_s + (np.arange(width) + 0.5) / width * (self.end_s - self.start_s)
        frames: dict[float, Array] = {}
        for index, row in enumerate(self.rows):
            if row.frame_rate_hz not in frames:
                frames[row.frame_rate_hz] = (times * row.frame_rate_hz).astype(np.int64)
            at = frames[row.frame_rate_hz]
            lines[index] = self._colours(row, row.codes.take(at, mode="clip"), theme)
            if at[-1] >= len(row.codes):
                lines[index, at >= len(row.codes)] = ground
        dimmed = [index for index in range(len(self.rows)) if self._is_dimmed(index)]
        if dimmed:
            lines[dimmed] = blend(lines[dimmed], ground, DIMMED)
        line_of = np.full(max(tops[-1], 1), len(self.rows), np.int64)
        for index in range(len(self.rows)):
            gap = 1 if tops[index + 1] - tops[index] >= GAP_FROM * ratio else 0
            line_of[tops[index] : tops[index + 1] - gap] = index
        return lines.take(line_of, axis=0)

    def _colours(self, row: CodeRow, codes: Array, theme: Theme) -> NDArray[np.uint32]:
        if self.by_index:
            return table("viridis").take(codes.astype(np.int64) * 255 // max(row.size - 1, 1), mode="clip")
        return code_table(theme.dark).take(codes, mode="wrap")

    def _paint_labels(self, painter: QPainter, rect: QRect, heights: list[int], theme: Theme) -> None:
        metrics = painter.fontMetrics()
        every = max(1, -(-metrics.height() * len(self.rows) // max(rect.height(), 1)))
        mark = metrics.height() * 0.28
        for index, row in enumerate(self.rows):
            if index % every:
                continue
            beyond = self._is_dimmed(index)
            middle = (heights[index] + heights[index + 1]) / 2
            colour = theme.muted if beyond else theme.text
            painter.setPen(colour)
            right = rect.left() - 6 - metrics.horizontalAdvance("sem")
            box = QRectF(right, middle - metrics.height() / 2, rect.left() - right, metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, ROLE_SHORT.get(row.role, row.role))
            draw_role_mark(painter, QPointF(right - 4 - mark, middle), mark, row.role, colour)
            box = QRectF(0, box.top(), right - 8 - 2 * mark, box.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, str(row.book))

    def _paint_numbers(self, painter: QPainter, rect: QRect, heights: list[int], theme: Theme) -> None:
        """Deep in, every cell says its index."""
        metrics = painter.fontMetrics()
        painter.save()
        painter.setClipRect(rect)
        for index, row in enumerate(self.rows):
            cell = rect.width() / ((self.end_s - self.start_s) * row.frame_rate_hz)
            if cell < metrics.horizontalAdvance("0000") + 6 or heights[index + 1] - heights[index] < metrics.height():
                continue
            last = min(len(row.codes) - 1, int(self.end_s * row.frame_rate_hz))
            for frame in range(int(self.start_s * row.frame_rate_hz), last + 1):
                pixel = int(self._colours(row, row.codes[frame : frame + 1], theme)[0])
                if self._is_dimmed(index):
                    pixel = int(blend(np.array([pixel], np.uint32), rgb32(theme.lane), DIMMED)[0])
                ground = QColor.fromRgb(pixel)
                bright = 0.3 * ground.redF() + 0.59 * ground.greenF() + 0.11 * ground.blueF() > 0.5
                x = self.x_of(frame / row.frame_rate_hz)
                painter.setPen(theme.lane)
                painter.drawLine(QPointF(x, heights[index]), QPointF(x, heights[index + 1] - 2))
                box = QRectF(x, heights[index], cell, heights[index + 1] - heights[index])
                painter.setPen(QColor("#000000" if bright else "#ffffff"))
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(int(row.codes[frame])))
        painter.restore()

    def _paint_depth(self, painter: QPainter, rect: QRect, heights: list[int], theme: Theme) -> None:
        if self.depth is None or len(self.rows) < 2 or self.depth > len(self.rows):
            return
        y = min(heights[self.depth], rect.bottom())
        painter.setPen(QPen(theme.accent, 2))
        painter.drawLine(rect.left(), y, rect.right() + 6, y)
        metrics = painter.fontMetrics()
        text = f"depth {self.depth}" if self.depth else "original"
        box_y = min(max(y - metrics.height() / 2, rect.top()), rect.bottom() - metrics.height())
        painter.setPen(theme.text)
        painter.drawText(QRectF(rect.right() + 10, box_y, 200, metrics.height()), Qt.AlignmentFlag.AlignVCenter, text)

    def describe_at(self, position: QPointF) -> str:
        index = self.row_at(position.y())
        if index is None or not len(self.rows[index].codes):
            return ""
        row = self.rows[index]
        seconds = self.time_at(position.x())
        frame = self.frame_at(row, seconds)
        return (
            f"Book {row.book} ({row.role}, {row.size}) · frame {frame} · {length_text(seconds)} · "
            f"index {int(row.codes[frame])}"
        )
