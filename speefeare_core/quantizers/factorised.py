"""Factorised vector quantisation: each book is searched in a few dimensions, on the unit sphere.

Improved VQGAN (arXiv 2110.04627) as DAC uses it (arXiv 2306.06546; dac/nn/quantize.py): a linear map to `book_dim`
values, the entry of the smallest angle, and a linear map of the raw entry back. The books learn by gradient, with a
codebook and a commitment loss, and no entry is ever replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speefeare_core.quantizers.energies import projected_energies
from speefeare_core.quantizers.left_over import Left, left_over
from speefeare_core.quantizers.precision import in_float32
from speefeare_core.quantizers.residual import Quantized
from speefeare_core.quantizers.vector import SearchTable


class FactorisedVQ(nn.Module):
    """One book of `size` entries `[N, book_dim]`; with `stride` > 1 it speaks once in `stride` frames (SNAC).

    The names of the weights are those of the official files: `in_proj`, `codebook`, `out_proj`.
    """

    def __init__(self, dim: int, size: int, book_dim: int, *, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.in_proj = nn.Conv1d(dim, book_dim, 1)
        self.out_proj = nn.Conv1d(book_dim, dim, 1)
        self.codebook = nn.Embedding(size, book_dim)
        self._table: tuple[tuple[int, int], SearchTable] | None = None

    @property
    def size(self) -> int:
        """Number of entries N."""
        return self.codebook.num_embeddings

    def project(self, latents: Tensor) -> Tensor:
        """What the book is searched for: `[B, D, F]` → `[B, book_dim, F // stride]`."""
        if self.stride > 1:
            latents = F.avg_pool1d(latents, self.stride, self.stride)
        projected: Tensor = self.in_proj(latents)
        return projected

    def search(self, projected: Tensor) -> Tensor:
        """The entry of the smallest angle: `[B, book_dim, F]` → `[B, F]` int64."""
        rows = F.normalize(projected.detach().transpose(1, 2).reshape(-1, projected.shape[1]))
        return self._search_table().nearest(rows).view(projected.shape[0], -1)

    def encode(self, latents: Tensor) -> Tensor:
        """`[B, D, F]` → codes `[B, F // stride]`."""
        return self.search(self.project(latents))

    def decode(self, codes: Tensor) -> Tensor:
        """Codes `[B, F // stride]` → `[B, D, F]`."""
        return self.spread(self.codebook(codes).transpose(1, 2))

    def spread(self, entries: Tensor) -> Tensor:
        """Entries `[B, book_dim, F // stride]` → `[B, D, F]`."""
        out: Tensor = self.out_proj(entries)
        return out.repeat_interleave(self.stride, dim=-1) if self.stride > 1 else out

    def forward(self, latents: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """`[B, D, F]` → quantised `[B, D, F]` (straight-through gradient), codes `[B, F // stride]`, and for each
        example `[B]` the codebook loss and the commitment loss: the mean squared distance, seen from either side."""
        projected = self.project(latents)
        codes = self.search(projected)
        entries = self.codebook(codes).transpose(1, 2)
        codebook_loss = (entries - projected.detach()).square().mean(dim=(1, 2))
        commitment_loss = (projected - entries.detach()).square().mean(dim=(1, 2))
        return self.spread(self.passed(projected, codes)), codes, codebook_loss, commitment_loss

    def passed(self, projected: Tensor, codes: Tensor) -> Tensor:
        """The entries, with the gradient of what they stand for: `[B, book_dim, F // stride]`.

        The official encoder leaves the rounding of this sum in what the next book sees, so it is kept there.
        """
        entries: Tensor = self.codebook(codes).transpose(1, 2)
        return projected + (entries - projected).detach()

    def _search_table(self) -> SearchTable:
        """Of the entries scaled to length 1, computed once for as long as they stay as they are."""
        entries = self.codebook.weight.detach()
        if self.training or entries.is_inference():
            return SearchTable.of(F.normalize(entries))
        now = (entries.data_ptr(), entries._version)
        if self._table is None or self._table[0] != now:
            self._table = (now, SearchTable.of(F.normalize(entries)))
        return self._table[1]


@dataclass(frozen=True)
class FactorisedQuantized(Quantized):
    """Quantized, with the loss that teaches the books. Losses are means over the examples, summed over the books."""

    codebook_loss: Tensor  # scalar


class FactorisedRVQ(nn.Module):
    """Factorised books one after the other, each on what the books before it left over.

    `strides` gives each book its own frame rate (SNAC); then codes are a list, otherwise one tensor does as well.
    """

    def __init__(self, books: int, size: int, dim: int, book_dim: int, *, strides: Sequence[int] | None = None) -> None:
        super().__init__()
        self.dim = dim
        self.strides = tuple(strides) if strides is not None else (1,) * books
        if len(self.strides) != books:
            raise ValueError(f"{books} books with {len(self.strides)} strides")
        self.quantizers = nn.ModuleList(FactorisedVQ(dim, size, book_dim, stride=stride) for stride in self.strides)

    @property
    def books(self) -> int:
        """Number of books K."""
        return len(self.quantizers)

    def book(self, index: int) -> FactorisedVQ:
        """The book at `index`, counted from 0."""
        book = self.quantizers[index]
        assert isinstance(book, FactorisedVQ)
        return book

    def encode_each(self, latents: Tensor, depth: int | None = None) -> list[Tensor]:
        """`[B, D, F]` → the codes `[B, F // stride]` of each of the first `depth` books. Raises ValueError for a depth
        that is not 1..K."""
        residual, codes = latents, []
        count = self._checked(depth)
        for index in range(count):
            book = self.book(index)
            projected = book.project(residual)
            codes.append(book.search(projected))
            if index + 1 < count:
                residual = residual - book.spread(book.passed(projected, codes[-1]))
        return codes

    def encode(self, latents: Tensor, depth: int | None = None) -> Tensor:
        """`[B, D, F]` → `[B, depth, F]` int64, where all books share one frame rate."""
        return torch.stack(self.encode_each(latents, depth), dim=1)

    def decode(
        self, codes: Tensor | Sequence[Tensor], depth: int | None = None, *, books: Iterable[int] | None = None
    ) -> Tensor:
        """Codes `[B, K, F]`, or a list of `[B, F // stride]`, → `[B, D, F]`: the sum of the first `depth` books, or of
        `books` alone. Raises ValueError for books that the codes do not hold."""
        rows = list(codes.unbind(1)) if isinstance(codes, Tensor) else list(codes)
        chosen = range(len(rows) if depth is None else depth) if books is None else list(books)
        if not chosen or min(chosen) < 0 or max(chosen) >= min(self.books, len(rows)):
            raise ValueError(f"books {list(chosen)} of codes of {len(rows)} books")
        total = self.book(chosen[0]).decode(rows[chosen[0]])
        for index in chosen[1:]:
            total = total + self.book(index).decode(rows[index])
        return total

    def entry_energies(self) -> list[Tensor]:
        """‖entry‖² of each book after its projection back to `dim` values, `[N]` each."""
        books = [self.book(index) for index in range(self.books)]
        return [
            projected_energies(book.codebook.weight, book.out_proj.weight[..., 0], book.out_proj.bias) for book in books
        ]

    def book_entries(self, book: int) -> Tensor:
        """What a book chooses from by distance: its entries scaled to length 1, `[N, book_dim]`."""
        return F.normalize(self.book(book).codebook.weight)

    def left_over(self, latents: Tensor, rows: Sequence[Tensor]) -> Iterator[Left]:
        """The rungs of latents `[B, D, F]` under the codes `[B, F // stride]` of the first books, at full rate."""
        return left_over(latents, range(len(rows)), lambda book: self.book(book).decode(rows[book]))

    def sum_books(self, rows: Sequence[Tensor], books: Sequence[int]) -> Tensor:
        """What just these books add: codes `[B, F // stride]` of each book → `[B, D, F]`."""
        return self.decode(rows, books=books)

    def pass_through(self, left: Tensor, book: int) -> Tensor:
        """What a book would add if it did not quantise: what is left for it `[B, D, F]` through its two projections
        (and its slower rate) → `[B, D, F]`."""
        return self.book(book).spread(self.book(book).project(left))

    @in_float32
    def forward(
        self, latents: Tensor, depth: int | None = None, *, depths: Tensor | None = None
    ) -> FactorisedQuantized:
        """Quantise `[B, D, F]` with straight-through gradient; `depths` `[B]` gives each example its own number of
        books (quantiser dropout, see `sample_depths`). Codes of books that an example does not use are there too."""
        limit = self._checked(depth) if depths is None else self._checked(int(depths.max()))
        if depths is None:
            depths = torch.full((latents.shape[0],), limit, device=latents.device)
        residual, total, codes = latents, torch.zeros_like(latents), []
        codebook_loss = commitment_loss = latents.new_zeros(())
        for index in range(limit):
            quantized, chosen, of_book, of_encoder = self.book(index)(residual)
            active = (depths > index).to(latents.dtype)
            total = total + quantized * active[:, None, None]
            residual = residual - quantized
            codebook_loss = codebook_loss + (of_book * active).mean()
            commitment_loss = commitment_loss + (of_encoder * active).mean()
            codes.append(chosen.repeat_interleave(self.strides[index], dim=-1))
        return FactorisedQuantized(total, torch.stack(codes, dim=1), commitment_loss, depths, codebook_loss)

    def sample_depths(self, batch: int, *, share: float = 0.5) -> Tensor:
        """Quantiser dropout: depths `[batch]` of U{1..K} for `share` of the batch, and K for the rest."""
        device = self.book(0).codebook.weight.device
        depths = torch.full((batch,), self.books, device=device)
        dropped = int(batch * share)
        depths[:dropped] = torch.randint(1, self.books + 1, (dropped,), device=device)
        return depths

    def _checked(self, depth: int | None) -> int:
        depth = self.books if depth is None else depth
        if not 1 <= depth <= self.books:
            raise ValueError(f"depth {depth} of a quantiser with {self.books} books")
        return depth
