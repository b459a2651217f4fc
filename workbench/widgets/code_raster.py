"""Tokens as a grid: one row per book at its own frame rate, over a time axis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen

from workbench.widgets.code_rows import (
    CellRange,
    CodeRow,
    Scale,
    index_colours,
    mean_levels,
    scale_colours,
)
from workbench.widgets.colormap import blend, code_table, table
from workbench.widgets.controls import claims
from workbench.widgets.labels import ROLE_SHORT, draw_colour_bar, draw_role_mark
from workbench.widgets.pixels import draw_pixels
from workbench.widgets.theme import Theme, rgb32
from workbench.widgets.ticks import length_text
from workbench.widgets.time_plot import DRAG_PIXELS, TimePlot

Array = NDArray[Any]
DIMMED = 0.78  # share of ground in the colour of books beyond the depth
GAP_FROM = 5  # rows at least this high get a gap
SAMPLES = 4  # frames looked at for a pixel that holds several
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class CodeRaster(TimePlot):
    """Book 1 on top. Books that are not heard are dimmed; below the last of the first books stands a labelled line.

    A click is also `cell_pressed`, one with Alt `cell_alone`; Enter and Alt+Enter say the same of the cell at the
    cursor, which Shift+↑ ↓ move by a row and Ctrl+← → by a frame. While `selecting`, a drag (and Shift+Ctrl+arrow)
    marks cells instead of time. `marks` are cells with a bar at their lower edge, `over` paints above everything.
    """

    cell_pressed = Signal(int, int)  # row, frame
    cell_alone = Signal(int, int)
    row_chosen = Signal(int)
    cells_selected = Signal(object)  # CellRange

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[CodeRow, ...] = ()
        self.heard: frozenset[int] | None = None  # None: nothing is dimmed
        self.by_index = False
        self.scale: Scale | None = None  # None: coloured by the index
        self.waiting = ""  # what to say while there are no rows
        self.tell: Callable[[int, int], str] | None = None  # more about a cell (row, frame), for the read-out
        self.over: Callable[[QPainter, QRect, Theme], None] | None = None
        self.selecting = False
        self.selection: CellRange | None = None
        self.marks: tuple[Array | None, ...] = ()  # for each row, whether a frame is marked `[F]`
        self.chosen_row = 0
        self._from: QPointF | None = None  # where cells began to be selected
        self._pressed: tuple[int, int] | None = None
        self._tables: dict[tuple[int, bool], NDArray[np.uint32]] = {}  # colours of the entries of each row
        self._pixel_rows: NDArray[np.uint32] = np.empty((0, 0), np.uint32)
        self._gutter: tuple[object, QImage] | None = None

    # -- what to draw -------------------------------------------------------------------------------------------
    def set_rows(self, rows: Sequence[CodeRow]) -> None:
        """What to draw."""
        self.rows = tuple(rows)
        self.chosen_row = min(self.chosen_row, max(len(self.rows) - 1, 0))
        self._recolour()

    def set_heard(self, books: Iterable[int] | None) -> None:
        """Dim all books but these, from 0; None: dim none."""
        heard = None if books is None else frozenset(books)
        if heard != self.heard:
            self.heard = heard
            self.invalidate()

    def set_by_index(self, by_index: bool) -> None:
        """Colour along viridis by index instead of one distinct colour per index."""
        self.by_index, self.scale = by_index, None
        self._recolour()

    def set_scale(self, scale: Scale | None) -> None:
        """Colour by a value, with a colour bar; None: by the index again."""
        self.scale = scale
        self._recolour()

    def set_marks(self, marks: Sequence[Array | None]) -> None:
        """Put a bar under some cells: for each row, booleans `[F]`."""
        self.marks = tuple(marks)
        self.invalidate()

    def set_selection(self, selection: CellRange | None) -> None:
        """Outline a rectangle of cells; None: none."""
        if selection != self.selection:
            self.selection = selection
            self.update()

    def choose_row(self, index: int) -> None:
        """The row of the cell that keys speak of."""
        index = min(max(index, 0), max(len(self.rows) - 1, 0))
        if index != self.chosen_row:
            self.chosen_row = index
            self.row_chosen.emit(index)
            self.update()

    @property
    def depth(self) -> int | None:
        """How many books from the first on are heard; None where all count alike, or it is another choice of them."""
        if self.heard is None or self.heard != frozenset(range(len(self.heard))):
            return None
        return len(self.heard)

    def _is_dimmed(self, index: int) -> bool:
        return self.heard is not None and self.rows[index].book - 1 not in self.heard

    def _recolour(self) -> None:
        self._tables.clear()
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

    def cells_between(self, first: QPointF, last: QPointF) -> CellRange:
        """The rectangle between two points of the widget, grown to whole cells of its fastest row."""
        heights = self.row_edges()
        low, high = sorted((first.y(), last.y()))
        rows = [i for i in range(len(self.rows)) if heights[i] <= high and heights[i + 1] > low] or [0]
        start, end = sorted((self.time_at(first.x()), self.time_at(last.x())))
        rate = max((self.rows[i].frame_rate_hz for i in rows if i < len(self.rows)), default=1.0)
        return CellRange(rows[0], rows[-1], np.floor(start * rate + 1e-9) / rate, np.ceil(end * rate - 1e-9) / rate)

    def cell_rect(self, row: int, first: int, stop: int) -> QRectF:
        """Where the frames [first, stop) of a row are drawn."""
        heights, rate = self.row_edges(), self.rows[row].frame_rate_hz
        left, right = self.x_of(first / rate), self.x_of(stop / rate)
        return QRectF(left, heights[row], right - left, heights[row + 1] - heights[row])

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
            lines[index] = self._line(index, at, per_pixel_s * row.frame_rate_hz, theme)
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

    def _line(self, index: int, at: Array, frames_a_pixel: float, theme: Theme) -> NDArray[np.uint32]:
        """The colours of one row where the frames `at` are the middles of the pixels."""
        row, scale = self.rows[index], self.scale
        if scale is None or frames_a_pixel <= 1.0:
            return self._colours(index, at, theme)
        levels = scale.levels[index] if index < len(scale.levels) else None
        if levels is None or not len(levels):
            return self._colours(index, at, theme)
        steps = np.round((np.arange(SAMPLES) + 0.5) / SAMPLES * frames_a_pixel - frames_a_pixel / 2).astype(np.int64)
        near = at + steps[:, None]
        seen = levels.take(row.codes.take(near, mode="clip") if scale.by_entry else near, mode="clip")
        return scale_colours(scale.map, rgb32(theme.lane)).take(mean_levels(seen))

    def _colours(self, index: int, frames: Array, theme: Theme) -> NDArray[np.uint32]:
        """The colours of some frames of a row."""
        row, scale = self.rows[index], self.scale
        if scale is not None and not scale.by_entry:
            levels = scale.levels[index] if index < len(scale.levels) else None
            if levels is None or not len(levels):
                return np.full(len(frames), rgb32(theme.lane), np.uint32)
            return scale_colours(scale.map, rgb32(theme.lane)).take(levels.take(frames, mode="clip"))
        key = (index, theme.dark)
        if key not in self._tables:
            self._tables[key] = self._entry_colours(index, row, theme)
        return self._tables[key].take(row.codes.take(frames, mode="clip"), mode="wrap")

    def _entry_colours(self, index: int, row: CodeRow, theme: Theme) -> NDArray[np.uint32]:
        if self.scale is None:
            return index_colours(row.size) if self.by_index else code_table(theme.dark)
        levels = self.scale.levels[index] if index < len(self.scale.levels) else None
        if levels is None or not len(levels):
            return np.full(1, rgb32(theme.lane), np.uint32)
        return scale_colours(self.scale.map, rgb32(theme.lane)).take(levels)

    def _paint_labels(self, painter: QPainter, rect: QRect, heights: list[int], theme: Theme, ratio: float) -> None:
        """Numbers and roles left of the rows: drawn when they change, not for every picture."""
        if self._figure is not None:  # as text, where the figure is a vector picture
            self._draw_labels(painter, rect, heights, theme)
            return
        said = tuple((row.book, row.role, self._is_dimmed(index)) for index, row in enumerate(self.rows))
        key = (said, tuple(heights), rect.left(), ratio, self.palette().cacheKey(), painter.font().toString())
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
            self._draw_labels(inside, rect, heights, theme)
            inside.end()
            self._gutter = (key, image)
        painter.drawImage(0, 0, self._gutter[1])

    def _draw_labels(self, painter: QPainter, rect: QRect, heights: list[int], theme: Theme) -> None:
        metrics = painter.fontMetrics()
        every = max(1, -(-metrics.height() * len(self.rows) // max(rect.height(), 1)))
        mark = metrics.height() * 0.28
        for index, row in enumerate(self.rows):
            if index and row.role != self.rows[index - 1].role:  # semantic books end here
                painter.setPen(QPen(theme.muted, 1))
                painter.drawLine(4, heights[index], rect.left() - 1, heights[index])
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
        room = metrics.horizontalAdvance("0000") + 6
        painter.save()
        painter.setClipRect(rect)
        for index, row in enumerate(self.rows):
            cell = rect.width() / ((self.end_s - self.start_s) * row.frame_rate_hz)
            if cell < room or heights[index + 1] - heights[index] < metrics.height():
                continue
            last = min(len(row.codes) - 1, int(self.end_s * row.frame_rate_hz))
            first = int(self.start_s * row.frame_rate_hz)
            pixels = self._colours(index, np.arange(first, last + 1), theme)
            if self._is_dimmed(index):
                pixels = blend(pixels, rgb32(theme.lane), DIMMED)
            for frame in range(first, last + 1):
                ground = QColor.fromRgb(int(pixels[frame - first]))
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
        height = painter.fontMetrics().height()
        text = f"depth {self.depth}" if self.depth else "original"
        left, top, bottom = rect.right() + 10, rect.top(), rect.bottom() - height
        if self.scale is not None:  # beside the colour bar, between the words at its ends
            left, top, bottom = left + 12, top + height, bottom - height
        box_y = min(max(y - height / 2, top), bottom)
        painter.setPen(theme.text)
        painter.drawText(QRectF(left, box_y, 200, height), Qt.AlignmentFlag.AlignVCenter, text)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        shown = self.hasFocus() and self.rows
        if not (shown or self.selection or self.over):
            return
        painter, rect = QPainter(self), self.plot_rect
        painter.setClipRect(rect.adjusted(-1, -1, 1, 1))
        if self.selection is not None:
            self._paint_selection(painter, self.selection)
        if shown:
            self._paint_chosen(painter)
        if self.over is not None:
            self.over(painter, rect, self.theme)

    def _paint_selection(self, painter: QPainter, selection: CellRange) -> None:
        theme = self.theme
        for index in range(selection.first_row, min(selection.last_row, len(self.rows) - 1) + 1):
            first, stop = self.rows[index].frames_between(selection.start_s, selection.end_s)
            box = self.cell_rect(index, first, stop).adjusted(0, 0, 0, -1)
            painter.fillRect(box, theme.region)
            painter.setPen(QPen(theme.background, 3))
            painter.drawRect(box)
            painter.setPen(QPen(theme.accent, 1, Qt.PenStyle.DashLine if stop == first else Qt.PenStyle.SolidLine))
            painter.drawRect(box)

    def _paint_chosen(self, painter: QPainter) -> None:
        """The cell that keys speak of."""
        row = self.rows[self.chosen_row]
        if not len(row.codes):
            return
        frame = row.frame_at(self.cursor_s)
        box = self.cell_rect(self.chosen_row, frame, frame + 1)
        if box.width() < 6:
            box.adjust(-(6 - box.width()) / 2, 0, (6 - box.width()) / 2, 0)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((self.theme.background, 3.0), (self.theme.cursor, 1.0)):
            painter.setPen(QPen(colour, width))
            painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -1.5))

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

    def describe_chosen(self) -> str:
        """The cell that keys speak of, in words."""
        if not self.rows or not len(self.rows[self.chosen_row].codes):
            return ""
        return self.describe_cell(self.chosen_row, self.rows[self.chosen_row].frame_at(self.cursor_s), self.cursor_s)

    # -- mouse and keys -----------------------------------------------------------------------------------------
    def cell_at(self, position: QPointF) -> tuple[int, int] | None:
        """Row and frame at a point of the widget."""
        index = self.row_at(position.y()) if self.plot_rect.contains(position.toPoint()) else None
        if index is None or not len(self.rows[index].codes):
            return None
        return index, self.rows[index].frame_at(self.time_at(position.x()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        left = event.button() == Qt.MouseButton.LeftButton
        cell = self.cell_at(event.position()) if left else None
        if cell is not None:
            self.choose_row(cell[0])
        if cell is not None and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.cell_alone.emit(*cell)
            return
        self._pressed = cell
        if self.selecting and cell is not None:
            self._from = event.position()
            return
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._from is not None:
            if (event.position() - self._from).manhattanLength() >= DRAG_PIXELS:
                self._pressed = None
                self.set_selection(self.cells_between(self._from, event.position()))
            return
        if self._press is not None and abs(event.position().x() - self._press.x()) >= DRAG_PIXELS:
            self._pressed = None
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, begun = self._pressed, self._from
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = self._from = None
        super().mouseReleaseEvent(event)
        if begun is not None:
            if pressed is not None:  # a click: the one cell
                self.set_selection(self.cells_between(begun, begun))
            self.cells_selected.emit(self.selection)
        if pressed is not None and event.button() == Qt.MouseButton.LeftButton:
            self.cell_pressed.emit(*pressed)

    def event(self, event: QEvent) -> bool:
        if claims(event, _ENTER):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, held = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        row = self.rows[self.chosen_row] if self.rows else None
        if row is None or not len(row.codes):
            super().keyPressEvent(event)
        elif key in _ENTER:
            alone = bool(held & Qt.KeyboardModifier.AltModifier)
            (self.cell_alone if alone else self.cell_pressed).emit(self.chosen_row, row.frame_at(self.cursor_s))
        elif held == Qt.KeyboardModifier.ShiftModifier and key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.choose_row(self.chosen_row + (1 if key == Qt.Key.Key_Down else -1))
            self.hovered.emit(self.describe_chosen())
        elif held == Qt.KeyboardModifier.ControlModifier and key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            frame = row.frame_at(self.cursor_s) + (1 if key == Qt.Key.Key_Right else -1)
            frame = min(max(frame, 0), len(row.codes) - 1)
            self.seek_requested.emit(min((frame + 0.5) / row.frame_rate_hz, self.length_s))
            self.hovered.emit(self.describe_cell(self.chosen_row, frame, row.time_of(frame)))
        elif self.selecting and held == _SELECT and key in _ARROWS:
            self._grow_selection(row, key)
        else:
            super().keyPressEvent(event)

    def _grow_selection(self, row: CodeRow, key: int) -> None:
        """By a row or a frame, from the cell at the cursor."""
        frame = row.frame_at(self.cursor_s)
        start, end = row.time_of(frame), row.time_of(frame + 1)
        now = self.selection or CellRange(self.chosen_row, self.chosen_row, start, end)
        last, stop = now.last_row, now.end_s
        if self.selection is not None:
            last += {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(key), 0)
            stop += {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}.get(Qt.Key(key), 0) / row.frame_rate_hz
        last = min(max(last, now.first_row), len(self.rows) - 1)
        stop = min(max(stop, now.start_s + 1 / row.frame_rate_hz), len(row.codes) / row.frame_rate_hz)
        self.set_selection(CellRange(now.first_row, last, now.start_s, stop))
        self.cells_selected.emit(self.selection)


_SELECT = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
_ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)
