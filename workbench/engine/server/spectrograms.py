"""Spectrograms as bytes, computed in chunks."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from workbench.engine.memory import SharedArray
from workbench.engine.server.pace import Pace

FLOOR_DB, TOP_DB = -90.0, 0.0  # 0 dB: a sine at full scale
WINDOW_S = 0.032  # 512 samples at 16 kHz
OVERLAP = 4
SHOW_EVERY_S = 0.25
_PIECE_COLUMNS = 4096


def window_samples(rate_hz: int) -> int:
    """n_fft: 512 at 16 kHz and the nearest power of two to the same time at other rates."""
    return int(2 ** round(np.log2(WINDOW_S * rate_hz)))


def spectrogram(
    samples: NDArray[np.float32], rate_hz: int, show: Callable[[SharedArray, int, int], None]
) -> Generator[None, None, SharedArray]:
    """`[C, T]` → uint8 `[columns, bins]`, Hann window, column i centred on sample i·hop, channels mixed.

    `show(array, columns done, hop)` is called now and then, and at the end.
    """
    size = window_samples(rate_hz)
    hop = size // OVERLAP
    length = samples.shape[1]
    columns = 1 + length // hop
    shared = SharedArray.create((columns, size // 2 + 1), np.uint8)
    window = np.hanning(size + 1)[:size].astype(np.float32)
    window *= 2 / window.sum()
    pace = Pace(512, _PIECE_COLUMNS)
    done, shown = 0, time.monotonic()
    try:
        while done < columns:
            yield
            with pace as count:
                count = min(count, columns - done)
                piece = _cut(samples, done * hop - size // 2, (count - 1) * hop + size)
                frames = np.lib.stride_tricks.sliding_window_view(piece, size)[::hop]
                power = np.abs(scipy.fft.rfft(frames * window, axis=1)) ** 2
                level = 10 * np.log10(np.maximum(power, 1e-12))
                scaled = (level - FLOOR_DB) * (255 / (TOP_DB - FLOOR_DB))
                shared.array[done : done + count] = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
            done += count
            if done == columns or time.monotonic() - shown > SHOW_EVERY_S:
                shown = time.monotonic()
                show(shared, done, hop)
    except BaseException:
        shared.unlink()
        raise
    return shared


def _cut(samples: NDArray[np.float32], start: int, count: int) -> NDArray[np.float32]:
    """`count` samples from `start` on, mixed to one channel, zeros outside the clip."""
    out = np.zeros(count, np.float32)
    first, last = max(0, start), min(samples.shape[1], start + count)
    if last > first:
        out[first - start : last - start] = samples[:, first:last].mean(axis=0)
    return out
