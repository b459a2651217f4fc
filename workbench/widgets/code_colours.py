"""What colour each token of a grid has: by its index, or by a value."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.widgets.code_means import MeanLevels
from workbench.widgets.code_rows import CodeRow, Scale, index_colours, scale_colours
from workbench.widgets.colormap import code_table
from workbench.widgets.theme import Theme, rgb32

Array = NDArray[Any]
Pixels = NDArray[np.uint32]


class CodeColours:
    """Tables of colours are made when they are needed and kept until `set` or `forget`."""

    def __init__(self) -> None:
        self.rows: tuple[CodeRow, ...] = ()
        self.by_index = False
        self.scale: Scale | None = None  # None: coloured by the index
        self._tables: dict[tuple[int, bool, int], Pixels] = {}  # of the entries of each row
        self._means: dict[int, tuple[Array, MeanLevels]] = {}  # and the levels that they are of

    def forget(self) -> None:
        """Rows or scale are others. Means of levels that are still there stay."""
        self._tables.clear()
        levels = {index: self._levels(index) for index in self._means}
        self._means = {index: means for index, means in self._means.items() if means[0] is levels[index]}

    def line(self, index: int, at: Array, frames_a_pixel: float, theme: Theme) -> Pixels:
        """The colours of one row where the frames `at` are the middles of pixels of so many frames."""
        means = self._means.get(index) if self.scale is not None and frames_a_pixel > 1.0 else None
        levels = None if means is None else means[1].at(at, frames_a_pixel)
        if levels is None or self.scale is None:  # not made yet: the frames in the middles
            return self.cells(index, at, theme)
        return scale_colours(self.scale.map, rgb32(theme.lane)).take(levels)

    def cells(self, index: int, frames: Array, theme: Theme) -> Pixels:
        """The colours of some frames of a row, the nearest one outside."""
        row, ground = self.rows[index], rgb32(theme.lane)
        if self.scale is not None and not self.scale.by_entry:
            levels = self._levels(index)
            if levels is None:
                return np.full(len(frames), ground, np.uint32)
            return scale_colours(self.scale.map, ground).take(levels.take(frames, mode="clip"))
        key = (index, theme.dark, ground)
        if key not in self._tables:
            self._tables[key] = self._entries(index, row, theme)
        return self._tables[key].take(row.codes.take(frames, mode="clip"), mode="wrap")

    def refine(self, budget_s: float) -> bool:
        """Make means for what is seen from afar, a few rows at a time; whether there was something to make."""
        start, made = time.perf_counter(), False
        if self.scale is None:
            return False
        for index, row in enumerate(self.rows):
            levels = self._levels(index)
            if index in self._means or levels is None:
                continue
            each = levels.take(row.codes, mode="clip") if self.scale.by_entry else levels
            self._means[index] = (levels, MeanLevels(each))
            made = True
            if time.perf_counter() - start > budget_s:
                break
        return made

    def _levels(self, index: int) -> Array | None:
        """Those of a row; None where nothing is known of it."""
        there = self.scale is not None and index < len(self.scale.levels)
        levels = self.scale.levels[index] if there and self.scale is not None else None
        return levels if levels is not None and len(levels) else None

    def _entries(self, index: int, row: CodeRow, theme: Theme) -> Pixels:
        if self.scale is None:
            return index_colours(row.size) if self.by_index else code_table(theme.dark)
        levels = self._levels(index)
        if levels is None:
            return np.full(1, rgb32(theme.lane), np.uint32)
        return scale_colours(self.scale.map, rgb32(theme.lane)).take(levels)
