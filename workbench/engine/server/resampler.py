"""Streaming resampling with a short, constant delay and a ratio that may change while it runs.

soxr's streams work in blocks: they hold back 5 to 40 ms of sound, 170 ms at 8 kHz, now more, now less. What is talked
through cannot wait so long. This is band-limited interpolation by a windowed sinc (Smith, "Digital Audio Resampling
Home Page", CCRMA): flat to 0.84 of the lower rate's Nyquist frequency, images and aliases 90 dB down, and it waits for
40 samples of the lower rate (1.7 ms at 24 kHz). Each output sample is what the input was at exactly its time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import numpy as np
import soxr
from numpy.typing import NDArray

Block = NDArray[np.float32]
HALF = 40  # samples of the lower rate that are looked at on either side
PHASES = 512  # between two samples the filter's values are tabled; between these, a straight line
STOP_DB = 96.0


class Resampler(Protocol):
    """One rate to another, block by block without seams."""

    def __call__(self, block: Block) -> Block:
        """`[C, n]` in, all that can be given `[C, m]` out."""
        ...

    @property
    def held_s(self) -> float:
        """How much of what has come in has not gone out yet."""
        ...


class LowDelayResampler:
    """The interpolation above. `ratio`, input samples for each output sample, may be set between blocks."""

    def __init__(self, rate_hz: float, out_rate_hz: float, channels: int) -> None:
        self._rate_hz = rate_hz
        self.ratio = rate_hz / out_rate_hz
        self._table, self._half = _filter(self.ratio)
        # `_at`: where, in `_waiting`, the next output sample lies. Before the first sample lies silence.
        self._waiting: Block = np.zeros((channels, self._half), np.float32)
        self._at = float(self._half)

    def prime(self, before: Block) -> None:
        """Before the first block: the sound `[C, n]` that ends where it begins, instead of silence."""
        self._waiting = np.concatenate([self._waiting, before.astype(np.float32)], axis=1)[:, -self._half :]

    @property
    def held_s(self) -> float:
        """See `Resampler`."""
        return (self._waiting.shape[1] - self._at) / self._rate_hz

    def __call__(self, block: Block) -> Block:
        """See `Resampler`."""
        waiting = self._waiting = np.concatenate([self._waiting, block], axis=1)
        count = int(np.floor((waiting.shape[1] - self._half - 1 - self._at) / self.ratio)) + 1
        if count <= 0:
            return np.zeros((waiting.shape[0], 0), np.float32)
        places = self._at + self.ratio * np.arange(count)
        before = places.astype(np.int64)
        fine = (places - before) * PHASES
        row = fine.astype(np.int64)
        part = (fine - row).astype(np.float32)[:, None]
        weights = self._table[row] * (1 - part) + self._table[row + 1] * part
        windows = np.lib.stride_tricks.sliding_window_view(waiting, 2 * self._half, axis=1)
        out = np.einsum("cnt,nt->cn", windows[:, before - self._half + 1], weights)
        after = self._at + self.ratio * count
        done = int(after) - self._half
        self._waiting, self._at = waiting[:, done:], after - done
        return out


class SoxrResampler:
    """The best quality, for what is only listened to."""

    def __init__(self, rate_hz: int, out_rate_hz: int, channels: int) -> None:
        self._rate_hz = rate_hz
        self.ratio = rate_hz / out_rate_hz
        self._taken = self._given = 0
        self._stream = soxr.ResampleStream(rate_hz, out_rate_hz, channels, dtype="float32", quality="HQ")

    @property
    def held_s(self) -> float:
        """See `Resampler`."""
        return (self._taken - self._given * self.ratio) / self._rate_hz

    def __call__(self, block: Block) -> Block:
        """See `Resampler`."""
        out = self._stream.resample_chunk(np.ascontiguousarray(block.T, dtype=np.float32))
        given = np.asarray(out, np.float32).reshape(-1, block.shape[0]).T
        self._taken += block.shape[1]
        self._given += given.shape[1]
        return given


@lru_cache(maxsize=8)
def _filter(ratio: float) -> tuple[Block, int]:
    """Values of the windowed sinc `[PHASES + 1, 2 half]` for each place between two samples, and `half`."""
    scale = min(1.0, 1.0 / ratio)
    half = int(np.ceil(HALF / scale))
    width = (STOP_DB - 8) / (2.285 * (2 * HALF - 1)) / np.pi  # of Kaiser's transition, as a share of Nyquist
    cutoff = scale * (1 - width / 2)
    x = np.arange(-half + 1, half + 1)[None] - np.arange(PHASES + 1)[:, None] / PHASES
    beta = 0.1102 * (STOP_DB - 8.7)
    window = np.i0(beta * np.sqrt(np.clip(1 - (x / half) ** 2, 0, None))) / np.i0(beta)
    values = np.sinc(cutoff * x) * window
    return (values / values.sum(axis=1, keepdims=True)).astype(np.float32), half
