"""What a codec shows of its quantiser: entries, what each book adds and leaves, and its decoder without codes.

Importing this module does not import torch. Shapes: audio `[B, C, T]`, latents `[B, D, F]`, codes `[B, K, F]`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from speefeare_core.errors import SpeefeareError

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

    from speefeare_core.codec import CodecInfo, Encoded
    from speefeare_core.quantizers.left_over import Left


class OpenQuantizer:
    """The part of `Codec` that looks into it. A family whose `module.quantizer` is one of ours need write nothing here
    but `_decode_latents`; one with `quantized_latents` alone has all that follows from sums and differences."""

    info: CodecInfo
    module: Module

    # -- what a family writes ---------------------------------------------------------------------------------
    def _decode_latents(self, latents: Tensor, depth: int, side: dict[str, Tensor]) -> Tensor:
        """Like `_decode`, from latents `[B, D, F]` in the place of summed entries; `depth` is what a decoder that knows
        its depth is told. A family without books decodes latents anyway."""
        raise SpeefeareError(f"{self.info.name} decodes its codes only; it does not give its decoder away.")

    @property
    def _quantizer(self) -> Any:
        """What holds the books and may have `book_entries`, `left_over`, `sum_books` and `pass_through`."""
        return getattr(self.module, "quantizer", None)

    def _entries_of(self, book: int) -> Tensor | None:
        """See `book_entries`; the book is there."""
        has = hasattr(self._quantizer, "book_entries")
        found: Tensor | None = self._quantizer.book_entries(book) if has else None
        return found

    # -- of the codec -------------------------------------------------------------------------------------------
    @property
    @abstractmethod
    def device(self) -> Any:
        """The device of the weights."""

    @abstractmethod
    def quantized_latents(self, encoded: Encoded, depth: int | None = None) -> Tensor | None:
        """`[B, D, F]` after quantisation with the first `depth` books."""

    @abstractmethod
    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        """Encoded → audio, not cut."""

    @abstractmethod
    def _check_books(self, books: Sequence[int], present: int) -> tuple[int, ...]:
        """The books, sorted. Raises `SpeefeareError` for one that is not there."""

    @abstractmethod
    def _cut(self, audio: Tensor, length_samples: int) -> Tensor:
        """Without the delay, and as long as the recording."""

    # -- what everybody calls ---------------------------------------------------------------------------------
    def book_entries(self, book: int) -> Tensor | None:
        """The entries `[N, d]` of one book, from 0, where it searches them: it takes the nearest by Euclidean distance
        (books that compare angles are scaled to length 1).

        None where a family's books hold no entries. Raises `SpeefeareError` for a book that is not there.
        """
        import torch

        self._check_books([book], self.info.depth)
        with torch.inference_mode():
            return self._entries_of(book)

    def book_latents(self, encoded: Encoded, books: Sequence[int]) -> Tensor | None:
        """`[B, D, F]`: what just these books, from 0, add to the latents that are decoded; None where a family has no
        `quantized_latents`. Raises `SpeefeareError` for books that are not there."""
        import torch

        rows = self._rows_of(encoded)
        chosen = self._check_books(books, len(rows))
        with torch.inference_mode():
            if hasattr(self._quantizer, "sum_books"):
                summed: Tensor = self._quantizer.sum_books(rows, chosen)
                return summed
            parts = [self._book_by_difference(encoded, book) for book in chosen]
            there = [part for part in parts if part is not None]
            return torch.stack(there).sum(0) if len(there) == len(parts) else None

    def residuals(self, encoded: Encoded) -> Iterator[Left] | None:
        """What is left of the latents before and after each book, rung by rung (see `quantizers.left_over`).

        None where there is no ladder: no latents in `encoded`, no books, or books that are no sums of entries.
        """
        import torch

        from speefeare_core.quantizers.left_over import inferred, left_over

        latents, rows = encoded.latents, self._rows_of(encoded)
        with torch.inference_mode():
            if latents is None or not rows or self.quantized_latents(encoded, 1) is None:
                return None
        latents = latents.to(self.device)
        if hasattr(self._quantizer, "left_over"):
            return inferred(self._quantizer.left_over(latents, rows))

        def entries(book: int) -> Tensor:
            added = self._book_by_difference(encoded, book)
            assert added is not None
            return added

        return inferred(left_over(latents, range(len(rows)), entries))

    def continuous_book(self, encoded: Encoded, book: int) -> Tensor | None:
        """`[B, D, F]`: what one book, from 0, would add to the latents that are decoded if it did not quantise, after
        the books before it did: for a plain residual quantiser r_{k−1}, all that is left.

        None where `residuals` is. Raises `SpeefeareError` for a book that is not there.
        """
        import torch

        (book,) = self._check_books([book], len(self._rows_of(encoded)))
        with torch.inference_mode():
            rungs = self.residuals(encoded)
            before: Left | None = None
            for rung in rungs if rungs is not None else ():
                if rung.book == book and before is not None:
                    if hasattr(self._quantizer, "pass_through"):
                        added: Tensor = self._quantizer.pass_through(before.vectors, book)
                        return added
                    return before.vectors
                before = rung
        return None

    def remainder(self, encoded: Encoded, depth: int = 0) -> Tensor | None:
        """`[B, D, F]`: what the first `depth` books leave of the latents, in the space that is decoded: together with
        `quantized_latents(encoded, depth)` it is `remainder(encoded, 0)`, latents that nothing has quantised.

        None where `residuals` is.
        """
        import torch

        with torch.inference_mode():
            rungs = self.residuals(encoded)
            last: dict[int, Tensor] = {}
            for rung in rungs if rungs is not None else ():
                if rung.book is None or rung.book < depth:
                    last[rung.chain] = rung.vectors
            if hasattr(self._quantizer, "widen"):
                last = {chain: self._quantizer.widen(vectors, chain) for chain, vectors in last.items()}
            return torch.stack(list(last.values())).sum(0) if last else None

    @property
    def can_decode_latents(self) -> bool:
        """Whether `decode_latents` is there."""
        if not self.info.books:
            return self.info.latent_dim > 0
        return type(self)._decode_latents is not OpenQuantizer._decode_latents

    def decode_latents(
        self,
        latents: Tensor,
        length_samples: int,
        *,
        depth: int | None = None,
        side: dict[str, Tensor] | None = None,
    ) -> Tensor:
        """Decode latents `[B, D, F]`, as `quantized_latents` gives them, to `[B, C, T]` of `length_samples`.

        They may be anything: not quantised at all, or what is left over. `depth` is told to a decoder that knows its
        depth (None: all books); `side` is that of the `Encoded`. Raises `SpeefeareError` where a family cannot.
        """
        import torch

        from speefeare_core.codec import Encoded

        count = self.info.check_depth(depth)
        if latents.ndim != 3 or latents.shape[1] != self.info.latent_dim or not latents.shape[-1]:
            raise SpeefeareError(
                f"{self.info.name} wants latents [batch, {self.info.latent_dim}, frames], not {list(latents.shape)}."
                if self.info.latent_dim
                else f"{self.info.name} has no latents to decode."
            )
        given = latents.to(self.device, torch.float32)
        with torch.inference_mode():
            if self.info.books:
                audio = self._decode_latents(given, count, side or {})
            else:
                audio = self._decode(Encoded((), given, length_samples, side or {}), 0)
        return self._cut(audio, length_samples)

    def _rows_of(self, encoded: Encoded) -> list[Tensor]:
        """The codes `[B, F_k]` of each book, on the codec's device."""
        return [row for group in encoded.code_groups for row in group.to(self.device).unbind(1)]

    def _book_by_difference(self, encoded: Encoded, book: int) -> Tensor | None:
        """What a book adds to the latents, from their sums with and without it."""
        upto = self.quantized_latents(encoded, book + 1)
        before = self.quantized_latents(encoded, book) if book and upto is not None else None
        return upto if before is None or upto is None else upto - before
