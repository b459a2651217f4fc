"""Loudness after BS.1770 of a recording of any length, block by block."""

from __future__ import annotations

import math

import numpy as np
from scipy.signal import lfilter

from speefeare_core.audio import Samples
from speefeare_core.levels import ABSOLUTE_GATE_LUFS, BLOCK_S, RELATIVE_GATE_LU, STEP_S, Floats, k_weighting

_STEPS = round(BLOCK_S / STEP_S)  # a block is so many steps


class LoudnessMeter:
    """Equals `levels.loudness_lufs` of the whole, but for a step that is no whole number of samples."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._filters = k_weighting(rate_hz)
        self._states = [np.zeros((channels, max(len(a), len(b)) - 1)) for b, a in self._filters]
        self._step = STEP_S * rate_hz
        self._power = np.zeros(0)  # of samples that fill no step yet
        self._energies: list[float] = []  # of each step
        self._seen = 0

    def add(self, block: Samples) -> None:
        """The next samples [C, n]."""
        weighted: Floats = np.asarray(block, np.float64)
        for number, (b, a) in enumerate(self._filters):
            weighted, self._states[number] = lfilter(b, a, weighted, axis=-1, zi=self._states[number])
        self._power = np.concatenate([self._power, (weighted**2).sum(axis=0)])
        begin = int(len(self._energies) * self._step)
        self._seen += block.shape[1]
        count = int(self._seen / self._step) - len(self._energies)
        if count > 0:
            edges = np.array([int((len(self._energies) + n) * self._step) for n in range(count + 1)]) - begin
            sums = np.concatenate([[0.0], np.cumsum(self._power)])
            self._energies += list(sums[edges[1:]] - sums[edges[:-1]])
            self._power = self._power[edges[-1] :]

    def loudness_lufs(self) -> float:
        """Integrated, gated loudness so far; −inf for silence. Below 0.4 s: one ungated block."""
        energies = np.array(self._energies)
        if len(energies) < _STEPS:
            whole = float(energies.sum() + self._power.sum())
            return _lufs(whole / max(1, self._seen))
        sums = np.concatenate([[0.0], np.cumsum(energies)])
        power = np.maximum(sums[_STEPS:] - sums[:-_STEPS], 0.0) / round(BLOCK_S / STEP_S * self._step)
        loud = power[power > 10 ** ((ABSOLUTE_GATE_LUFS + 0.691) / 10)]
        if not len(loud):
            return -math.inf
        kept = loud[loud > loud.mean() * 10 ** (RELATIVE_GATE_LU / 10)]
        return _lufs(float(kept.mean())) if len(kept) else -math.inf


def _lufs(power: float) -> float:
    return -0.691 + 10 * math.log10(power) if power > 0 else -math.inf
