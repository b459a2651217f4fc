"""What counts of entries say: entropy, perplexity, dead codes, surprisal.

All are taken from the counts as they are (plug-in estimates). Few tokens make them too small: n tokens cannot show more
than log2 n bits nor n entries, which is why the ceilings are given beside them.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PRIOR = 0.5  # added to each count before a logarithm (Jeffreys; Krichevsky & Trofimov 1981)


@dataclass(frozen=True)
class BookUse:
    """One book in what was counted."""

    book: int  # from 1
    size: int
    tokens: int
    bits: float  # log2 of the size
    entropy_bits: float  # −Σ p log2 p
    ceiling_bits: float  # the most that so many tokens of such a book can show
    perplexity: float  # 2 to the entropy: how many equally likely entries it behaves like
    used: int  # entries chosen at least once
    dead: int  # entries never chosen
    dead_if_even: float  # how many would be expected if all were equally likely
    most_used: int  # the entry chosen most often; −1: none was
    most_used_share: float

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def use_of(counts: NDArray[Any], book: int = 1) -> BookUse:
    """What the counts `[N]` of one book say; weights that fade with time do as well as whole numbers."""
    size, tokens = len(counts), float(counts.sum())
    entropy = entropy_bits(counts)
    used = int(np.count_nonzero(counts > 0))
    most = int(np.argmax(counts)) if tokens > 0 else -1
    return BookUse(
        book=book,
        size=size,
        tokens=round(tokens),
        bits=math.log2(size),
        entropy_bits=entropy,
        ceiling_bits=min(math.log2(size), math.log2(tokens)) if tokens >= 1 else 0.0,
        perplexity=2.0**entropy if tokens > 0 else 0.0,
        used=used,
        dead=size - used,
        dead_if_even=size * (1.0 - 1.0 / size) ** tokens,
        most_used=most,
        most_used_share=float(counts[most]) / tokens if tokens > 0 else 0.0,
    )


def entropy_bits(counts: NDArray[Any]) -> float:
    """−Σ p log2 p of counts `[N]`, in bits; 0 where nothing was counted."""
    there = np.asarray(counts, np.float64)
    there = there[there > 0]
    if not there.size:
        return 0.0
    share = there / there.sum()
    return max(0.0, float(-(share * np.log2(share)).sum()))


def surprisal_bits(counts: NDArray[Any]) -> NDArray[np.float64]:
    """−log2 of how frequent each entry is `[N]`, with `PRIOR` added to each count so that none is impossible."""
    there = np.asarray(counts, np.float64) + PRIOR
    return np.asarray(-np.log2(there / there.sum()))


def mean_surprisal_bits(counts: NDArray[Any], reference: NDArray[Any]) -> float | None:
    """Bits that a token of `counts` costs on average under the frequencies of `reference` (cross-entropy). None: no
    tokens."""
    tokens = float(counts.sum())
    return float((counts * surprisal_bits(reference)).sum()) / tokens if tokens > 0 else None
