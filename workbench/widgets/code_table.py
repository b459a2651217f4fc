"""The tokens in sight as arrays and as a table, to be taken out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.widgets.code_rows import CodeRow
from workbench.widgets.figure import Cell, Table


def _in_sight(row: CodeRow, start_s: float, end_s: float) -> tuple[int, int]:
    """Frames [first, stop) of which some part is in [start, end)."""
    first = min(max(int(start_s * row.frame_rate_hz + 1e-9), 0), len(row.codes))
    stop = min(int(np.ceil(end_s * row.frame_rate_hz - 1e-9)), len(row.codes))
    return first, max(first, stop)


def code_arrays(rows: Sequence[CodeRow], start_s: float, end_s: float) -> dict[str, NDArray[Any]]:
    """For each book its indices in sight and when each begins."""
    found: dict[str, NDArray[Any]] = {}
    for row in rows:
        first, stop = _in_sight(row, start_s, end_s)
        found[f"book_{row.book:02d}_index"] = np.array(row.codes[first:stop])
        found[f"book_{row.book:02d}_time_s"] = np.arange(first, stop) / row.frame_rate_hz
    return found


def code_table(rows: Sequence[CodeRow], start_s: float, end_s: float) -> Table:
    """One line for each token in sight."""

    def lines() -> Iterator[Sequence[Cell]]:
        for row in rows:
            first, stop = _in_sight(row, start_s, end_s)
            for frame in range(first, stop):
                time_s = round(frame / row.frame_rate_hz, 6)
                yield row.book, row.role, row.size, frame, time_s, int(row.codes[frame])

    return Table(("book", "role", "size", "frame", "time_s", "index"), lines())
