"""Counts of the tokens of Live that fade with a half-life, and the last tokens of each book."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.widgets.book_usage import BookUsage
from workbench.widgets.live_feed import LiveFeed

FORGOTTEN = 0.05  # of a token: counts below it are taken for none
KEPT = 512  # of the last tokens


class LiveCounts:
    """`pull` reads what is new in the tap of the codes."""

    def __init__(self) -> None:
        self._feed = LiveFeed()
        self.usage = BookUsage((), 1.0)
        self.last: NDArray[np.int64] = np.zeros((0, 0), np.int64)  # [K, ≤ KEPT], newest last
        self._key: tuple[object, ...] = ()

    def pull(self, taps: Mapping[str, Any], sizes: tuple[int, ...], frame_rate_hz: float, half_life_s: float) -> bool:
        """Count what is new; whether there was anything. Other taps or books begin anew."""
        other = self._feed.attach(taps)
        if other or self._key != (sizes, frame_rate_hz):
            self._key = (sizes, frame_rate_hz)
            self.usage = BookUsage(sizes, half_life_s * frame_rate_hz)
            self.last = np.zeros((len(sizes), 0), np.int64)
        self.usage.half_life_frames = max(half_life_s * frame_rate_hz, 1e-3)
        codes = self._feed.new("codebooks", "codes")
        if codes is None:
            return False
        self.usage.push(codes)
        self.last = np.concatenate([self.last, codes[: len(sizes)]], axis=1)[:, -KEPT:]
        return True

    def counts(self, book: int) -> NDArray[np.float64]:
        """Of a book, from 0: `[N]`; what is all but forgotten counts as nothing."""
        there = self.usage.counts_of(book)
        return np.where(there < FORGOTTEN, 0.0, there)
