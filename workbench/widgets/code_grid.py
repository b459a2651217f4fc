"""Tokens as a grid: one row per book at its own frame rate, over a time axis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen

from workbench.widgets.code_colours import CodeColours
from workbench.widgets.code_painting import draw_indices, draw_row_labels
from workbench.widgets.code_rows import CodeRow, Scale
from workbench.widgets.colormap import blend, table
from workbench.widgets.labels import draw_colour_bar
from workbench.widgets.pixels import draw_pixels
from workbench.widgets.theme import Theme, rgb32
from workbench.widgets.ticks import length_text
from workbench.widgets.time_plot import TimePlot

Array = NDArray[Any]
DIMMED = 0.78  # share of ground in the colour of books beyond the depth
GAP_FROM = 5  # rows at least this high get a gap


class CodeGrid(TimePlot):
    """Book 1 on top. Books that are not heard are dimmed; below the last of the first books stands a labelled line."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[CodeRow, ...] = ()
        self.heard: frozenset[int] | None = None  # None: nothing is dimmed
        self.colours = CodeColours()
        self.waiting = ""  # what to say while there are no rows
        self.tell: Callable[[int, int], str] | None = None  # more about a cell (row, frame), for the read-out
        self.marks: tuple[Array | None, ...] = ()  # for each row, whether a frame is marked `[F]`
        self._pixel_rows: NDArray[np.uint32] = np.empty((0, 0), np.uint32)
        self._gutter: tuple[object, QImage] | None = None

    # -- what to draw -------------------------------------------------------------------------------------------
    def set_rows(self, rows: Sequence[CodeRow]) -> None:
        """What to draw."""
        self.rows = self.colours.rows = tuple(rows)
        self.colours.scale = None  # it was of other rows
        self._recolour()

    def set_heard(self, books: Iterable[int] | None) -> None:
        """Dim all books but these, from 0; None: dim none."""
        heard = None if books is None else frozenset(books)
        if heard != self.heard:
            self.heard = heard
            self.invalidate()

    def set_by_index(self, by_index: bool) -> None:
        """Colour along viridis by index instead of one distinct colour per index."""
        self.colours.by_index, self.colours.scale = by_index, None
        self._recolour()

    def set_scale(self, scale: Scale | None) -> None:
        """Colour by a value, with a colour bar; None: by the index again."""
        self.colours.scale = scale
        self._recolour()

    @property
    def scale(self) -> Scale | None:
        """What colours the cells; None: their index."""
        return self.colours.scale

    def refine(self, budget_s: float = 0.004) -> None:
        """Make means for what is seen from afar, a few rows at a time; call it with the frame clock."""
        if self.colours.refine(budget_s):
            self.invalidate()

    def set_marks(self, marks: Sequence[Array | None]) -> None:
        """Put a bar under some cells: for each row, booleans `[F]`."""
        self.marks = tuple(marks)
        self.invalidate()

    @property
    def depth(self) -> int | None:
        """How many books from the first on are heard; None where all count alike, or it is another choice of them."""
        if self.heard is None or self.heard != frozenset(range(len(self.heard))):
            return None
        return len(self.heard)

    def _is_dimmed(self, index: int) -> bool:
        return self.heard is not None and self.rows[index].book - 1 not in self.heard

    def _recolour(self) -> None:
        self.colours.forget()
        self.invalidate()

    # -- places -------------------------------------------------------------------------------------------------
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
        return row.frame_at(seconds)

    def cell_rect(self, row: int, first: int, stop: int) -> QRectF:
        """Where the frames [first, stop) of a row are drawn."""
        heights, rate = self.row_edges(), self.rows[row].frame_rate_hz
        left, right = self.x_of(first / rate), self.x_of(stop / rate)
        return QRectF(left, heights[row], right - left, heights[row + 1] - heights[row])

    def cell_at(self, position: QPointF) -> tuple[int, int] | None:
        """Row and frame at a point of the widget."""
        index = self.row_at(position.y()) if self.plot_rect.contains(position.toPoint()) else None
        if index is None or not len(self.rows[index].codes):
            return None
        return index, self.rows[index].frame_at(self.time_at(position.x()))

    # -- drawing ------------------------------------------------------------------------------------------------
    def paint_plot(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        if not self.rows:
            painter.fillRect(rect, theme.lane)
            painter.setPen(theme.muted)
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self.waiting)
            return
        ratio = painter.device().devicePixelRatioF()
        width = round(rect.width() * ratio)
        heights = self.row_edges()
        tops = [round((y - rect.top()) * ratio) for y in heights]
        draw_pixels(painter, rect.topLeft(), self._pixels(width, tops, ratio, theme), ratio)
        self._paint_labels(painter, rect, heights, theme, ratio)
        self._paint_numbers(painter, rect, heights, theme)
        if self.scale is not None:
            bar = QRect(rect.right() + 7, rect.top(), 10, rect.height())
            draw_colour_bar(painter, bar, table(self.scale.map), [(1.0, self.scale.high), (0.0, self.scale.low)], theme)
        self._paint_depth(painter, rect, heights, theme)

    def _pixels(self, width: int, tops: list[int], ratio: float, theme: Theme) -> NDArray[np.uint32]:
        """One line of pixels per book, and the ground as the last line; then each pixel row takes its line."""
        ground = rgb32(theme.lane)
        count = len(self.rows)
        lines = np.full((2 * count + 1, width), ground, np.uint32)
        times = self.start_s + (np.arange(width) + 0.5) / width * (self.end_s - self.start_s)
        per_pixel_s = (self.end_s - self.start_s) / width
        frames: dict[float, Array] = {}
        marked: list[int] = []
        for index, row in enumerate(self.rows):
            if row.frame_rate_hz not in frames:
                frames[row.frame_rate_hz] = (times * row.frame_rate_hz).astype(np.int64)
            at = frames[row.frame_rate_hz]
            lines[index] = self.colours.line(index, at, per_pixel_s * row.frame_rate_hz, theme)
            if at[-1] >= len(row.codes):
                lines[index, at >= len(row.codes)] = ground
            marks = self.marks[index] if index < len(self.marks) else None
            if marks is not None and len(marks) and marks.any():
                lines[count + 1 + len(marked)] = np.where(
                    marks.take(at, mode="clip") & (at < len(marks)), rgb32(theme.cursor), lines[index]
                )
                marked.append(index)
        dimmed = [index for index in range(count) if self._is_dimmed(index)]
        if dimmed:
            lines[dimmed] = blend(lines[dimmed], ground, DIMMED)
        line_of = np.full(max(tops[-1], 1), count, np.int64)
        for index in range(count):
            gap = 1 if tops[index + 1] - tops[index] >= GAP_FROM * ratio else 0
            line_of[tops[index] : tops[index + 1] - gap] = index
        for place, index in enumerate(marked):
            bottom = tops[index + 1] - 1
            bar = max(1, min(round(3 * ratio), (tops[index + 1] - tops[index]) // 3))
            line_of[bottom - bar : bottom] = count + 1 + place
        if self._pixel_rows.shape != (len(line_of), width):  # kept: a fresh array costs as much as filling it
            self._pixel_rows = np.empty((len(line_of), width), np.uint32)
        return lines.take(line_of, axis=0, out=self._pixel_rows, mode="clip")

    def _paint_labels(self, painter: QPainter, rect: QRect, heights: list[int], theme: Theme, ratio: float) -> None:
        """Numbers and roles left of the rows: drawn when they change, not for every picture."""
        dimmed = {index for index in range(len(self.rows)) if self._is_dimmed(index)}
        if self._figure is not None:  # as text, where the figure is a vector picture
            draw_row_labels(painter, rect, heights, self.rows, dimmed, theme)
            return
        said = tuple((row.book, row.role) for row in self.rows)
        key = (
            said,
            frozenset(dimmed),
            tuple(heights),
            rect.left(),
            ratio,
            self.palette().cacheKey(),
            painter.font().toString(),
        )
        if self._gutter is None or self._gutter[0] != key:
            image = QImage(
                max(1, round(rect.left() * ratio)),
                max(1, round((rect.bottom() + 20) * ratio)),
                QImage.Format.Format_ARGB32_Premultiplied,
            )
            image.setDevicePixelRatio(ratio)
            image.fill(0)
            inside = QPainter(image)
            inside.setFont(painter.font())
            draw_row_labels(inside, rect, heights, self.rows, dimmed, theme)
            inside.end()
            self._gutter = (key, image)
        painter.drawImage(0, 0, self._gutter[1])

    def _paint_numbers(self, painter: QPainter, rect: QRect, heights: list[int], theme: Theme) -> None:
        """Deep in, every cell says its index."""
        metrics = painter.fontMetrics()
        room = metrics.horizontalAdvance("0000") + 6
        painter.save()
        painter.setClipRect(rect)
        for index, row in enumerate(self.rows):
            cell = rect.width() / ((self.end_s - self.start_s) * row.frame_rate_hz)
            height = (heights[index], heights[index + 1])
            if cell < room or height[1] - height[0] < metrics.height():
                continue
            last = min(len(row.codes) - 1, int(self.end_s * row.frame_rate_hz))
            frames = range(int(self.start_s * row.frame_rate_hz), last + 1)
            pixels = self.colours.cells(index, np.arange(frames.start, frames.stop), theme)
            if self._is_dimmed(index):
                pixels = blend(pixels, rgb32(theme.lane), DIMMED)
            draw_indices(painter, row, height, frames, self.x_of, pixels, theme)
        painter.restore()

    def _paint_depth(self, painter: QPainter, rect: QRect, heights: list[int], theme: Theme) -> None:
        if self.depth is None or len(self.rows) < 2 or self.depth > len(self.rows):
            return
        y = min(heights[self.depth], rect.bottom())
        painter.setPen(QPen(theme.accent, 2))
        painter.drawLine(rect.left(), y, rect.right() + 6, y)
        height = painter.fontMetrics().height()
        text = f"depth {self.depth}" if self.depth else "original"
        left, top, bottom = rect.right() + 10, rect.top(), rect.bottom() - height
        if self.scale is not None:  # beside the colour bar, between the words at its ends
            left, top, bottom = left + 12, top + height, bottom - height
        box_y = min(max(y - height / 2, top), bottom)
        painter.setPen(theme.text)
        painter.drawText(QRectF(left, box_y, 200, height), Qt.AlignmentFlag.AlignVCenter, text)

    # -- words --------------------------------------------------------------------------------------------------
    def describe_at(self, position: QPointF) -> str:
        index = self.row_at(position.y())
        if index is None or not len(self.rows[index].codes):
            return ""
        seconds = self.time_at(position.x())
        return self.describe_cell(index, self.rows[index].frame_at(seconds), seconds)

    def describe_cell(self, index: int, frame: int, seconds: float) -> str:
        """A cell in words."""
        row = self.rows[index]
        more = self.tell(index, frame) if self.tell is not None else ""
        head = f"Book {row.book} ({row.role}, {row.size}) · frame {frame} · {length_text(seconds)} · "
        return f"{head}index {int(row.codes[frame])}" + (f" · {more}" if more else "")
