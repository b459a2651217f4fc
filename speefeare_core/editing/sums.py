"""What the decoder hears of edited tokens: the sum over the books, some silent for a while, some not quantised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from speefeare_core.editing.grid import Mask, rows_of, slowness_of
from speefeare_core.errors import SpeefeareError
from speefeare_core.quantizers.factorised import FactorisedRVQ

if TYPE_CHECKING:
    from speefeare_core.codec import Codec
    from speefeare_core.editing.edited import Edited


def summed(codec: Codec, edited: Edited, books: Sequence[int]) -> Tensor:
    """Latents `[1, D, F]` from these books, from 0. Raises `SpeefeareError` where the codec's books are no sums."""
    if not codec.info.books:
        assert edited.encoded.latents is not None
        return edited.encoded.latents.to(codec.device)
    with torch.inference_mode():
        if not any(edited.continuous[book].any() for book in books):
            return _quantised(codec, edited, books)
        if edited.original.latents is None:
            raise SpeefeareError(f"{codec.info.name} gave no latents, so none of its books can be continuous.")
        quantizer: Any = codec._quantizer
        if isinstance(quantizer, FactorisedRVQ):
            return _factorised(codec, quantizer, edited, books)
        return _chains(codec, quantizer, edited, books)


def _quantised(codec: Codec, edited: Edited, books: Sequence[int]) -> Tensor:
    """Entries alone: those that always speak in one sum, the others where they do."""
    always = [book for book in books if not edited.silent[book].any()]
    total = _added(codec, edited, always) if always else None
    for book in books:
        if book not in always:
            part = _added(codec, edited, [book])
            part = part * _at_full_rate(edited, book, ~edited.silent[book], part)
            total = part if total is None else total + part
    assert total is not None
    return total


def _chains(codec: Codec, quantizer: Any, edited: Edited, books: Sequence[int]) -> Tensor:
    """Residual and split books: behind a continuous book nothing is left, so the books after it are silent."""
    rungs = codec.residuals(edited.original)
    if rungs is None:
        raise SpeefeareError(f"The quantiser of {codec.info.name} cannot be opened, so its books cannot be continuous.")
    total = before = opened = None
    for rung in rungs:
        book = rung.book
        if book is None:
            opened = torch.zeros(rung.vectors.shape[-1], dtype=torch.bool, device=rung.vectors.device)
        elif book in books:
            assert before is not None and opened is not None
            part = _added(codec, edited, [book])
            free = _at_full_rate(edited, book, edited.continuous[book] & ~edited.silent[book], part) > 0
            speaks = _at_full_rate(edited, book, ~edited.silent[book], part) > 0
            part = part * (speaks & ~free & ~opened)
            if bool(free.any()):
                left = before.vectors
                wanted = quantizer.pass_through(left, book) if hasattr(quantizer, "pass_through") else left
                part = part + wanted * (free & ~opened)
            opened = opened | free
            total = part if total is None else total + part
        before = rung
    assert total is not None
    return total


def _factorised(codec: Codec, quantizer: FactorisedRVQ, edited: Edited, books: Sequence[int]) -> Tensor:
    """A continuous book leaves over what its few dimensions do not hold; the books after it are searched for that."""
    assert edited.original.latents is not None
    residual = edited.original.latents.to(codec.device)
    first = [torch.from_numpy(row)[None].to(codec.device) for row in rows_of(codec.info, edited.original)]
    now = [torch.from_numpy(row)[None].to(codec.device) for row in rows_of(codec.info, edited.encoded)]
    behind = torch.zeros(residual.shape[-1], dtype=torch.bool, device=codec.device)
    total = torch.zeros_like(residual)
    for book in range(len(now)):
        part = quantizer.book(book)
        projected = part.project(residual)
        free = _at_full_rate(edited, book, edited.continuous[book] & ~edited.silent[book], residual) > 0
        free = free if book in books else torch.zeros_like(behind)
        speaks = _at_full_rate(edited, book, ~edited.silent[book], residual) > 0
        codes, found = now[book], first[book]
        if bool(behind.any()):
            cells = behind.view(-1, part.stride).any(dim=1)
            found = torch.where(cells[None], part.search(projected), found)
            codes = torch.where(cells[None] & (codes == first[book]), found, codes)
        exact = part.spread(projected)
        if book in books:
            total = total + torch.where(free, exact, part.decode(codes)) * speaks
        residual = residual - torch.where(free, exact, part.decode(found))
        behind = behind | free
    return total


def _added(codec: Codec, edited: Edited, books: Sequence[int]) -> Tensor:
    first = tuple(books) == tuple(range(len(books)))  # of the first books the sum is that of `decode`, to the bit
    found = codec.quantized_latents(edited.encoded, len(books)) if first else codec.book_latents(edited.encoded, books)
    if found is None:
        raise SpeefeareError(f"The books of {codec.info.name} are not summed, so none can be silent for a while.")
    return found


def _at_full_rate(edited: Edited, book: int, mask: Mask, like: Tensor) -> Tensor:
    """A mask `[F_k]` of one book at the frame rate of the latents `[F]`, 0 or 1."""
    times = slowness_of(edited.info, len(edited.silent))[book]
    full = np.repeat(mask, times)[: like.shape[-1]]
    return torch.from_numpy(full.astype(np.float32)).to(like)
