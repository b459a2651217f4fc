"""How far does one recording lag behind another? Knows nothing of torch.

A one-sample delay costs decibels of SI-SDR, so every comparison uses the measured delay and says what it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from speefeare_core.audio import Samples


@dataclass(frozen=True)
class Delay:
    """What `estimate_delay` found."""

    samples: int  # positive: the second recording is late
    polarity: int  # +1, or −1 where it is upside down
    confidence: float  # 0–1, the correlation coefficient at that lag; low for unlike or silent recordings

    @property
    def trusted(self) -> bool:
        """Like enough that the peak is no accident."""
        return self.confidence >= 0.25


def estimate_delay(reference: Samples, other: Samples, max_samples: int = 8_000) -> Delay:
    """Peak of the cross-correlation of two mono recordings `[T]`, searched over ±`max_samples`.

    The correlation at each lag is divided by the energy of the parts that overlap there, so that the confidence is
    Pearson's coefficient (without the mean) and 1 means the same up to a gain. Silence gives 0 and no confidence.
    """
    x, y = (np.asarray(part, np.float64).reshape(-1) for part in (reference, other))
    limit = int(min(max_samples, max(len(x), len(y)) - 1))
    if not len(x) or not len(y) or not x.any() or not y.any():
        return Delay(0, 1, 0.0)
    size = 1 << (len(x) + len(y) - 2).bit_length()
    spectrum = np.fft.rfft(y, size) * np.conj(np.fft.rfft(x, size))
    lags = np.arange(-limit, limit + 1)
    correlation = np.fft.irfft(spectrum, size)[lags % size]
    energy = np.sqrt(_overlap_energy(x, lags, len(y)) * _overlap_energy(y, -lags, len(x)))
    # Short overlaps correlate by accident: the peak is sought in the plain correlation, which shrinks with them.
    best = int(np.abs(correlation).argmax())
    confidence = float(abs(correlation[best]) / energy[best]) if energy[best] > 0 else 0.0
    return Delay(int(lags[best]), 1 if correlation[best] >= 0 else -1, min(1.0, confidence))


def _overlap_energy(x: NDArray[np.float64], lags: NDArray[np.int64], other: int) -> NDArray[np.float64]:
    """Energy of the part of `x` that meets a recording of `other` samples which starts `lags` before it."""
    total = np.concatenate([[0.0], np.cumsum(x * x)])
    start = np.clip(-lags, 0, len(x))
    stop = np.clip(other - lags, 0, len(x))
    return np.asarray(total[np.maximum(stop, start)] - total[start])


def shifted(samples: Samples, delay_samples: int, length: int) -> Samples:
    """`[..., T]` moved earlier by `delay_samples` (later if negative) and cut or filled with zeros to `length`."""
    if delay_samples >= 0:
        moved = samples[..., delay_samples:]
    else:
        moved = np.pad(samples, [(0, 0)] * (samples.ndim - 1) + [(-delay_samples, 0)])
    moved = moved[..., :length]
    return np.pad(moved, [(0, 0)] * (samples.ndim - 1) + [(0, length - moved.shape[-1])])
