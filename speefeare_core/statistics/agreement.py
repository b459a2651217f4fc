"""How two sets of codes of one moment agree: token by token, or by how much one tells of the other.

Frames are matched by time: frame f of the first, which spans [f, f + 1) / rate, with the frame of the second that
sounds at its middle.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[Any]  # [F]
MOST_BINS = 1 << 22
SPARSE = 16  # bins for each token from which on most would stay empty
CHUNK = 1 << 17  # tokens that are counted in one step


def matched(frames: int, rate_hz: float, other: Codes, other_rate_hz: float) -> NDArray[np.int64]:
    """The codes of `other` at the middle of each of `frames` frames, −1 where it has ended."""
    if not len(other):
        return np.full(frames, -1, np.int64)
    at, ended = _places(frames, rate_hz, len(other), other_rate_hz)
    found = np.asarray(other).take(at, mode="clip").astype(np.int64)
    found[ended:] = -1
    return found


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
    work = telling(codes, rate_hz, other, other_rate_hz)
    while True:
        try:
            next(work)
        except StopIteration as end:
            found: NDArray[np.float64] = end.value
            return found


def telling(
    codes: Codes, rate_hz: float, other: Codes, other_rate_hz: float
) -> Generator[None, None, NDArray[np.float64]]:
    """`told_by` in steps of a few milliseconds, for recordings of hours."""
    there = matched(len(codes), rate_hz, other, other_rate_hz)
    told = np.full(len(codes), np.nan)
    ended = int(np.searchsorted(there < 0, True))  # the other's frames end once
    if not ended:
        return told
    yield
    there, mine = there[:ended], np.asarray(codes[:ended])
    pairs = there * (int(mine.max()) + 1) + mine
    yield
    alike = yield from _occurrences(pairs)
    chances = yield from _occurrences(there)
    told[:ended] = np.where(chances > 1, (alike - 1) / np.maximum(chances - 1, 1), np.nan)
    return told


@lru_cache(maxsize=4)
def _places(frames: int, rate_hz: float, other_frames: int, other_rate_hz: float) -> tuple[NDArray[np.int64], int]:
    """The frame of the other at the middle of each frame, and the first frame at which it has ended. The same for all
    books of a rate."""
    at = np.floor((np.arange(frames) + 0.5) / rate_hz * other_rate_hz).astype(np.int64)
    return at, int(np.searchsorted(at, other_frames))


def mean_known(values: NDArray[np.float64]) -> float | None:
    """The mean without NaN; None where all are."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None


def _occurrences(values: NDArray[np.int64]) -> Generator[None, None, NDArray[np.int64]]:
    """How often each value (not negative) occurs among all of them, `[F]`."""
    bins = int(values.max()) + 1
    if bins > min(MOST_BINS, SPARSE * len(values)):  # sorted: slower for many tokens, but needs less memory
        _, which, times = np.unique(values, return_inverse=True, return_counts=True)
        return np.asarray(times[which.reshape(-1)], np.int64)
    counts = np.zeros(bins, np.int64)
    for start in range(0, len(values), CHUNK):
        counts += np.bincount(values[start : start + CHUNK], minlength=bins)
        yield
    found = np.empty(len(values), np.int64)
    for start in range(0, len(values), CHUNK):
        found[start : start + CHUNK] = counts[values[start : start + CHUNK]]
        yield
    return found
