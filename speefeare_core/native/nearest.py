"""Residual search through books (`nearest.c`)."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from speefeare_core.native import is_plain, needed
from speefeare_core.native.products import MOST_ROWS, WHOLE_INPUTS

ULP = torch.finfo(torch.float32).eps
LANES, ROUNDINGS = 8, 16  # of the vectors, and beside the sum: lanes, the norm, the row's length


def fits(books: Sequence[Tensor], rows: int) -> bool:
    """Whether books `[N, D]`, all of one size, can be searched for so many rows."""
    sizes = {tuple(book.shape) for book in books}
    return rows <= MOST_ROWS and len(sizes) == 1 and next(iter(sizes))[1] % WHOLE_INPUTS == 0 and is_plain(*books)


def slack_of(books: Sequence[Tensor]) -> Tensor:
    """`[K, 2]`: by how much scores x·c - |c|²/2 may differ when they are summed in another order, of |x| and at least.

    A sum of D products, one after the other, is off by at most D + 1 half units in the last place of |x| |c|, which the
    sum of their absolute values does not exceed; in eight lanes by D / 8 and the sum of the lanes. Each of the two
    scores that are compared may be off by both.
    """
    rows = []
    for book in books:
        longest, width = float(book.norm(dim=1).max()), book.shape[1]
        rows.append([(width + width / LANES + ROUNDINGS) * ULP * longest, ROUNDINGS * ULP * longest**2 / 2])
    return torch.tensor(rows)


def nearest(
    books: Sequence[Tensor], biases: Sequence[Tensor], rest: Tensor, codes: Tensor, slack: Tensor | None
) -> Callable[[int], int]:
    """`run(first)` searches the books from `first` on and gives the first one that it left undecided, or their number.

    Books `[N, D]` and what is added to their scores `[N]`, the rows `rest` `[n, D]`, which end as what no book took,
    and `codes` `[K, n]`. Undecided is a book, with `slack` `[K, 2]`, in which two entries are nearer to each other than
    another order of summing may tell apart.
    """
    found = needed()
    (size, width), rows = books[0].shape, rest.shape[0]
    plain = is_plain(*books, *biases, rest) and codes.is_contiguous() and codes.dtype == torch.int64
    if not fits(books, rows) or not plain or codes.shape != (len(books), rows) or rest.shape[1] != width:
        raise ValueError(f"{len(books)} books of {size} entries, {rows} rows: buffers of other shapes or kinds")
    scores = rest.new_empty(rows * size)
    pointers = [(ctypes.c_void_p * len(books))(*(t.data_ptr() for t in tensors)) for tensors in (books, biases)]
    kept = (books, biases, pointers, slack, rest, scores, codes)
    given = [ctypes.addressof(array) for array in pointers] + [
        None if slack is None else slack.data_ptr(), rest.data_ptr(), scores.data_ptr(), codes.data_ptr()
    ]  # fmt: skip
    function, count = found.nearest, len(books)

    def run(first: int) -> int:
        _ = kept  # so that their memory stays
        stopped: int = function(*given, first, count, rows, size, width)
        return stopped

    return run
