"""Spectrograms in shared memory, computed in chunks: first a sketch of the whole, then every column and its pyramid."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from speefeare_core.spectrograms import pyramid
from speefeare_core.spectrograms.columns import FLOOR_DB as FLOOR_DB
from speefeare_core.spectrograms.columns import TOP_DB as TOP_DB
from speefeare_core.spectrograms.columns import Columns
from speefeare_core.spectrograms.settings import SpectrogramSettings
from workbench.engine.memory import SharedArray
from workbench.engine.server.pace import Pace

SHOW_EVERY_S = 0.25
_FIRST_COLUMNS, _MOST_COLUMNS = 512, 8192
_SKETCHED = 512  # columns of the sketch between two pauses


@dataclass(frozen=True)
class Made:
    """uint8 `[columns, bins]`, and the levels of its pyramid, if any, one after the other: `[Σ lengths, bins]`."""

    columns: SharedArray
    levels: SharedArray | None
    hop_samples: int

    @property
    def arrays(self) -> tuple[SharedArray, ...]:
        """All that is shared."""
        return (self.columns,) if self.levels is None else (self.columns, self.levels)


Show = Callable[[Made, int], None]  # what there is, and how many columns of it are done


def spectrogram(
    samples: NDArray[np.float32], rate_hz: int, show: Show, settings: SpectrogramSettings | None = None
) -> Generator[None, None, Made]:
    """`[C, T]` → levels as bytes, column i centred on sample i · hop, channels mixed.

    `show` is called with no column done as soon as the sketch is there (a column out of each group of the first level
    that is short enough), then now and then, and at the end.
    """
    maker = Columns(samples, rate_hz, settings or SpectrogramSettings())
    lengths = pyramid.level_lengths(maker.count)
    columns = SharedArray.create((maker.count, maker.bins), np.uint8)
    stored = SharedArray.create((sum(lengths), maker.bins), np.uint8) if lengths else None
    made = Made(columns, stored, maker.hop)
    levels = [] if stored is None else pyramid.split_levels(stored.array, maker.count)
    pace = Pace(_FIRST_COLUMNS, _MOST_COLUMNS)
    done, shown = 0, time.monotonic()
    try:
        if (first := pyramid.preview_level(maker.count)) is not None:
            yield from _sketch(maker, levels, first)
            show(made, 0)
        while done < maker.count:
            yield
            with pace as count:
                end = min(done + count, maker.count)
                maker.make(done, columns.array[done:end])
                pyramid.raise_levels(columns.array, levels, done, end)
            done = end
            if done == maker.count or time.monotonic() - shown > SHOW_EVERY_S:
                shown = time.monotonic()
                show(made, done)
    except BaseException:
        for array in made.arrays:
            array.unlink()
        raise
    return made


def _sketch(maker: Columns, levels: list[NDArray[np.uint8]], first: int) -> Generator[None, None, None]:
    """Put the middle column of each group into the level, and maxima of these into those above."""
    level, step = levels[first], pyramid.FACTOR ** (first + 1)
    middle = np.minimum(np.arange(len(level), dtype=np.int64) * step + step // 2, maker.count - 1)
    for start in range(0, len(level), _SKETCHED):
        yield
        maker.sparse(middle[start : start + _SKETCHED], level[start : start + _SKETCHED])
    pyramid.raise_levels(level, levels[first + 1 :], 0, len(level))
