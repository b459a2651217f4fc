"""Spectrogram columns with a pyramid of maxima over time, so that two hours zoom like two seconds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.widgets.pixels import reduce_axis0

Array = NDArray[Any]
FACTOR = 4
BUDGET = 4096  # columns reduced in one go: a few milliseconds
COARSEST = 1024  # columns of the top level at least: about a screen


class ColumnStore:
    """uint8 `[columns, bins]` from `floor_db` (0) to `top_db` (255), complete up to `columns_done`.

    Nobody touches all of it at once: `advance` reduces a limited number of new columns, `columns` reads those in sight.
    """

    def __init__(self, values: Array, hop_samples: int, rate_hz: int, floor_db: float, top_db: float) -> None:
        self.values = values
        self.column_s = hop_samples / rate_hz
        self.nyquist_hz = rate_hz / 2
        self.floor_db, self.top_db = floor_db, top_db
        self.columns_done = 0
        self.loudest = 0  # of the columns that are there
        self._built = 0  # columns that are in the pyramid
        self._levels: list[Array] = []
        length = -(-len(values) // FACTOR)
        while length >= COARSEST:
            self._levels.append(np.zeros((length, values.shape[1]), np.uint8))
            length = -(-length // FACTOR)

    @property
    def complete(self) -> bool:
        """Whether every column that is there is in the pyramid."""
        return self._built == self.columns_done

    def advance(self, columns_done: int | None = None, budget: int = BUDGET) -> bool:
        """Take note of new columns and reduce up to `budget` of them; whether the drawing changed."""
        changed = columns_done is not None and columns_done != self.columns_done
        if columns_done is not None:
            self.columns_done = columns_done
        if self.complete:
            return changed
        start = self._built - self._built % FACTOR ** len(self._levels)  # the last groups may have been incomplete
        end = min(self.columns_done, start + max(budget, 2 * FACTOR ** len(self._levels)))
        self._built = end
        source = self.values
        self.loudest = max(self.loudest, int(source[start:end].max(initial=0)))
        for level in self._levels:
            rows = source[start:end]
            rows = np.pad(rows, ((0, -len(rows) % FACTOR), (0, 0))).reshape(-1, FACTOR, rows.shape[1])
            start, end = start // FACTOR, -(-end // FACTOR)
            pairs = np.maximum(rows[:, :2], rows[:, 2:])
            np.maximum(pairs[:, 0], pairs[:, 1], out=level[start:end])
            source = level
        return True

    def columns(self, start_s: float, end_s: float, pixels: int) -> Array:
        """Maxima over `pixels` equal parts of [start, end): uint8 `[pixels, bins]`; 0 where nothing is there yet."""
        per_pixel = (end_s - start_s) / self.column_s / max(pixels, 1)
        source, factor, done = self.values, 1, self.columns_done
        for level in self._levels:
            if per_pixel < 2 * factor * FACTOR:
                break
            source, factor, done = level, factor * FACTOR, self._built
        scale = 1.0 / (self.column_s * factor)
        there = -(-done // factor)
        if not there:
            return np.zeros((pixels, self.values.shape[1]), np.uint8)
        out = reduce_axis0(source[:there], start_s * scale, end_s * scale, pixels)
        missing = np.arange(pixels) * (end_s - start_s) * scale / pixels + start_s * scale >= there
        if missing.any():
            out[missing] = 0
        return out

    def to_db(self, values: Array) -> Array:
        """uint8 to dB, float32."""
        return np.float32(self.floor_db) + values.astype(np.float32) * np.float32((self.top_db - self.floor_db) / 255)

    def level_at(self, seconds: float, frequency_hz: float) -> float | None:
        """dB at one point, or None where nothing is there yet."""
        column = int(seconds / self.column_s)
        if not 0 <= column < self.columns_done:
            return None
        bins = self.values.shape[1]
        row = min(max(round(frequency_hz / self.nyquist_hz * (bins - 1)), 0), bins - 1)
        return float(self.to_db(self.values[column, row : row + 1])[0])
