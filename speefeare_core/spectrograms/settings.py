"""How a spectrogram is made: the length of the transform and its window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.errors import SpeefeareError

WINDOW_S = 0.032  # of the automatic size: 512 samples at 16 kHz
OVERLAP = 4  # columns for each length of the transform
FFT_SIZES = (64, 128, 256, 512, 1024, 2048, 4096, 8192)


@dataclass(frozen=True)
class WindowInfo:
    """One window: `values(n)` is periodic, float64 `[n]`."""

    title: str
    values: Callable[[int], NDArray[np.float64]]
    tip: str


def _cosines(*terms: float) -> Callable[[int], NDArray[np.float64]]:
    """Σ (−1)^i · a_i · cos(2π i n / N)."""

    def values(size: int) -> NDArray[np.float64]:
        phase = 2 * np.pi * np.arange(size) / size
        total: NDArray[np.float64] = np.sum([(-1) ** i * a * np.cos(i * phase) for i, a in enumerate(terms)], axis=0)
        return total

    return values


def _gaussian(size: int) -> NDArray[np.float64]:
    """Praat's: exp(−12 t²) over twice its effective length, less its value at the edge (Boersma 1993)."""
    place = (np.arange(size) - size / 2) / size
    edge = np.exp(-12.0)
    bell: NDArray[np.float64] = (np.exp(-48.0 * place**2) - edge) / (1.0 - edge)
    return bell


WINDOWS: dict[str, WindowInfo] = {
    "hann": WindowInfo("Hann", _cosines(0.5, 0.5), "The usual choice: side lobes fall fast."),
    "hamming": WindowInfo("Hamming", _cosines(0.54, 0.46), "A narrow peak; side lobes stay at −43 dB."),
    "blackman-harris": WindowInfo(
        "Blackman–Harris",
        _cosines(0.35875, 0.48829, 0.14128, 0.01168),
        "Side lobes below −92 dB, so that faint sounds beside loud ones are seen; a wide peak.",
    ),
    "gaussian": WindowInfo("Gaussian", _gaussian, "Praat's window: no side lobes to be seen."),
    "rectangular": WindowInfo("Rectangular", lambda size: np.ones(size), "No window: the narrowest peak, high lobes."),
}


@dataclass(frozen=True)
class SpectrogramSettings:
    """`fft_samples` 0: the power of two nearest to 32 ms."""

    fft_samples: int = 0
    window: str = "hann"

    def checked(self) -> SpectrogramSettings:
        """Itself. Raises `SpeefeareError` for a size or a window that there is not."""
        if self.fft_samples not in (0, *FFT_SIZES):
            raise SpeefeareError(
                f"A transform of {self.fft_samples} samples is not offered: choose 0 (automatic) or"
                f" {', '.join(map(str, FFT_SIZES))}."
            )
        if self.window not in WINDOWS:
            raise SpeefeareError(f"There is no window {self.window!r}: choose {', '.join(WINDOWS)}.")
        return self

    def size(self, rate_hz: int) -> int:
        """Samples of the transform at a rate."""
        return self.fft_samples or automatic_size(rate_hz)

    def hop(self, rate_hz: int) -> int:
        """Samples from column to column."""
        return max(1, self.size(rate_hz) // OVERLAP)


def automatic_size(rate_hz: int) -> int:
    """The power of two nearest to 32 ms, among those offered."""
    return int(min(FFT_SIZES, key=lambda size: abs(float(np.log2(size / (WINDOW_S * rate_hz))))))


@cache
def window_of(name: str, size: int) -> NDArray[np.float32]:
    """The window, scaled so that a sine at full scale has level 1 in its bin. Raises KeyError for an unknown name."""
    values: NDArray[Any] = WINDOWS[name].values(size)
    scaled: NDArray[np.float32] = (values * (2.0 / values.sum())).astype(np.float32)
    return scaled
