"""The tokens in sight as arrays and as a table, with the values that colour them, to be taken out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.widgets.code_rows import CodeRow
from workbench.widgets.figure import Cell, Table

Array = NDArray[Any]


@dataclass(frozen=True)
class Values:
    """What colours the tokens: a name with its unit, and the values of frames [first, stop) of a row (NaN: unknown)."""

    name: str
    of: Callable[[int, int, int], Array]


def _in_sight(row: CodeRow, start_s: float, end_s: float) -> tuple[int, int]:
    """Frames [first, stop) of which some part is in [start, end)."""
    first = min(max(int(start_s * row.frame_rate_hz + 1e-9), 0), len(row.codes))
    stop = min(int(np.ceil(end_s * row.frame_rate_hz - 1e-9)), len(row.codes))
    return first, max(first, stop)


def code_arrays(
    rows: Sequence[CodeRow], start_s: float, end_s: float, values: Values | None = None
) -> dict[str, Array]:
    """For each book its indices in sight, when each begins, and the values that colour them."""
    found: dict[str, Array] = {}
    for index, row in enumerate(rows):
        first, stop = _in_sight(row, start_s, end_s)
        found[f"book_{row.book:02d}_index"] = np.array(row.codes[first:stop])
        found[f"book_{row.book:02d}_time_s"] = np.arange(first, stop) / row.frame_rate_hz
        if values is not None:
            found[f"book_{row.book:02d}_{values.name}"] = values.of(index, first, stop)
    return found


def code_table(rows: Sequence[CodeRow], start_s: float, end_s: float, values: Values | None = None) -> Table:
    """One line for each token in sight."""

    def lines() -> Iterator[Sequence[Cell]]:
        for index, row in enumerate(rows):
            first, stop = _in_sight(row, start_s, end_s)
            more = values.of(index, first, stop) if values is not None else None
            for frame in range(first, stop):
                time_s = round(frame / row.frame_rate_hz, 6)
                line: tuple[Cell, ...] = (row.book, row.role, row.size, frame, time_s, int(row.codes[frame]))
                yield line if more is None else (*line, round(float(more[frame - first]), 6))

    columns = ("book", "role", "size", "frame", "time_s", "index")
    return Table(columns if values is None else (*columns, values.name), lines())
