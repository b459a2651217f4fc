"""The gates of an LSTM for one step (`gates.c`)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from speefeare_core.native import held, is_plain, needed

LANES = 8


def fits(width: int) -> bool:
    """Whether an LSTM of this width can be had."""
    return width % LANES == 0


def gates(sums: Tensor, cell: Tensor, hidden: Tensor) -> Callable[[], object]:
    """A call that takes the gates' sums `[4·D]` and the cell `[D]` to the cell after them and the hidden values `[D]`.

    Gates in torch's order: input, forget, new, output. All are contiguous float32; raises ValueError where not.
    """
    width = cell.shape[0]
    if (sums.shape, cell.shape, hidden.shape) != ((4 * width,), (width,), (width,)) or not fits(width):
        raise ValueError(f"sums {list(sums.shape)}, cell {list(cell.shape)}, hidden {list(hidden.shape)}")
    if not is_plain(sums, cell, hidden):
        raise ValueError("all are contiguous float32")
    given = (sums.data_ptr(), cell.data_ptr(), hidden.data_ptr(), width)
    return held(needed().gates, given, (sums, cell, hidden))
