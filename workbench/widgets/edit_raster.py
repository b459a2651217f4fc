"""A grid of edited tokens: cells are selected by mouse and keys, and what is silent or continuous looks so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QKeyEvent, QPainter, QPen

from workbench.widgets.code_raster import CodeRaster
from workbench.widgets.controls import claims
from workbench.widgets.theme import Theme

SILENT, CONTINUOUS = 1, 2
Cells = NDArray[Any]  # [F]: 0 quantised, SILENT or CONTINUOUS
# Keys of the grid: what each asks for.
KEYS: dict[Qt.Key, str] = {
    Qt.Key.Key_Delete: "zero",
    Qt.Key.Key_Backspace: "zero",
    Qt.Key.Key_U: "shuffle",
    Qt.Key.Key_H: "freeze",
    Qt.Key.Key_N: "neighbours",
    Qt.Key.Key_I: "set",
    Qt.Key.Key_C: "continuous",
    Qt.Key.Key_O: "restore",
    Qt.Key.Key_Escape: "none",
}


class EditRaster(CodeRaster):
    """`CodeRaster` while cells are selected. `asked` says which key was pressed, by its word in `KEYS`."""

    asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.selecting = True
        self.cells: tuple[Cells | None, ...] = ()

    def set_cells(self, cells: Sequence[Cells | None]) -> None:
        """For each row what its cells are; None: all are quantised."""
        self.cells = tuple(row if row is not None and row.any() else None for row in cells)
        self.invalidate()

    def paint_plot(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        super().paint_plot(painter, rect, theme)
        if self.rows:
            self._paint_cells(painter, rect, theme)

    def event(self, event: QEvent) -> bool:
        if claims(event, tuple(KEYS)):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        word = KEYS.get(Qt.Key(event.key())) if event.key() in KEYS else None
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if word is not None and held == Qt.KeyboardModifier.NoModifier:
            self.asked.emit(word)
        else:
            super().keyPressEvent(event)

    def _paint_depth(self, painter: QPainter, rect: QRect, heights: list[int], theme: Theme) -> None:
        """The line alone: the switches of the books stand in the place of its label."""
        if self.depth is not None and 1 < len(self.rows) >= self.depth:
            y = min(heights[self.depth], rect.bottom())
            painter.setPen(QPen(theme.accent, 2))
            painter.drawLine(rect.left(), y, rect.right() + 6, y)

    def _paint_cells(self, painter: QPainter, rect: QRect, theme: Theme) -> None:
        """Silent cells are crossed out, continuous ones carry a wave; neighbours of one kind share one box."""
        if not any(row is not None for row in self.cells):
            return
        times = self.start_s + (np.arange(rect.width()) + 0.5) / rect.width() * (self.end_s - self.start_s)
        ground = QColor(theme.lane)
        ground.setAlpha(208)
        for index, row in enumerate(self.cells[: len(self.rows)]):
            if row is None:
                continue
            at = (times * self.rows[index].frame_rate_hz).astype(np.int64)
            kinds = np.where(at < len(row), row.take(at, mode="clip"), 0)
            heights = self.row_edges()
            top, bottom = heights[index], heights[index + 1] - 1
            for kind, first, stop in _runs(kinds):
                box = QRectF(rect.left() + first, top, stop - first, bottom - top)
                painter.fillRect(box, ground)
                if kind == SILENT:
                    painter.fillRect(box, QBrush(theme.muted, Qt.BrushStyle.BDiagPattern))
                else:
                    _draw_wave(painter, box, theme.text)


def _runs(kinds: NDArray[Any]) -> list[tuple[int, int, int]]:
    """(kind, first, stop) of each run that is not 0."""
    edges = np.flatnonzero(np.diff(kinds)) + 1
    starts = np.concatenate([[0], edges])
    stops = np.concatenate([edges, [len(kinds)]])
    return [(int(kinds[a]), int(a), int(b)) for a, b in zip(starts, stops, strict=True) if kinds[a]]


def _draw_wave(painter: QPainter, box: QRectF, colour: QColor) -> None:
    """A line that swings, for what is not in steps."""
    middle, swing = box.center().y(), min(3.0, box.height() / 3)
    x = np.arange(box.left(), box.right() + 1, 2.0)
    y = middle + swing * np.sin(x * 0.7)
    painter.setPen(QPen(colour, 1))
    painter.drawPolyline([QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)])


__all__ = ["CONTINUOUS", "KEYS", "SILENT", "EditRaster"]
