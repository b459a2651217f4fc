"""A residual quantiser for a fixed number of frames: books laid out once, results in buffers that stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from speefeare_core import native
from speefeare_core.native.nearest import fits, nearest, slack_of
from speefeare_core.plans.huge_pages import HugePages
from speefeare_core.plans.parts import Step
from speefeare_core.quantizers.residual import ResidualVQ


class ResidualSearch:
    """`codes` `[K, n]` of the rows of `latents` `[n, D]`, to the bit as `ResidualVQ.encode` finds them.

    Four steps a book, which our own loop goes through for all books in one, where it is there; it leaves the books to
    them in which two entries are too near to each other for sums of another order. Tables of all inner products between
    entries would spare the residual, not the reading of the books, which is what takes the time, and for 32 books of
    1024 entries would be 2 GB.
    """

    def __init__(self, quantizer: ResidualVQ, latents: Tensor) -> None:
        rows, width = latents.shape
        copies = max(2, rows)  # a lone row takes another kernel, see `SearchTable.nearest`
        self.codes = torch.zeros(quantizer.books, rows, dtype=torch.int64, device=latents.device)
        self._rest, entries = latents.new_empty(copies, width), latents.new_empty(rows, width)
        self._rows = rows
        self._fill: Step = partial(self._rest.copy_, latents.expand_as(self._rest))
        self._exact: list[list[Step]] = []
        pages = HugePages()
        for index in range(quantizer.books):
            book, chosen = quantizer.layer(index), self.codes[index]
            table = book.search_table()
            scores, transposed = latents.new_empty(copies, book.size), pages.keep(table.transposed)
            self._exact.append(
                [
                    partial(torch.addmm, table.half_norms, self._rest, transposed, beta=-1, out=scores),
                    partial(torch.argmax, scores[:rows], 1, out=chosen),
                    partial(torch.index_select, book.codebook, 0, chosen, out=entries),
                    partial(self._rest.sub_, entries),
                ]
            )
        self._quick = self._quick_search(quantizer)
        self.steps: list[Step] = [self._fill]
        self.steps += [step for book in self._exact for step in book][:-1] if self._quick is None else [self._search]

    def _quick_search(self, quantizer: ResidualVQ) -> Callable[[int], int] | None:
        books = [quantizer.layer(index).codebook.detach() for index in range(quantizer.books)]
        if not native.is_there() or not fits(books, self._rows) or not native.is_plain(self._rest):
            return None
        pages = HugePages()
        books = [pages.keep(book) for book in books]
        biases = [-quantizer.layer(index).search_table().half_norms.flatten() for index in range(len(books))]
        return nearest(books, biases, self._rest[: self._rows], self.codes, slack_of(books))

    def _search(self) -> None:
        assert self._quick is not None
        decided, count = self._quick(0), len(self._exact)
        while decided < count:
            if self._rows == 1:  # the other copy was left alone
                self._rest[1:].copy_(self._rest[:1])
            for step in self._exact[decided]:
                step()
            decided = self._quick(decided + 1)

    def run(self) -> None:
        """Search all books."""
        for step in self.steps:
            step()


class ResidualSum:
    """`output` `[n, D]`: the sum of the entries that codes `[K, n]` name, in one look-up over all books together."""

    def __init__(self, quantizer: ResidualVQ, rows: int) -> None:
        books = [quantizer.layer(index).codebook for index in range(quantizer.books)]
        self._entries = torch.cat(books)
        self._first = torch.arange(quantizer.books, device=books[0].device)[:, None] * books[0].shape[0]
        self._places = self._first.repeat(1, rows)
        self._found = self._entries.new_zeros(quantizer.books, rows, quantizer.dim)
        self.output = self._entries.new_zeros(rows, quantizer.dim)

    def run(self, codes: Tensor, books: Sequence[int]) -> None:
        """Sum the entries of these books, which the codes must hold."""
        count = len(books)
        contiguous = books[-1] == count - 1
        given = codes[:count] if contiguous else codes[list(books)]
        first = self._first[:count] if contiguous else self._first[list(books)]
        places, found = self._places[:count], self._found[:count]
        torch.add(given, first, out=places)
        torch.index_select(self._entries, 0, places.view(-1), out=found.view(-1, found.shape[-1]))
        torch.sum(found, 0, out=self.output)
