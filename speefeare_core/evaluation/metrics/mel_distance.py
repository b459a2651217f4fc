"""Multi-resolution log-mel distance.

The mean over windows w ∈ {256, 512, 1024, 2048} samples of  mean |20 log10 max(M_w X, ε) − 20 log10 max(M_w Y, ε)|,
where X, Y are magnitude spectra (Hann window, hop w/4, divided by the window's sum so that a full-scale sine reads 1),
M_w a bank of 20, 40, 80 or 80 triangular mel filters (HTK scale) with weights that sum to 1, and ε = 1e-5 (−100 dB). In
dB, 0 is best. The shape of the mel loss of DAC (arXiv 2306.06546, 3.3) with a unit that can be read.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from speefeare_core.audio import Samples
from speefeare_core.evaluation.metrics.metric import Measured, Metric, is_silent

RESOLUTIONS = {256: 20, 512: 40, 1024: 80, 2048: 80}  # window in samples → mel bands
FLOOR = 1e-5


def measure(reference: Samples, decoded: Samples, rate_hz: int) -> Measured:
    """Two aligned recordings `[T]` → dB."""
    if is_silent(reference):
        return Measured(None, "The mel distance says nothing about silence.")
    if len(reference) < max(RESOLUTIONS):
        return Measured(None, f"The mel distance needs at least {max(RESOLUTIONS)} samples.")
    parts = [
        np.abs(log_mel(reference, rate_hz, window) - log_mel(decoded, rate_hz, window)).mean() for window in RESOLUTIONS
    ]
    return Measured(float(np.mean(parts)))


def log_mel(samples: Samples, rate_hz: int, window: int) -> NDArray[np.float64]:
    """`[T]` → `[frames, bands]` in dB full scale."""
    shape = np.hanning(window + 1)[:-1]
    frames = sliding_window_view(samples.astype(np.float64), window)[:: window // 4]
    magnitudes = np.abs(np.fft.rfft(frames * (2 * shape / shape.sum()), axis=-1))
    return 20 * np.log10(np.maximum(magnitudes @ mel_filters(rate_hz, window, RESOLUTIONS[window]).T, FLOOR))


@lru_cache(maxsize=16)
def mel_filters(rate_hz: int, window: int, bands: int) -> NDArray[np.float64]:
    """`[bands, window/2 + 1]` triangles on mel = 2595 log10(1 + f/700) from 0 Hz to half the rate, each of sum 1.

    A triangle narrower than the bins takes the bin nearest to its middle.
    """
    top = 2595 * np.log10(1 + rate_hz / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(window, 1 / rate_hz)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    filters = np.maximum(0.0, np.minimum(rising, falling))
    for band in np.flatnonzero(filters.sum(axis=1) <= 1e-9):
        filters[band, np.abs(bins - edges[band + 1]).argmin()] = 1.0
    return np.asarray(filters / filters.sum(axis=1, keepdims=True))


METRIC = Metric("mel_distance", "Mel distance", "dB", False, measure, "after arXiv 2306.06546, 3.3")
