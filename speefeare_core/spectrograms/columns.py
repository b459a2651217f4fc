"""Columns of a spectrogram as bytes of dB.

The level is read from the upper half of the power's float32 bits: sign, exponent and seven bits of the mantissa name
the level to 0.03 dB, a fifteenth of a step of the bytes, and a table of 65,536 bytes is faster than a logarithm.
"""

from __future__ import annotations

import sys
from functools import cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from speefeare_core.spectrograms.settings import SpectrogramSettings, window_of

FLOOR_DB, TOP_DB = -120.0, 0.0  # 0 dB: a sine at full scale
Bytes = NDArray[np.uint8]
Samples = NDArray[np.float32]
_TOGETHER = 1 << 18  # samples of the frames that are transformed at once: they stay in the cache
_UPPER = 1 if sys.byteorder == "little" else 0


class Columns:
    """Makes columns of `samples` `[C, T]`, channels mixed; column i is centred on sample i · hop."""

    def __init__(self, samples: Samples, rate_hz: int, settings: SpectrogramSettings) -> None:
        self.samples, self.rate_hz = samples, rate_hz
        self.size, self.hop = settings.size(rate_hz), settings.hop(rate_hz)
        self.bins = self.size // 2 + 1
        self.count = 1 + samples.shape[1] // self.hop
        self._window = window_of(settings.window, self.size)

    def make(self, first: int, out: Bytes) -> None:
        """Columns from `first` on into `out` `[n, bins]`."""
        together = max(1, _TOGETHER // self.size)
        for start in range(0, len(out), together):
            count = min(together, len(out) - start)
            piece = self._cut((first + start) * self.hop - self.size // 2, (count - 1) * self.hop + self.size)
            frames = np.lib.stride_tricks.sliding_window_view(piece, self.size)[:: self.hop]
            self._levels(frames, out[start : start + count])

    def sparse(self, first: NDArray[np.int64], out: Bytes) -> None:
        """The columns of these numbers into `out` `[n, bins]`."""
        together = max(1, _TOGETHER // self.size)
        for start in range(0, len(out), together):
            chosen = first[start : start + together]
            frames = np.stack([self._cut(int(i) * self.hop - self.size // 2, self.size) for i in chosen])
            self._levels(frames, out[start : start + together])

    def _levels(self, frames: Samples, out: Bytes) -> None:
        spectrum = scipy.fft.rfft(frames * self._window, axis=1, overwrite_x=True)
        parts = spectrum.view(np.float32)
        np.multiply(parts, parts, out=parts)
        power = parts[:, 0::2] + parts[:, 1::2]
        upper = power.view(np.uint16)[:, _UPPER::2]
        np.take(_byte_of(), upper, out=out, mode="clip")

    def _cut(self, start: int, count: int) -> Samples:
        """`count` samples from `start` on, mixed to one channel, zeros outside the clip."""
        channels, length = self.samples.shape
        first, last = max(0, start), min(length, start + count)
        if first == start and last == start + count and channels == 1:
            return self.samples[0, first:last]
        out = np.zeros(count, np.float32)
        if last > first:
            part = self.samples[:, first:last]
            out[first - start : last - start] = part[0] if channels == 1 else part.mean(axis=0)
        return out


@cache
def _byte_of() -> Bytes:
    """For each upper half of a float32, the byte of its level; what is no number is silence."""
    halves = np.arange(1 << 16, dtype=np.uint32)
    with np.errstate(all="ignore"):
        power = ((halves << 16) | 0x8000).view(np.float32).astype(np.float64)
        level = 10 * np.log10(np.where(power > 0, power, 0.0))
        scaled = np.rint((level - FLOOR_DB) * (255 / (TOP_DB - FLOOR_DB)))
    found: Bytes = np.clip(np.nan_to_num(scaled, nan=0.0, posinf=0.0, neginf=0.0), 0, 255).astype(np.uint8)
    return found
