"""A grid of tokens that can be heard and selected, by mouse and by keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen

from workbench.widgets.code_grid import CodeGrid
from workbench.widgets.code_rows import CellRange, CodeRow
from workbench.widgets.controls import claims
from workbench.widgets.theme import Theme
from workbench.widgets.time_plot import DRAG_PIXELS

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_SELECT = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
_ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)


class CodeRaster(CodeGrid):
    """A click is also `cell_pressed`, one with Alt `cell_alone`; Enter and Alt+Enter say the same of the cell at the
    cursor, which Shift+↑ ↓ move by a row and Ctrl+← → by a frame. While `selecting`, a drag (and Shift+Ctrl+arrow)
    marks cells instead of time. `over` paints above everything.
    """

    cell_pressed = Signal(int, int)  # row, frame
    cell_alone = Signal(int, int)
    row_chosen = Signal(int)
    cells_selected = Signal(object)  # CellRange

    def __init__(self) -> None:
        super().__init__()
        self.over: Callable[[QPainter, QRect, Theme], None] | None = None
        self.selecting = False
        self.selection: CellRange | None = None
        self.chosen_row = 0
        self._from: QPointF | None = None  # where cells began to be selected
        self._pressed: tuple[int, int] | None = None

    def set_rows(self, rows: Sequence[CodeRow]) -> None:
        """What to draw."""
        super().set_rows(rows)
        self.chosen_row = min(self.chosen_row, max(len(self.rows) - 1, 0))

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

    def cells_between(self, first: QPointF, last: QPointF) -> CellRange:
        """The rectangle between two points of the widget, grown to whole cells of its fastest row."""
        heights = self.row_edges()
        low, high = sorted((first.y(), last.y()))
        rows = [i for i in range(len(self.rows)) if heights[i] <= high and heights[i + 1] > low] or [0]
        start, end = sorted((self.time_at(first.x()), self.time_at(last.x())))
        rate = max((self.rows[i].frame_rate_hz for i in rows if i < len(self.rows)), default=1.0)
        return CellRange(rows[0], rows[-1], np.floor(start * rate + 1e-9) / rate, np.ceil(end * rate - 1e-9) / rate)

    # -- drawing ------------------------------------------------------------------------------------------------
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

    def describe_chosen(self) -> str:
        """The cell that keys speak of, in words."""
        if not self.rows or not len(self.rows[self.chosen_row].codes):
            return ""
        return self.describe_cell(self.chosen_row, self.rows[self.chosen_row].frame_at(self.cursor_s), self.cursor_s)

    # -- mouse and keys -----------------------------------------------------------------------------------------
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
