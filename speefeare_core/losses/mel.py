"""Triangular mel filters."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def mel_filters(rate_hz: int, n_fft: int, bands: int, low_hz: float = 0.0, high_hz: float | None = None) -> Tensor:
    """`[bands, n_fft // 2 + 1]`: triangles of height 1, evenly spaced in mel = 2595 log10(1 + f / 700).

    A filter narrower than the distance of two bins may hold no bin at all; it is then zero everywhere.
    """
    high = rate_hz / 2 if high_hz is None else high_hz
    edges_mel = torch.linspace(_mel(low_hz), _mel(high), bands + 2, dtype=torch.float64)
    edges_hz = 700 * (10 ** (edges_mel / 2595) - 1)
    bins_hz = torch.linspace(0, rate_hz / 2, n_fft // 2 + 1, dtype=torch.float64)
    low, centre, top = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising = (bins_hz - low) / (centre - low)
    falling = (top - bins_hz) / (top - centre)
    return torch.minimum(rising, falling).clamp(min=0).float()


def _mel(frequency_hz: float) -> float:
    return 2595 * math.log10(1 + frequency_hz / 700)
