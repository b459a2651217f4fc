"""Residual vector quantisation: each book quantises what the books before it left over.

SoundStream (arXiv 2107.03312, section III-C). Decoding at depth k is the sum of the first k
entries, so one set of codes serves every bit rate.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from speefeare_core.quantizers import ranks
from speefeare_core.quantizers.left_over import Left, left_over
from speefeare_core.quantizers.precision import in_float32
from speefeare_core.quantizers.vector import VectorQuantizer


@dataclass(frozen=True)
class Quantized:
    """What a quantiser makes of latents [B, D, F]."""

    quantized: Tensor  # [B, D, F], with the gradient of the input (straight-through)
    codes: Tensor  # [B, K, F] int64, K the largest depth in the batch
    commitment_loss: Tensor  # scalar: mean squared distance of each active residual to its entry
    depths: Tensor  # [B] int64, how many books are summed in `quantized`

    def passed(self, latents: Tensor, unquantised: Tensor | None) -> Tensor:
        """What goes on to the decoder, [B, D, F]: of the examples that `unquantised` [B] bool names, the latents."""
        if unquantised is None:
            return self.quantized
        return torch.where(unquantised[:, None, None], latents, self.quantized)


class ResidualVQ(nn.Module):
    """Books of `size` entries of width `dim`, searched greedily one after the other."""

    def __init__(
        self,
        books: int,
        size: int,
        dim: int,
        *,
        decay: float = 0.99,
        dead_code_usage: float = 2.0,
    ) -> None:
        super().__init__()
        self.dim = dim
        # EnCodec's published code subtracts from the residual with a gradient (facebookresearch/encodec, issue 25):
        # the commitment of the books after the first then pulls nothing, which some runs want to repeat.
        self.legacy_straight_through = False
        self.layers = nn.ModuleList(
            VectorQuantizer(size, dim, decay=decay, dead_code_usage=dead_code_usage) for _ in range(books)
        )

    @property
    def books(self) -> int:
        """Number of books K."""
        return len(self.layers)

    def layer(self, index: int) -> VectorQuantizer:
        """The book at `index`, counted from 0."""
        book = self.layers[index]
        assert isinstance(book, VectorQuantizer)
        return book

    def encode(self, latents: Tensor, depth: int | None = None) -> Tensor:
        """Codes of the first `depth` books (all by default): [B, D, F] -> [B, depth, F] int64.

        Raises ValueError when depth is not 1..K.
        """
        residual, shape = _to_rows(latents), (latents.shape[0], latents.shape[2])
        codes = []
        for index in range(self._checked(depth)):
            book = self.layer(index)
            chosen = book.encode(residual)
            residual = residual - book.decode(chosen)
            codes.append(chosen.view(shape))
        return torch.stack(codes, dim=1)

    def decode(self, codes: Tensor, depth: int | None = None) -> Tensor:
        """Sum of the first `depth` entries: [B, K, F] int64 -> [B, D, F].

        Without depth every book present in `codes` is summed. Raises ValueError when depth is
        more than the codes hold.
        """
        depth = codes.shape[1] if depth is None else depth
        if not 1 <= depth <= min(self.books, codes.shape[1]):
            raise ValueError(f"depth {depth} with codes of {codes.shape[1]} books")
        *_, latents = self.decode_depths(codes[:, :depth])
        return latents

    def decode_books(self, codes: Tensor, books: Sequence[int]) -> Tensor:
        """Sum of the entries of these books alone, counted from 0: [B, K, F] int64 -> [B, D, F].

        Of the first books it is `decode`, to the bit. Raises ValueError for books that the codes do not hold.
        """
        if not books or min(books) < 0 or max(books) >= min(self.books, codes.shape[1]):
            raise ValueError(f"books {list(books)} with codes of {codes.shape[1]} books")
        total = codes.new_zeros(codes.shape[0], codes.shape[2], self.dim, dtype=self._dtype)
        for index in books:
            total = total + self.layer(index).decode(codes[:, index])
        return total.transpose(1, 2)

    def decode_depths(self, codes: Tensor) -> Iterator[Tensor]:
        """Latents [B, D, F] at depth 1, 2, ... of codes [B, K, F], each one addition further."""
        total = codes.new_zeros(codes.shape[0], codes.shape[2], self.dim, dtype=self._dtype)
        for index in range(codes.shape[1]):
            total = total + self.layer(index).decode(codes[:, index])
            yield total.transpose(1, 2)

    def entry_energies(self) -> list[Tensor]:
        """‖entry‖² of each book, [N] each."""
        return [self.layer(index).codebook.square().sum(dim=1) for index in range(self.books)]

    def book_entries(self, book: int) -> Tensor:
        """What a book chooses from by distance: [N, D]."""
        return self.layer(book).codebook

    def left_over(self, latents: Tensor, rows: Sequence[Tensor]) -> Iterator[Left]:
        """The rungs of latents [B, D, F] under the codes [B, F] of the first books."""
        return left_over(latents, range(len(rows)), lambda book: self.layer(book).decode(rows[book]).transpose(1, 2))

    def sum_books(self, rows: Sequence[Tensor], books: Sequence[int]) -> Tensor:
        """What just these books add: codes [B, F] of each book -> [B, D, F]."""
        return self.decode_books(torch.stack(list(rows), dim=1), books)

    def pass_through(self, left: Tensor, book: int) -> Tensor:
        """What a book would add if it did not quantise: all that is left for it, [B, D, F] -> [B, D, F]."""
        return left

    def fit(self, vectors: Tensor) -> None:
        """Each book by k-means on what the books before it leave of vectors [M, D]."""
        for index in range(self.books):
            book = self.layer(index)
            book.initialise(vectors)
            vectors = vectors - book.decode(book.encode(vectors))

    @in_float32
    def forward(self, latents: Tensor, depth: int | None = None, *, depths: Tensor | None = None) -> Quantized:
        """Quantise latents [B, D, F] with straight-through gradient; in training the books learn.

        `depth` uses the first books for the whole batch; `depths` [B] gives each example its own
        (quantiser dropout, see sample_depths). A book is searched by, and learns from, the examples
        that use it; in the codes of the others stands 0.
        """
        limit = self._checked(depth) if depths is None else int(depths.max())
        if self.training:
            limit = ranks.largest(limit, latents.device)  # the books of all training processes learn together
        if depths is None:
            depths = torch.full((latents.shape[0],), limit, device=latents.device)
        batch, frames = latents.shape[0], latents.shape[2]
        target = _to_rows(latents)
        residual = target.detach().clone()
        row_depths = depths.repeat_interleave(frames)
        codes = torch.zeros(limit, batch * frames, dtype=torch.int64, device=latents.device)
        commitment = target.new_zeros(())
        for index in range(limit):
            book = self.layer(index)
            learn = self.training and book.learning
            rows = (row_depths > index).nonzero()[:, 0]
            vectors = residual[rows]
            if learn and not book.initialised:
                book.initialise(vectors)
            chosen = book.encode(vectors)
            codes[index, rows] = chosen
            left = vectors - book.decode(chosen)
            if learn:
                book.learn(vectors, chosen)
            residual[rows] = left
            summed = target.detach()[rows] - left
            pulled = target.detach() if index and self.legacy_straight_through else target
            commitment = commitment + (pulled[rows] - summed).square().sum()
        # What is left over carries no gradient: the quantiser passes the one it gets straight on.
        quantized = target - residual
        return Quantized(
            quantized=quantized.view(batch, frames, self.dim).transpose(1, 2),
            codes=codes.view(limit, batch, frames).transpose(0, 1),
            commitment_loss=commitment / (row_depths.sum() * self.dim),
            depths=depths,
        )

    def sample_depths(self, batch: int, *, full: float = 0.0, skew: float = 1.0) -> Tensor:
        """Quantiser dropout: [batch] depths ceil(K u^skew) with u uniform, so U{1..K} for skew 1.

        A larger skew draws shallow depths more often; a share `full` of the batch gets all K books.
        """
        device = self.layer(0).codebook.device
        drawn = (self.books * torch.rand(batch, device=device) ** skew).ceil().long().clamp(1, self.books)
        keep = torch.rand(batch, device=device) < full
        return torch.where(keep, torch.full_like(drawn, self.books), drawn)

    @property
    def _dtype(self) -> torch.dtype:
        return self.layer(0).codebook.dtype

    def _checked(self, depth: int | None) -> int:
        depth = self.books if depth is None else depth
        if not 1 <= depth <= self.books:
            raise ValueError(f"depth {depth} of a quantiser with {self.books} books")
        return depth


def _to_rows(latents: Tensor) -> Tensor:
    """[B, D, F] -> [B * F, D]."""
    return latents.transpose(1, 2).reshape(-1, latents.shape[1])
