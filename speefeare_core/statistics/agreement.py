"""How two sets of codes of one moment agree: token by token, or by how much one tells of the other.

Frames are matched by time: frame f of the first, which spans [f, f + 1) / rate, with the frame of the second that
sounds at its middle.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[Any]  # [F]
MOST_BINS = 1 << 22


def matched(frames: int, rate_hz: float, other: Codes, other_rate_hz: float) -> NDArray[np.int64]:
    """The codes of `other` at the middle of each of `frames` frames, −1 where it has ended."""
    at = np.floor((np.arange(frames) + 0.5) / rate_hz * other_rate_hz).astype(np.int64)
    inside = at < len(other)
    if not len(other):
        return np.full(frames, -1, np.int64)
    return np.where(inside, np.asarray(other).take(at, mode="clip"), -1).astype(np.int64)


def same(codes: Codes, rate_hz: float, other: Codes, other_rate_hz: float) -> NDArray[np.float64]:
    """1 where both chose the same entry, 0 where they did not, NaN where the other has ended: `[F]`.

    It means something for two recordings of one book; indices of two different books have nothing to do with each
    other, see `told_by`.
    """
    there = matched(len(codes), rate_hz, other, other_rate_hz)
    return np.where(there < 0, np.nan, (there == codes).astype(np.float64))


def told_by(codes: Codes, rate_hz: float, other: Codes, other_rate_hz: float) -> NDArray[np.float64]:
    """How well the other's token foretells this one `[F]`, from 0 to 1; NaN where that cannot be said.

    For frame f: among the *other* frames in which the second codec chose the same entry as in f, the share in which the
    first did so too (leave one out, so that a pair seen once does not vouch for itself). NaN where there is no such
    other frame.
    """
    there = matched(len(codes), rate_hz, other, other_rate_hz)
    known = there >= 0
    told = np.full(len(codes), np.nan)
    if not known.any():
        return told
    mine = np.asarray(codes)[known].astype(np.int64)
    pairs = there[known] * (int(mine.max()) + 1) + mine
    alike = _occurrences(pairs) - 1
    chances = _occurrences(there[known]) - 1
    told[known] = np.where(chances > 0, alike / np.maximum(chances, 1), np.nan)
    return told


def mean_known(values: NDArray[np.float64]) -> float | None:
    """The mean without NaN; None where all are."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None


def _occurrences(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each value (not negative) occurs among all of them, `[F]`."""
    if values.size and int(values.max()) < MOST_BINS:  # ten times as fast as sorting
        return np.asarray(np.bincount(values)[values], np.int64)
    _, which, times = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray(times[which.reshape(-1)], np.int64)
