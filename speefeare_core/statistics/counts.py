"""How often each entry of each book was chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]  # [N] of one book


@dataclass(frozen=True, eq=False)
class TokenCounts:
    """One array `[N_k]` for each of K books; books of slower frame rates have fewer tokens."""

    books: tuple[Counts, ...]

    @classmethod
    def none(cls, sizes: Sequence[int]) -> TokenCounts:
        """Nothing counted yet."""
        return cls(tuple(np.zeros(size, np.int64) for size in sizes))

    @property
    def tokens(self) -> tuple[int, ...]:
        """How many tokens of each book were counted."""
        return tuple(int(book.sum()) for book in self.books)

    def add(self, groups: Sequence[NDArray[Any]]) -> None:
        """Count codes, one array `[K_g, F_g]` for each frame rate, in book order; negative ones (lost) do not count.

        Raises ValueError for more books than there are, or an index beyond its book.
        """
        rows = [row for group in groups for row in group]
        if len(rows) > len(self.books):
            raise ValueError(f"codes of {len(rows)} books for counts of {len(self.books)}")
        for book, row in zip(self.books, rows, strict=False):
            book += count(row, len(book))

    def __add__(self, other: TokenCounts) -> TokenCounts:
        return TokenCounts(tuple(a + b for a, b in zip(self.books, other.books, strict=True)))


def count(codes: NDArray[Any], size: int) -> Counts:
    """How often each of `size` entries is among the codes (of any shape). Raises ValueError for an index beyond it."""
    there = np.asarray(codes).reshape(-1)
    if there.size and int(there.min()) < 0:
        there = there[there >= 0]
    found = np.bincount(there, minlength=size)
    if len(found) > size:
        raise ValueError(f"index {len(found) - 1} of a book of {size}")
    return found.astype(np.int64)
