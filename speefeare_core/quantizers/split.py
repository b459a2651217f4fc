"""Split quantisation: semantic and acoustic books side by side, both looking at the same latent, their outputs summed.

Mimi (arXiv 2410.00037, section 3.3.3): a plain vector quantiser that is taught meaning, and a residual quantiser that
need not refine it, each with its own projections into a narrower space and back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from speefeare_core.quantizers.energies import projected_energies
from speefeare_core.quantizers.left_over import Left, left_over
from speefeare_core.quantizers.precision import in_float32
from speefeare_core.quantizers.residual import Quantized, ResidualVQ


class ProjectedVQ(nn.Module):
    """Projection `[B, W, F]` → `[B, D, F]`, residual quantiser, projection back; no biases."""

    def __init__(self, books: int, size: int, dim: int, width: int) -> None:
        super().__init__()
        self.in_proj = nn.Linear(width, dim, bias=False)
        self.out_proj = nn.Linear(dim, width, bias=False)
        self.vq = ResidualVQ(books, size, dim)

    def encode(self, latents: Tensor, depth: int | None = None) -> Tensor:
        """`[B, W, F]` → codes `[B, depth, F]`."""
        # A lone frame is doubled: it would take another kernel, which sums in another order.
        rows = latents.transpose(1, 2)
        alone = rows.shape[0] * rows.shape[1] == 1
        narrow = self.in_proj(rows.expand(-1, 2, -1) if alone else rows).transpose(1, 2)
        return self.vq.encode(narrow[..., :1] if alone else narrow, depth)

    def decode(self, codes: Tensor, books: Sequence[int]) -> Tensor:
        """The entries of these books alone, summed and projected: codes `[B, K, F]` → `[B, W, F]`."""
        total = sum(self.vq.layer(book).decode(codes[:, book]) for book in books)
        assert isinstance(total, Tensor)
        alone = total.shape[0] * total.shape[1] == 1
        wide: Tensor = self.out_proj(total.expand(-1, 2, -1) if alone else total).transpose(1, 2)
        return wide[..., :1] if alone else wide

    def left_over(self, latents: Tensor, rows: Sequence[Tensor], chain: int = 0, first: int = 0) -> Iterator[Left]:
        """The rungs of latents `[B, W, F]` in the narrow space `[B, D, F]`, where books are counted from `first`."""

        def entries(book: int) -> Tensor:
            return self.vq.layer(book - first).decode(rows[book - first]).transpose(1, 2)

        narrow = self.in_proj(latents.transpose(1, 2)).transpose(1, 2)
        return left_over(narrow, range(first, first + len(rows)), entries, chain)

    def forward(self, latents: Tensor, depths: Tensor) -> Quantized:
        """As `ResidualVQ`, in the wide space; where depth is 0 it gives zeros."""
        result: Quantized = self.vq(self.in_proj(latents.transpose(1, 2)).transpose(1, 2), depths=depths)
        wide = self.out_proj(result.quantized.transpose(1, 2)).transpose(1, 2)
        used = (depths > 0)[:, None, None].to(wide.dtype)
        return Quantized(wide * used, result.codes, result.commitment_loss, depths)


class SplitVQ(nn.Module):
    """`semantic_books` books, and beside them the acoustic rest; codes hold the semantic ones first.

    With as many semantic books as books there is one chain and nothing beside it: a residual quantiser whose first
    book is the one that is taught, as SpeechTokenizer has it (arXiv 2308.16692), to compare the split one with.
    """

    def __init__(self, books: int, size: int, dim: int, width: int, *, semantic_books: int = 1) -> None:
        super().__init__()
        if not 0 < semantic_books <= books:
            raise ValueError(f"{books} books cannot hold {semantic_books} semantic ones")
        self.books, self.semantic_books = books, semantic_books
        self.semantic = ProjectedVQ(semantic_books, size, dim, width)
        self.acoustic = ProjectedVQ(books - semantic_books, size, dim, width) if semantic_books < books else None

    def encode(self, latents: Tensor, depth: int | None = None) -> Tensor:
        """Codes of the first `depth` books (None: all): `[B, W, F]` → `[B, depth, F]` int64."""
        depth = self.books if depth is None else depth
        if not 1 <= depth <= self.books:
            raise ValueError(f"depth {depth} of a quantiser with {self.books} books")
        codes = [self.semantic.encode(latents, min(depth, self.semantic_books))]
        if depth > self.semantic_books and self.acoustic is not None:
            codes.append(self.acoustic.encode(latents, depth - self.semantic_books))
        return torch.cat(codes, dim=1)

    def decode(self, codes: Tensor, depth: int | None = None) -> Tensor:
        """The first `depth` books (None: all in `codes`): `[B, K, F]` → `[B, W, F]`."""
        depth = codes.shape[1] if depth is None else depth
        return self.decode_books(codes, range(depth))

    def decode_books(self, codes: Tensor, books: Sequence[int]) -> Tensor:
        """Just these books, counted from 0: `[B, K, F]` → `[B, W, F]`. Raises ValueError for one that is not there."""
        if not books or min(books) < 0 or max(books) >= min(self.books, codes.shape[1]):
            raise ValueError(f"books {list(books)} of codes with {codes.shape[1]} books")
        first = self.semantic_books
        semantic = [book for book in books if book < first]
        acoustic = [book - first for book in books if book >= first]
        if not acoustic or self.acoustic is None:
            return self.semantic.decode(codes[:, :first], semantic)
        rest = self.acoustic.decode(codes[:, first:], acoustic)
        return rest + self.semantic.decode(codes[:, :first], semantic) if semantic else rest

    def entry_energies(self) -> list[Tensor]:
        """‖entry‖² of each book after its projection back to the wide space, `[N]` each."""
        return [
            projected_energies(part.vq.layer(index).codebook, part.out_proj.weight)
            for part in (self.semantic, self.acoustic)
            if part is not None
            for index in range(part.vq.books)
        ]

    def book_entries(self, book: int) -> Tensor:
        """What a book chooses from by distance, in the narrow space of its half: `[N, D]`."""
        part, index = self._part_of(book)
        return part.vq.layer(index).codebook

    def left_over(self, latents: Tensor, rows: Sequence[Tensor]) -> Iterator[Left]:
        """The rungs of latents `[B, W, F]` under the codes `[B, F]` of the first books: of the semantic chain, then of
        the acoustic one, each in its narrow space `[B, D, F]`. Both begin with all of the latents."""
        first = min(len(rows), self.semantic_books)
        yield from self.semantic.left_over(latents, rows[:first])
        if len(rows) > first and self.acoustic is not None:
            yield from self.acoustic.left_over(latents, rows[first:], chain=1, first=first)

    def sum_books(self, rows: Sequence[Tensor], books: Sequence[int]) -> Tensor:
        """What just these books add: codes `[B, F]` of each book → `[B, W, F]`."""
        return self.decode_books(torch.stack(list(rows), dim=1), books)

    def pass_through(self, left: Tensor, book: int) -> Tensor:
        """What a book would add if it did not quantise: what is left for it, `[B, D, F]` of its half → `[B, W, F]`."""
        return self.widen(left, 0 if book < self.semantic_books else 1)

    def widen(self, left: Tensor, chain: int) -> Tensor:
        """From the narrow space of a chain to that of the latents: `[B, D, F]` → `[B, W, F]`."""
        part = self.acoustic if chain and self.acoustic is not None else self.semantic
        wide: Tensor = part.out_proj(left.transpose(1, 2)).transpose(1, 2)
        return wide

    def _part_of(self, book: int) -> tuple[ProjectedVQ, int]:
        """The half that holds a book, and its place there."""
        first = self.semantic_books
        if book < first or self.acoustic is None:
            return self.semantic, book
        return self.acoustic, book - first

    @in_float32
    def forward(self, latents: Tensor, depth: int | None = None, *, depths: Tensor | None = None) -> Quantized:
        """As `ResidualVQ.forward`; the semantic books are always used in full, `depth` and `depths` count them too."""
        if depths is None:
            depths = torch.full((latents.shape[0],), self.books if depth is None else depth, device=latents.device)
        if self.acoustic is None:
            return self.semantic(latents, depths)  # type: ignore[no-any-return]
        meant = torch.full_like(depths, self.semantic_books)
        beside = (depths - self.semantic_books).clamp(min=0)
        semantic: Quantized = self.semantic(latents, meant)
        if not bool((beside > 0).any()):
            return Quantized(semantic.quantized, semantic.codes, semantic.commitment_loss, meant)
        acoustic: Quantized = self.acoustic(latents, beside)
        share = meant.sum() / (meant.sum() + beside.sum())
        return Quantized(
            semantic.quantized + acoustic.quantized,
            torch.cat([semantic.codes, acoustic.codes], dim=1),
            share * semantic.commitment_loss + (1 - share) * acoustic.commitment_loss,
            meant + beside,
        )

    def taught(self, latents: Tensor, codes: Tensor) -> Tensor:
        """What the books say that a teacher teaches, `[B, W, F]`: of the codes of `forward`, straight through.

        These are the semantic books; of one chain the first.
        """
        count = self.semantic_books if self.acoustic is not None else 1
        narrow = self.semantic.in_proj(latents.transpose(1, 2))
        found = self.semantic.vq.decode(codes[:, :count], count).transpose(1, 2)
        wide: Tensor = self.semantic.out_proj(narrow + (found - narrow).detach())
        return wide.transpose(1, 2)

    def sample_depths(self, batch: int, *, full: float = 0.0, skew: float = 1.0) -> Tensor:
        """Quantiser dropout among the acoustic books; see `ResidualVQ.sample_depths`."""
        if self.acoustic is None:
            return self.semantic.vq.sample_depths(batch, full=full, skew=skew)
        return self.acoustic.vq.sample_depths(batch, full=full, skew=skew) + self.semantic_books
