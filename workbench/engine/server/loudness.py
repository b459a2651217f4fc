"""Loudness (BS.1770) of a clip of any length: `speefeare_core.levels` block by block, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from speefeare_core import levels

WHOLE_S = 20.0  # shorter clips are measured in one piece
BLOCK_S = 10.0
LEAD_S = 1.0  # filtered before each block and thrown away, until the filters have settled
LIMIT_DB = 20.0


def loudness(samples: NDArray[np.float32], rate_hz: int) -> Generator[None, None, float]:
    """Integrated loudness of `[C, T]` in LUFS; −inf for silence."""
    yield
    length = samples.shape[1]
    if length <= WHOLE_S * rate_hz:
        return levels.loudness_lufs(samples, rate_hz)
    step = round(levels.STEP_S * rate_hz)
    size, lead = round(BLOCK_S / levels.STEP_S) * step, round(LEAD_S * rate_hz)
    steps = []
    for start in range(0, length - length % step, size):
        stop = min(start + size, length - length % step)
        before = min(lead, start)
        weighted = levels.k_weighted(np.asarray(samples[:, start - before : stop], np.float64), rate_hz)[:, before:]
        steps.append((weighted**2).sum(axis=0).reshape(-1, step).sum(axis=1))
        yield
    per_step = np.concatenate(steps)
    overlap = round(levels.BLOCK_S / levels.STEP_S)
    power = np.convolve(per_step, np.ones(overlap), "valid") / (overlap * step)
    loud = power[_lufs(power) > levels.ABSOLUTE_GATE_LUFS]
    if not len(loud):
        return -math.inf
    kept = loud[_lufs(loud) > _lufs(loud.mean()) + levels.RELATIVE_GATE_LU]
    return float(_lufs(kept.mean()))


def gain_db(wanted_lufs: float, found_lufs: float) -> float:
    """What brings one to the loudness of the other, within ±20 dB; 0 where either is silent."""
    if not (math.isfinite(wanted_lufs) and math.isfinite(found_lufs)):
        return 0.0
    return min(max(wanted_lufs - found_lufs, -LIMIT_DB), LIMIT_DB)


def _lufs(power: NDArray[np.float64]) -> NDArray[np.float64]:
    return -0.691 + 10 * np.log10(np.maximum(power, 1e-30))
