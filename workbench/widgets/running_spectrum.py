"""Spectrogram columns of sound as it comes in: a small numpy STFT for live views."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.widgets.colormap import Table

Array = NDArray[Any]
FLOOR_DB, TOP_DB = -90.0, -10.0


class RunningSpectrum:
    """One column every `hop_samples` (which need not be whole), 0 to `rate_hz`/2, Hann window of about 32 ms."""

    def __init__(self, rate_hz: int, hop_samples: float, height: int) -> None:
        self.hop_samples = max(hop_samples, 1.0)
        self.window_samples = 1 << max(6, round(np.log2(0.032 * rate_hz)))
        self._window = np.hanning(self.window_samples).astype(np.float32)
        self._scale = 2.0 / float(self._window.sum())
        bins = self.window_samples // 2 + 1
        self._rows = np.minimum((np.arange(height) + 0.5) / height * bins, bins - 1).astype(np.int64)[::-1]
        self._kept: Array = np.zeros(self.window_samples, np.float32)
        self._kept_start = -self.window_samples  # sample number of the first kept sample
        self._column = 0

    def feed(self, samples: Array) -> Array:
        """Mono samples `[n]` → uint8 `[height, columns]` for the columns that are complete now."""
        audio = np.concatenate([self._kept, np.asarray(samples, np.float32)])
        end = self._kept_start + len(audio)
        count = max(0, int(np.floor(end / self.hop_samples)) - self._column)
        ends = np.floor((self._column + 1 + np.arange(count)) * self.hop_samples).astype(np.int64) - self._kept_start
        self._column += count
        if count:
            frames = audio[np.maximum(ends[:, None] - self.window_samples, 0) + np.arange(self.window_samples)]
            power = np.abs(np.fft.rfft(frames * self._window, axis=1)) * self._scale
            level = 20.0 * np.log10(np.maximum(power, 1e-7))
            shade = np.clip((level - FLOOR_DB) * (255.0 / (TOP_DB - FLOOR_DB)), 0, 255).astype(np.uint8)
        else:
            shade = np.zeros((0, self.window_samples // 2 + 1), np.uint8)
        keep = self.window_samples + int(self.hop_samples) + 1
        self._kept, self._kept_start = audio[-keep:], end - min(keep, len(audio))
        return shade[:, self._rows].T

    def pixels(self, samples: Array, colours: Table) -> NDArray[np.uint32]:
        """`feed` through a colour table: `[height, columns]`."""
        return colours[self.feed(samples)]
