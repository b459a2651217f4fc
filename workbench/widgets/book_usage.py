"""How evenly the entries of each book are used: counts that fade with a half-life, and their entropy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST = 1 << 30  # of a weight, before all are scaled down


class BookUsage:
    """`push` codes as they come. Older frames weigh half as much after every half-life."""

    def __init__(self, sizes: tuple[int, ...], half_life_frames: float) -> None:
        self.sizes = sizes
        self.half_life_frames = half_life_frames
        self._counts = np.zeros((len(sizes), max(sizes, default=1)))
        self._weight = 1.0  # of the next frame: grows, so that what is older need not be touched

    def push(self, codes: NDArray[Any]) -> None:
        """Codes `[K, n]`; negative ones (lost) do not count."""
        count = codes.shape[1]
        if not count or not self.sizes:
            return
        codes = codes[: len(self.sizes)]
        weights = self._weight * 2.0 ** (np.arange(count) / self.half_life_frames)
        good = (codes >= 0) & (codes < self._counts.shape[1])
        books = np.broadcast_to(np.arange(len(codes))[:, None], codes.shape)
        np.add.at(self._counts, (books[good], codes[good]), np.broadcast_to(weights, codes.shape)[good])
        self._weight = float(weights[-1]) * 2.0 ** (1.0 / self.half_life_frames)
        if self._weight > LARGEST:
            self._counts /= self._weight
            self._weight = 1.0

    @property
    def frames(self) -> float:
        """How many frames count now: at most the half-life over ln 2."""
        return float(self._counts[0].sum() / self._weight * 2.0 ** (1.0 / self.half_life_frames)) if self.sizes else 0.0

    def counts_of(self, book: int) -> NDArray[np.float64]:
        """How often each entry of a book, from 0, counts now `[N]`: a token of this moment counts once."""
        scale = 2.0 ** (1.0 / self.half_life_frames) / self._weight
        return np.asarray(self._counts[book, : self.sizes[book]] * scale)

    def entropy_bits(self) -> NDArray[np.float64]:
        """Entropy of each book's entries `[K]` in bits; 2 to its power is the perplexity."""
        total = self._counts.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = self._counts / total[:, None]
            terms = np.where(self._counts > 0, share * np.log2(share), 0.0)
        return np.where(total > 0, np.maximum(-terms.sum(axis=1), 0.0), 0.0)
