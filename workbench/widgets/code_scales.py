"""Values that colour tokens: how rare they are, how much they changed, how well they agree with others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.statistics.measures import surprisal_bits
from workbench.widgets.code_rows import CodeRow, Scale, levels_of

Array = NDArray[Any]
RANGE_DB = 60.0  # below the largest entry, where changes are no longer told apart


def surprisal_scale(rows: Sequence[CodeRow], counts: Array) -> Scale:
    """By −log2 of how frequent an entry is in a corpus; counts `[K, N]`."""
    bits = [surprisal_bits(counts[row.book - 1, : row.size]) for row in rows]
    top = max((float(row.max()) for row in bits), default=1.0)
    return Scale("Surprisal", "0 bit", f"{top:.1f} bit", tuple(levels_of(row, 0.0, top) for row in bits), map="magma")


def change_scale(rows: Sequence[CodeRow], norms: Array) -> Scale:
    """By what an entry adds to the latents: ‖entry‖² in dB below the largest one of all books; norms `[K, N]`."""
    levels_db = [change_db(norms, row.book - 1)[: row.size] for row in rows]
    known = np.concatenate([row[np.isfinite(row)] for row in levels_db]) if levels_db else np.zeros(0)
    low = max(-RANGE_DB, float(np.floor(known.min())) if known.size else -RANGE_DB)
    levels = tuple(levels_of(np.maximum(row, low), low, 0.0) for row in levels_db)
    return Scale("Change", f"{low:.0f} dB".replace("-", "−"), "0 dB", levels, map="viridis")


def change_db(norms: Array, book: int) -> NDArray[np.float64]:
    """‖entry‖² of a book, from 0, in dB below the largest entry of all books; −inf for an entry that is nothing."""
    largest = max(float(np.nanmax(norms)), 1e-30)
    with np.errstate(divide="ignore"):
        return np.asarray(20.0 * np.log10(np.asarray(norms[book], np.float64) / largest))


def agreement_scale(levels: Sequence[Array | None], same: bool) -> Scale:
    """By levels `[F]` of agreement: the same entry or not, or how well the other foretells it."""
    low, high = ("differs", "same") if same else ("0 %", "100 %")
    return Scale("Agreement", low, high, tuple(levels), by_entry=False, map="cividis")
