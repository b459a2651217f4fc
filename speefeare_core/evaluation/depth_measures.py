"""A decode measured against the original piece by piece, so that hours need no more memory than a minute."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from speefeare_core.audio import Samples
from speefeare_core.evaluation.metrics import mel_distance

PIECE_S = 30.0
LIMIT_DB = 100.0  # float32 audio has no more; a perfect copy would be infinite


@dataclass(frozen=True)
class DepthMeasures:
    """Aligned, but not matched in level. None where a measure is not defined (silence, a recording too short)."""

    snr_db: float | None  # 10 log10(|x|² / |x − y|²) over all channels
    si_sdr_db: float | None  # arXiv 1811.02508: the same after the best gain for y
    mel_distance_db: float | None  # `metrics.mel_distance`, of pieces of 30 s


class Comparison:
    """Sums over the pieces of an original x and a decode y, both `[C, n]`."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._xx = self._yy = self._xy = self._ee = 0.0
        self._mel, self._weight = 0.0, 0

    def push(self, original: Samples, decoded: Samples) -> None:
        """The next piece of both."""
        x, y = original.astype(np.float64), decoded.astype(np.float64)
        self._xx += float(np.vdot(x, x))
        self._yy += float(np.vdot(y, y))
        self._xy += float(np.vdot(x, y))
        self._ee += float(np.vdot(x - y, x - y))
        for one, other in zip(original, decoded, strict=True):
            found = mel_distance.measure(one, other, self._rate_hz).value
            if found is not None:
                self._mel += found * len(one)
                self._weight += len(one)

    def result(self) -> DepthMeasures:
        """Of everything so far."""
        snr = _ratio_db(self._xx, self._ee) if self._xx > 0 else None
        si_sdr = None
        if self._xx > 0 and self._yy > 0:
            target = self._xy**2 / self._xx
            si_sdr = _ratio_db(target, max(self._yy - target, 0.0))
        return DepthMeasures(snr, si_sdr, self._mel / self._weight if self._weight else None)


def pieces(blocks: Iterable[Samples], size: int, skip: int, length: int) -> Iterator[Samples]:
    """Blocks `[C, n]` as pieces of `size` samples and a last one, together `length`, moved earlier by `skip` samples
    (later where negative) and filled with zeros."""
    waiting: list[Samples] = []
    held = given = 0
    for block in _shifted(blocks, skip, length):
        waiting.append(block)
        held += block.shape[1]
        while held >= size or (given + held >= length and held):
            joined = waiting[0] if len(waiting) == 1 else np.concatenate(waiting, axis=1)
            count = min(size, held)
            yield joined[:, :count]
            given += count
            held -= count
            waiting = [joined[:, count:]] if held else []


def _shifted(blocks: Iterable[Samples], skip: int, length: int) -> Iterator[Samples]:
    """Exactly `length` samples."""
    told, channels = 0, 1
    for block in blocks:
        channels = block.shape[0]
        if not told and skip < 0:
            block = np.concatenate([np.zeros((channels, -skip), np.float32), block], axis=1)
            skip = 0
        cut = min(max(skip, 0), block.shape[1])
        skip -= cut
        block = block[:, cut : cut + length - told]
        told += block.shape[1]
        if block.shape[1]:
            yield block
    if told < length:
        yield np.zeros((channels, length - told), np.float32)


def _ratio_db(signal: float, noise: float) -> float:
    tiny = 10.0 ** (-LIMIT_DB / 10) * (signal + noise)
    return 10 * math.log10(max(signal, tiny) / max(noise, tiny)) if tiny > 0 else 0.0
