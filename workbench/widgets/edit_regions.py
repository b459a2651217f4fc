"""Between the rectangles of a grid of tokens, in rows and seconds, and the regions of edits, in books and frames."""

from __future__ import annotations

import math
from collections.abc import Sequence

from speefeare_core.editing.edits import Region
from workbench.widgets.code_rows import CellRange, CodeRow

BEYOND = 1e-6  # keeps an edge that is a frame's from falling into the frame beside it


def range_of(region: Region, rows: Sequence[CodeRow], frame_rate_hz: float) -> CellRange | None:
    """What is outlined for a region; rows are in book order. None where there are no rows."""
    if not rows:
        return None
    books = region.books or tuple(range(len(rows)))
    length = max(len(row.codes) / row.frame_rate_hz for row in rows)
    stop = length if region.stop is None else region.stop / frame_rate_hz
    return CellRange(books[0], min(books[-1], len(rows) - 1), region.start / frame_rate_hz, stop)


def region_of(cells: CellRange, rows: Sequence[CodeRow], frame_rate_hz: float) -> Region:
    """The frames of the fastest book that a rectangle touches, at least one, within the clip."""
    frames = max(math.ceil(len(row.codes) * frame_rate_hz / row.frame_rate_hz - BEYOND) for row in rows)
    start = min(max(0, math.floor(cells.start_s * frame_rate_hz + BEYOND)), frames - 1)
    stop = min(max(start + 1, math.ceil(cells.end_s * frame_rate_hz - BEYOND)), frames)
    return Region(start, stop, tuple(range(cells.first_row, min(cells.last_row, len(rows) - 1) + 1)))
