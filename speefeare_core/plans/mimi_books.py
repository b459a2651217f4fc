"""Mimi's split quantiser for a fixed number of frames: both projections in one product, books ready to be searched."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from speefeare_core import native
from speefeare_core.native.nearest import fits, nearest
from speefeare_core.plans.huge_pages import HugePages
from speefeare_core.plans.kernels import prepare
from speefeare_core.quantizers.split import ProjectedVQ, SplitVQ


class BookSearch:
    """Codes of the rows of `latents` `[n, D]`, in float32: every book on what those before it in its part leave."""

    def __init__(self, quantizer: SplitVQ, latents: Tensor) -> None:
        rows = latents.shape[0]
        self._latents = latents
        parts = _parts(quantizer)
        self._project = prepare(torch.cat([part.in_proj.weight for part in parts]), None, rows).apply
        self._widths = [part.vq.dim for part in parts]
        self._chosen = torch.zeros(quantizer.books, rows, dtype=torch.int64, device=latents.device)
        chosen = iter(torch.split(self._chosen, [part.vq.books for part in parts]))
        self._chains = [_Chain(part, latents, next(chosen)) for part in parts]

    def run(self) -> Tensor:
        """Codes `[1, K, n]`, a copy."""
        narrow = torch.split(self._project(self._latents, None), self._widths, 1)
        for rest, chain in zip(narrow, self._chains, strict=True):
            chain.run(rest)
        return self._chosen.clone()[None]


class _Chain:
    """Books one after the other, each on what those before it leave; all in one loop where ours is there."""

    def __init__(self, part: ProjectedVQ, latents: Tensor, chosen: Tensor) -> None:
        rows, pages = latents.shape[0], HugePages()
        books = [pages.keep(part.vq.layer(index).codebook.detach()) for index in range(part.vq.books)]
        # The nearest entry is that of the greatest v·c - |c|²/2.
        biases = [book.square().sum(dim=1) / -2 for book in books]
        self._rest, self._count = latents.new_zeros(rows, part.vq.dim), len(books)
        self._quick: Callable[[int], int] | None = None
        if native.is_there() and fits(books, rows) and native.is_plain(latents):
            self._quick = nearest(books, biases, self._rest, chosen, None)
        self._books = [
            (prepare(book, bias, rows).apply, latents.new_zeros(rows, book.shape[0]), book, its)
            for book, bias, its in zip(books, biases, chosen, strict=True)
            if self._quick is None
        ]

    def run(self, rest: Tensor) -> None:
        """Writes the codes of rows `[n, D]`."""
        if self._quick is not None:
            self._rest.copy_(rest)
            decided = self._quick(0)
            while decided < self._count:  # not a number: any entry is as good
                decided = self._quick(decided + 1)
            return
        for score, scores, entries, chosen in self._books:
            torch.argmax(score(rest, scores), dim=1, out=chosen)
            rest = rest - entries.index_select(0, chosen)


class BookSum:
    """What codes stand for: `output` `[n, D]`, the chosen entries of both parts summed and projected in one product."""

    def __init__(self, quantizer: SplitVQ, rows: int) -> None:
        parts = _parts(quantizer)
        weight = torch.cat([part.out_proj.weight for part in parts], dim=1)
        self._project = prepare(weight, None, rows).apply
        self._first = quantizer.semantic_books
        self._books = [part.vq.layer(index).codebook for part in parts for index in range(part.vq.books)]
        self._sums = weight.new_zeros(rows, weight.shape[1])
        self._of_part = torch.split(self._sums, [part.vq.dim for part in parts], 1)
        self.output = weight.new_zeros(rows, weight.shape[0])

    def run(self, codes: Tensor, books: Sequence[int]) -> None:
        """Codes `[1, K, n]`, and which books count."""
        self._sums.zero_()
        for book in books:
            self._of_part[int(book >= self._first)].add_(self._books[book].index_select(0, codes[0, book]))
        self._project(self._sums, self.output)


def _parts(quantizer: SplitVQ) -> list[ProjectedVQ]:
    """The chains of books: two, or one where nothing lies beside the semantic books."""
    return [quantizer.semantic] if quantizer.acoustic is None else [quantizer.semantic, quantizer.acoustic]
