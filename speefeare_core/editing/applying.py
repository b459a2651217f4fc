"""A list of edits replayed on the encoding of a clip. What each edit does, exactly, stands in `edits`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from speefeare_core.editing import seeded
from speefeare_core.editing.edited import Edited
from speefeare_core.editing.edits import (
    Continuous,
    Copy,
    Edit,
    EditList,
    Freeze,
    Neighbours,
    Restore,
    SetIndex,
    Shuffle,
    Swap,
    Zero,
)
from speefeare_core.editing.grid import (
    Mask,
    Row,
    books_of,
    cells_of,
    first_cell,
    frames_of,
    rows_of,
    slowness_of,
    with_rows,
)
from speefeare_core.editing.nearest import nearest_entries
from speefeare_core.errors import SpeefeareError

if TYPE_CHECKING:
    from speefeare_core.codec import Codec, CodecInfo, Encoded


def apply(edits: EditList, encoded: Encoded, codec: Codec, sources: Mapping[str, Encoded]) -> Edited:
    """Replay `edits` on a recording of batch 1; `sources` are the encodings of the list's sources by their keys.

    Raises `SpeefeareError` for what this codec or this clip cannot do, with the number of the edit.
    """
    grid = _Grid.of(codec.info, encoded)
    others = {key: rows_of(codec.info, source) for key, source in sources.items()}
    for number, edit in enumerate(edits.edits, 1):
        try:
            _DO[edit.kind](grid, edit, _Help(codec, others))
        except SpeefeareError as error:
            raise SpeefeareError(f"Edit {number} ({edit.kind}) cannot be done: {error}.") from error
    if edits.continuous and not codec.info.books:
        raise SpeefeareError(f"{codec.info.name} is continuous already: it has no books to switch.")
    for book in edits.continuous:
        if book >= len(grid.rows):
            raise SpeefeareError(f"Book {book + 1} cannot be continuous: {codec.info.name} has {len(grid.rows)} books.")
        grid.continuous[book] = ~grid.silent[book]
    return Edited(codec.info, encoded, with_rows(encoded, grid.rows), tuple(grid.silent), tuple(grid.continuous))


@dataclass
class _Grid:
    """Rows as they stand now, and which cells are silent and continuous."""

    info: CodecInfo
    first: list[Row]  # before all edits
    rows: list[Row]
    slow: list[int]
    silent: list[Mask] = field(default_factory=list)
    continuous: list[Mask] = field(default_factory=list)

    @classmethod
    def of(cls, info: CodecInfo, encoded: Encoded) -> _Grid:
        first = rows_of(info, encoded)
        nothing = [np.zeros(len(row), np.bool_) for row in first]
        return cls(
            info,
            first,
            [row.copy() for row in first],
            slowness_of(info, len(first)),
            nothing,
            [mask.copy() for mask in nothing],
        )

    def cells(self, edit: Edit) -> list[tuple[int, int, int]]:
        """(row, first, stop) of each row of the region."""
        frames = frames_of(self.rows, self.slow)
        if edit.region.start >= frames:
            raise SpeefeareError(f"it begins at frame {edit.region.start}, and the clip has {frames}")
        books = books_of(edit.region, self.info, len(self.rows))
        return [(book, *cells_of(edit.region, self.slow[book], len(self.rows[book]))) for book in books]

    def write(self, book: int, first: int, values: Row, silent: Mask | bool = False) -> None:
        """Cells that say these codes from now on, or are silent."""
        stop = first + len(values)
        self.rows[book][first:stop] = values
        self.silent[book][first:stop] = silent
        self.continuous[book][first:stop] = False


@dataclass
class _Help:
    codec: Codec
    others: Mapping[str, list[Row]]

    def source(self, key: str) -> list[Row]:
        if key not in self.others:
            raise SpeefeareError(f'its source "{key}" is not there')
        return self.others[key]


def _need_codes(grid: _Grid) -> None:
    if not grid.info.books:
        raise SpeefeareError(f"{grid.info.name} has continuous latents and no codes")


def _set(grid: _Grid, edit: SetIndex, helps: _Help) -> None:
    _need_codes(grid)
    for book, first, stop in grid.cells(edit):
        size = grid.info.books[book].size
        if edit.index >= size:
            raise SpeefeareError(f"book {book + 1} has the entries 0 to {size - 1}, not {edit.index}")
        grid.write(book, first, np.full(stop - first, edit.index, np.int64))


def _zero(grid: _Grid, edit: Zero, helps: _Help) -> None:
    for book, first, stop in grid.cells(edit):
        if grid.info.books:
            grid.silent[book][first:stop] = True
            grid.continuous[book][first:stop] = False
        else:
            grid.rows[book][first:stop] = 0.0


def _shuffle(grid: _Grid, edit: Shuffle, helps: _Help) -> None:
    for book, first, stop in grid.cells(edit):
        order = first + seeded.permutation(edit.seed, 0 if edit.together else book + 1, stop - first)
        grid.write(book, first, grid.rows[book][order], grid.silent[book][order])


def _freeze(grid: _Grid, edit: Freeze, helps: _Help) -> None:
    at = edit.region.start if edit.at is None else edit.at
    for book, first, stop in grid.cells(edit):
        cell = at // grid.slow[book]
        if cell >= len(grid.rows[book]):
            raise SpeefeareError(f"frame {at} is behind the end of the clip")
        held = np.full(stop - first, cell)
        grid.write(book, first, grid.rows[book][held], grid.silent[book][held])


def _copy(grid: _Grid, edit: Copy, helps: _Help) -> None:
    begin = edit.region.start if edit.at is None else edit.at
    silent: Sequence[Mask | None] = [None] * len(grid.rows)
    if edit.source:
        rows = helps.source(edit.source)
    else:
        rows, silent = [row.copy() for row in grid.rows], [mask.copy() for mask in grid.silent]
    for book, first, stop in grid.cells(edit):
        start = first_cell(begin, grid.slow[book])
        taken = slice(start, start + stop - first)
        mute = silent[book]
        values = _same_book(rows, book)[taken]
        grid.write(book, first, values, False if mute is None else mute[taken])


def _swap(grid: _Grid, edit: Swap, helps: _Help) -> None:
    rows = helps.source(edit.source)
    for book, first, stop in grid.cells(edit):
        other, own = _same_book(rows, book), len(grid.rows[book])
        at = np.arange(first, stop)
        if edit.fit == "cut":
            at = at[at < len(other)]
        elif edit.fit == "repeat":
            at = at % len(other)
        else:
            at = at * len(other) // own
        grid.write(book, first, other[at])


def _same_book(rows: list[Row], book: int) -> Row:
    if book >= len(rows):
        raise SpeefeareError(f"its source has {len(rows)} books, so book {book + 1} is not there")
    return rows[book]


def _neighbours(grid: _Grid, edit: Neighbours, helps: _Help) -> None:
    _need_codes(grid)
    for book, first, stop in grid.cells(edit):
        entries = helps.codec.book_entries(book)
        if entries is None:
            raise SpeefeareError(f"the books of {grid.info.name} hold no entries that could be near to each other")
        if not 1 <= edit.k < len(entries):
            raise SpeefeareError(f"book {book + 1} has {len(entries)} entries, so k should be 1 to {len(entries) - 1}")
        codes, places = np.unique(grid.rows[book][first:stop], return_inverse=True)
        near = nearest_entries(entries.float().cpu().numpy(), codes, edit.k)
        drawn = seeded.choices(edit.seed, book + 1, np.arange(stop - first), edit.k)
        grid.write(book, first, near[places, drawn], grid.silent[book][first:stop].copy())


def _continuous(grid: _Grid, edit: Continuous, helps: _Help) -> None:
    _need_codes(grid)
    for book, first, stop in grid.cells(edit):
        grid.continuous[book][first:stop] = True
        grid.silent[book][first:stop] = False


def _restore(grid: _Grid, edit: Restore, helps: _Help) -> None:
    for book, first, stop in grid.cells(edit):
        grid.write(book, first, grid.first[book][first:stop])


_DO: dict[str, Callable[[_Grid, Any, _Help], None]] = {
    SetIndex.kind: _set,
    Zero.kind: _zero,
    Shuffle.kind: _shuffle,
    Freeze.kind: _freeze,
    Copy.kind: _copy,
    Swap.kind: _swap,
    Neighbours.kind: _neighbours,
    Continuous.kind: _continuous,
    Restore.kind: _restore,
}
