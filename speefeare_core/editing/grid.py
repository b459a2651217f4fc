"""The cells of a clip as rows of numbers: one row a book, or, without books, one row of latent vectors."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.blocks.pieces import slowness
from speefeare_core.editing.edits import Region
from speefeare_core.errors import SpeefeareError

if TYPE_CHECKING:
    from speefeare_core.codec import CodecInfo, Encoded

Row = NDArray[Any]  # codes [F_k] int64, or latents [F, D] float32
Mask = NDArray[np.bool_]


def rows_of(info: CodecInfo, encoded: Encoded) -> list[Row]:
    """Copies of the rows of one recording (batch 1). Raises `SpeefeareError` where there is nothing to edit."""
    if encoded.code_groups:
        return [row.cpu().numpy().astype(np.int64) for group in encoded.code_groups for row in group[0]]
    if encoded.latents is None:
        raise SpeefeareError(f"{info.name} has neither codes nor latents that could be edited.")
    return [np.ascontiguousarray(encoded.latents[0].T.float().cpu().numpy()).copy()]


def with_rows(encoded: Encoded, rows: list[Row]) -> Encoded:
    """The recording with other rows of the same lengths, on the CPU; latents stay where there are codes."""
    import torch

    if not encoded.code_groups:
        return dataclasses.replace(encoded, latents=torch.from_numpy(rows[0].T.copy())[None])
    groups, first = [], 0
    for group in encoded.code_groups:
        count = group.shape[1]
        groups.append(torch.from_numpy(np.stack(rows[first : first + count]))[None].to(group.dtype))
        first += count
    return dataclasses.replace(encoded, code_groups=tuple(groups))


def slowness_of(info: CodecInfo, rows: int) -> list[int]:
    """Frames of the fastest book within one cell of each row."""
    return [slowness(info, book) for book in range(rows)] if info.books else [1]


def frames_of(rows: list[Row], slow: list[int]) -> int:
    """Frames of the fastest rate."""
    return max(len(row) * times for row, times in zip(rows, slow, strict=True))


def books_of(region: Region, info: CodecInfo, rows: int) -> tuple[int, ...]:
    """The rows of a region. Raises `SpeefeareError` for a book that the recording does not have."""
    if not info.books:
        return (0,)
    missing = [book + 1 for book in region.books if book >= rows]
    if missing:
        raise SpeefeareError(f"book {missing[0]} does not exist in {info.name}, which gave {rows}")
    return region.books or tuple(range(rows))


def cells_of(region: Region, slow: int, length: int) -> tuple[int, int]:
    """The cells [first, stop) of a row whose middles a region holds; `slow` as in `slowness_of`."""
    stop = length if region.stop is None else min(length, first_cell(region.stop, slow))
    return min(first_cell(region.start, slow), stop), stop


def first_cell(frame: int, slow: int) -> int:
    """The first cell of a row whose middle lies at or behind the beginning of a frame of the fastest."""
    return max(0, -((slow - 2 * frame) // (2 * slow)))
