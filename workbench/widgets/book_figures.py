"""The views of the books as figures, to be taken out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QWidget

from speefeare_core.statistics.measures import BookUse, surprisal_bits
from workbench.widgets.entry_map import EntryMap
from workbench.widgets.figure import Figure, Table

Array = NDArray[Any]
USE_COLUMNS = (
    "book", "role", "size", "tokens", "bits", "entropy_bits", "ceiling_bits", "perplexity", "used", "dead",
    "dead_if_even",
)  # fmt: skip


def uses_figure(
    widget: QWidget, uses: Sequence[BookUse], roles: Sequence[str], counts: Sequence[Array], notes: tuple[str, ...]
) -> Figure:
    """The table of all books, and the counts behind it."""

    def arrays() -> dict[str, Array]:
        found = {f"book_{book:02d}_count": row for book, row in enumerate(counts, 1)}
        return {"entropy_bits": np.array([use.entropy_bits for use in uses]), **found}

    def rows() -> Table:
        lines = (
            (use.book, role, use.size, use.tokens, use.bits, use.entropy_bits, use.ceiling_bits, use.perplexity,
             use.used, use.dead, use.dead_if_even)
            for use, role in zip(uses, roles, strict=True)
        )  # fmt: skip
        return Table(USE_COLUMNS, lines)

    return Figure("codebooks", "Use of the codebooks", widget, arrays, rows, notes)


def usage_figure(widget: QWidget, book: int, counts: Array, norms: Array, notes: tuple[str, ...]) -> Figure:
    """How often each entry of a book, from 0, was chosen."""
    bits = surprisal_bits(counts)
    return Figure(
        f"codebook_{book + 1:02d}_usage",
        f"Use of the entries of book {book + 1}",
        widget,
        lambda: {"count": counts, "surprisal_bits": bits, "norm": norms},
        lambda: Table(
            ("entry", "count", "surprisal_bits", "norm"),
            ((entry, float(counts[entry]), float(bits[entry]), float(norms[entry])) for entry in range(len(counts))),
        ),
        notes,
    )


def map_figure(widget: EntryMap, book: int, counts: Array, notes: tuple[str, ...]) -> Figure:
    """Where the entries of a book, from 0, lie on the map, and the path through them."""
    points, near, path = widget.points, widget.neighbours, widget.path
    nearest = near[:, 0] if near.shape[1:] and near.shape[1] else np.full(len(points), -1)
    return Figure(
        f"codebook_{book + 1:02d}_map",
        f"Map of the entries of book {book + 1}",
        widget,
        lambda: {"points": points, "count": counts, "neighbours": near, "path": np.array(path)},
        lambda: Table(
            ("entry", "x", "y", "count", "nearest"),
            (
                (entry, float(x), float(y), float(counts[entry]), int(nearest[entry]))
                for entry, (x, y) in enumerate(points)
            ),
        ),
        notes,
    )
