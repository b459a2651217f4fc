"""Spectrogram columns with a pyramid of maxima over time, so that two hours zoom like two seconds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.spectrograms.pyramid import FACTOR, level_lengths, preview_level, raise_levels, split_levels
from workbench.widgets.pixels import reduce_axis0

Array = NDArray[Any]
BUDGET = 4096  # columns reduced in one go: a few milliseconds


class ColumnStore:
    """uint8 `[columns, bins]` from `floor_db` (0) to `top_db` (255), complete up to `columns_done`.

    `pyramid`: its levels as whoever made the columns keeps them, one after the other; where columns are missing, its
    sketch of the whole is shown. Without it the levels are made here, a limited number of columns with each `advance`.
    """

    def __init__(
        self,
        values: Array,
        hop_samples: int,
        rate_hz: int,
        floor_db: float,
        top_db: float,
        pyramid: Array | None = None,
    ) -> None:
        self.values = values
        self.column_s = hop_samples / rate_hz
        self.nyquist_hz = rate_hz / 2
        self.floor_db, self.top_db = floor_db, top_db
        self.columns_done = 0
        self.loudest = 0  # of the columns that are there
        self._given = pyramid is not None
        self._built = 0  # columns that are in the pyramid
        if pyramid is None:
            pyramid = np.zeros((sum(level_lengths(len(values))), values.shape[1]), np.uint8)
        self._levels = split_levels(pyramid, len(values))
        self._sketch = preview_level(len(values)) if self._given else None

    @property
    def complete(self) -> bool:
        """Whether every column that is there is in the pyramid."""
        return self._built == self.columns_done

    def advance(self, columns_done: int | None = None, budget: int = BUDGET) -> bool:
        """Take note of new columns and reduce up to `budget` of them; whether the drawing changed."""
        changed = columns_done is not None and columns_done != self.columns_done
        if columns_done is not None:
            self.columns_done = columns_done
        if self._given:
            if changed or not self.loudest:
                self._built = self.columns_done
                last = self._levels[-1] if self._levels else self.values[: self.columns_done]
                self.loudest = int(last.max(initial=0))
            return changed
        if self.complete:
            return changed
        group = FACTOR ** len(self._levels)
        start = self._built - self._built % group  # the last groups may have been incomplete
        end = min(self.columns_done, start + max(budget, 2 * group))
        self._built = end
        self.loudest = max(self.loudest, int(self.values[start:end].max(initial=0)))
        raise_levels(self.values, self._levels, start, end)
        return True

    def columns(self, start_s: float, end_s: float, pixels: int) -> Array:
        """Maxima over `pixels` equal parts of [start, end): uint8 `[pixels, bins]`; 0 where nothing is there yet."""
        per_pixel = (end_s - start_s) / self.column_s / max(pixels, 1)
        source, factor, done = self.values, 1, self.columns_done
        for level in self._levels:
            if per_pixel < factor * FACTOR:
                break
            source, factor, done = level, factor * FACTOR, self._built
        place = (start_s + np.arange(pixels) * (end_s - start_s) / max(pixels, 1)) / self.column_s
        missing = place >= done
        if done and not missing.all():
            scale = 1.0 / (self.column_s * factor)
            out = reduce_axis0(source[: -(-done // factor)], start_s * scale, end_s * scale, pixels)
        else:
            out = np.zeros((pixels, self.values.shape[1]), np.uint8)
        if missing.any():
            beyond = place >= len(self.values)
            if self._sketch is None:
                out[missing] = 0
            else:
                level, factor = self._levels[self._sketch], FACTOR ** (self._sketch + 1)
                out[missing] = level[np.clip((place[missing] / factor).astype(np.int64), 0, len(level) - 1)]
                out[beyond] = 0
        return out

    def in_sight(self, start_s: float, end_s: float, most: int) -> tuple[Array, Array]:
        """Times in s `[n]` and levels in dB `[n, bins]` of the columns in [start, end); maxima where there are more
        than `most`."""
        first = max(0, int(np.ceil(start_s / self.column_s)))
        last = min(self.columns_done, int(np.ceil(end_s / self.column_s)))
        if last - first <= most:
            return np.arange(first, max(first, last)) * self.column_s, self.to_db(self.values[first:last])
        step = (end_s - start_s) / most
        return start_s + (np.arange(most) + 0.5) * step, self.to_db(self.columns(start_s, end_s, most))

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
