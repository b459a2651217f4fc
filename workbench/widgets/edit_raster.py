"""A grid of edited tokens: cells are selected by mouse and keys, and what is silent or continuous looks so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPen

from workbench.widgets.code_raster import CodeRaster
from workbench.widgets.controls import claims
from workbench.widgets.theme import Theme

SILENT, CONTINUOUS = 1, 2
PERIOD, HATCH = 10, 7  # of the wave and of the lines, in widget units
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
        """Silent cells are crossed out, continuous ones carry a wave: pixels, because there may be very many."""
        if not any(row is not None for row in self.cells):
            return
        ratio = painter.device().devicePixelRatioF()
        width = max(1, round(rect.width() * ratio))
        tops = [round((y - rect.top()) * ratio) for y in self.row_edges()]
        times = self.start_s + (np.arange(width) + 0.5) / width * (self.end_s - self.start_s)
        lines = np.zeros((len(self.rows) + 1, width), np.uint8)  # the last line: nothing, between rows
        for index, row in enumerate(self.cells[: len(self.rows)]):
            if row is not None:
                at = (times * self.rows[index].frame_rate_hz).astype(np.int64)
                lines[index] = np.where(at < len(row), row.take(at, mode="clip"), 0)
        row_of = np.full(max(tops[-1], 1), len(self.rows), np.int64)
        middle = np.zeros(len(row_of))
        swing = np.ones(len(row_of))
        for index in range(len(self.rows)):
            top, bottom = tops[index], tops[index + 1] - round(ratio)
            row_of[top:bottom] = index
            middle[top:bottom] = (top + bottom - 1) / 2
            swing[top:bottom] = min(3.0 * ratio, (bottom - top) / 3)
        pixels = _overlay(lines, row_of, middle, swing, ratio, theme)
        image = QImage(pixels.data, width, len(row_of), 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(ratio)
        painter.drawImage(rect.topLeft(), image)


def _overlay(
    lines: NDArray[np.uint8],
    row_of: NDArray[np.int64],
    middle: NDArray[np.float64],
    swing: NDArray[np.float64],
    ratio: float,
    theme: Theme,
) -> NDArray[np.uint32]:
    """Pixels `[height, width]` of what lies over the codes, from the kinds of cells of each row of them."""
    ground = _premultiplied(theme.lane, 208)
    shades = (0, ground, ground, _premultiplied(theme.muted, 255), _premultiplied(theme.text, 255))
    kinds = lines.take(row_of, axis=0)  # and 2 more where a line is drawn
    x, y = np.arange(lines.shape[1], dtype=np.int32), np.arange(len(row_of), dtype=np.int32)[:, None]
    silent = kinds == SILENT
    if (lines == CONTINUOUS).any():
        height = np.sin(x * (2 * np.pi / (PERIOD * ratio))).astype(np.float32)
        off = (y - middle[:, None]).astype(np.float32) - swing[:, None].astype(np.float32) * height
        kinds += ((np.abs(off) <= 0.75 * ratio) & (kinds == CONTINUOUS)).view(np.uint8) * np.uint8(2)
    if (lines == SILENT).any():
        near = np.arange(-len(row_of), len(x)) % round(HATCH * ratio) < max(1, round(ratio))  # by x − y
        kinds += (near.take(x - y + len(row_of)) & silent).view(np.uint8) * np.uint8(2)
    return np.array(shades, np.uint32).take(kinds, mode="clip")


def _premultiplied(colour: QColor, alpha: int) -> int:
    red, green, blue = (round(part * alpha / 255) for part in (colour.red(), colour.green(), colour.blue()))
    return alpha << 24 | red << 16 | green << 8 | blue


__all__ = ["CONTINUOUS", "KEYS", "SILENT", "EditRaster"]
