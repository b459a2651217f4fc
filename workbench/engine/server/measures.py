"""What a take is worth as a point of a rate–distortion plot, block by block, for clips of any length."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.evaluation.metrics import mel_distance
from workbench.engine.server import renders
from workbench.state.mixed import Mixed

Samples = NDArray[np.float32]
BLOCK = 1 << 18  # samples; a multiple of every hop of the mel distance


@dataclass(frozen=True)
class Measures:
    """None where a measure is not defined."""

    si_sdr_db: float | None
    snr_db: float | None
    mel_distance_db: float | None


def measures(original: Samples, render: Samples, rate_hz: int, gain_db: float) -> Generator[None, None, Measures]:
    """Of an aligned render `[C, T]` as the codec gave it: the `gain_db` of its level matching is taken back."""
    plain: Any = Mixed([(render, 10 ** (-gain_db / 20))])  # without a copy
    xx = nn = 0.0
    for start in range(0, original.shape[1], BLOCK):
        x = original[:, start : start + BLOCK].astype(np.float64)
        xx += float(np.square(x).sum())
        nn += float(np.square(x - plain[:, start : start + BLOCK]).sum())
        yield
    if xx <= 0:
        return Measures(None, None, None)
    ratio = yield from renders.scale_invariant_sdr(original, render)
    mel = yield from log_mel_distance(original, plain, rate_hz)
    limit = 100.0  # float32 audio has no more; a perfect copy would be infinite
    snr = limit if nn <= xx * 10 ** (-limit / 10) else 10 * math.log10(xx / nn)
    return Measures(None if ratio == -math.inf else min(max(ratio, -limit), limit), snr, mel)


def log_mel_distance(original: Samples, other: Samples, rate_hz: int) -> Generator[None, None, float | None]:
    """`speefeare_core.evaluation.metrics.mel_distance` of each channel, and the mean over channels; None where the clip
    is shorter than its longest window."""
    length = original.shape[1]
    if length < max(mel_distance.RESOLUTIONS):
        return None
    means = []
    for window in mel_distance.RESOLUTIONS:
        hop, total, count = window // 4, 0.0, 0
        frames = 1 + (length - window) // hop
        for first in range(0, frames, BLOCK // hop):
            last = min(frames, first + BLOCK // hop)
            cut = slice(first * hop, (last - 1) * hop + window)
            for x, y in zip(original[:, cut], other[:, cut], strict=True):
                difference = mel_distance.log_mel(x, rate_hz, window) - mel_distance.log_mel(y, rate_hz, window)
                total += float(np.abs(difference).sum())
                count += difference.size
                yield
        means.append(total / count)
    return float(np.mean(means))
