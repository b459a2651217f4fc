"""The rows of a residual ladder: the energy of what each book left over, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from speefeare_core.codec import Codec, Encoded

Energies = NDArray[np.float32]


@dataclass(frozen=True)
class LadderRow:
    """‖r‖² after a book, or, `book` None, ‖z‖² before the first book of a chain of books that refine each other.

    Only rows of one chain lie in one space and are to be compared; see `quantizers.left_over`.
    """

    chain: int  # from 0
    book: int | None  # from 0


@dataclass(frozen=True)
class RowEnergies:
    """Of a recording or a piece of one."""

    rows: tuple[LadderRow, ...]
    energies: Energies  # [R, F], at the frame rate of the latents


def row_energies(codec: Codec, encoded: Encoded) -> RowEnergies | None:
    """The rows of an encoding `[1, …]` with its latents; None where there is no ladder (`Codec.residuals`)."""
    import torch

    with torch.inference_mode():
        rungs = codec.residuals(encoded)
        if rungs is None:
            return None
        rows, found = [], []
        for rung in rungs:
            rows.append(LadderRow(rung.chain, rung.book))
            found.append(rung.vectors[0].square().sum(dim=0).float().cpu().numpy())
    return RowEnergies(tuple(rows), np.stack(found))


def first_row(rows: tuple[LadderRow, ...], row: LadderRow) -> int:
    """Where the row stands that begins the chain of this one."""
    return next(index for index, other in enumerate(rows) if other.chain == row.chain and other.book is None)


def left_db(rows: tuple[LadderRow, ...], means: NDArray[np.float64]) -> tuple[float | None, ...]:
    """Mean energies `[R]` relative to the first of their chain, in dB; None where that is nothing."""
    found: list[float | None] = []
    for index, row in enumerate(rows):
        whole, left = float(means[first_row(rows, row)]), float(means[index])
        tiny = whole * 1e-12
        found.append(float(10 * np.log10(max(left, tiny) / whole)) if whole > 0 else None)
    return tuple(found)


def growing_books(rows: tuple[LadderRow, ...], means: Sequence[float]) -> tuple[int, ...]:
    """Books, from 0, that left more than they were given, by more than 1 %: they do not fit these latents."""
    pairs = zip(zip(rows, means, strict=True), zip(rows[1:], means[1:], strict=True), strict=False)
    return tuple(row.book for (_, before), (row, after) in pairs if row.book is not None and after > 1.01 * before)
