"""Streaming plan of the codecs on a lapped transform: MDCT, companding, residual books.

All rows of a step lie in buffers that stay. What is no matrix product is done by NumPy on the same memory, which takes
a third of the time that a torch call takes for so few numbers, and gives the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from torch import Tensor

from speefeare_core.codec import CodecInfo
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.mdct import Mdct
from speefeare_core.plans.kernels import BFLOAT16, FLOAT32, INT8
from speefeare_core.plans.rows import Rows
from speefeare_core.quantizers.residual import ResidualVQ
from speefeare_core.stream import CodecStream, StreamState

Array = NDArray[np.float32]
ENCODER_FORMATS = {"float32": FLOAT32, "bfloat16": BFLOAT16, "int8_decoder": FLOAT32}
DECODER_FORMATS = {"float32": FLOAT32, "bfloat16": BFLOAT16, "int8_decoder": INT8}


class EncoderPlan(Protocol):
    """From audio to latents."""

    def run(self, audio: Array) -> Tensor:
        """`[n, hop]` → latents `[R, D]`, in a buffer that the next step writes over."""

    def state(self) -> Any:
        """A copy of the network's own encoder state."""

    def go_on_from(self, state: Any) -> None:
        """From such a state; None: from silence."""


class DecoderPlan(Protocol):
    """From quantised latents to audio."""

    def run(self, latents: Array, depth: int) -> Array:
        """`[n, D]` → new samples `[n, hop]`, one hop late."""

    def state(self) -> Any:
        """A copy of the network's own decoder state."""

    def go_on_from(self, state: Any) -> None:
        """From such a state; None: from silence."""


class LappedPlan(CodecStream):
    """Steps of exactly `frames` frames of one signal. Raises `SpeefeareError` for any other number."""

    def __init__(
        self,
        info: CodecInfo,
        quantizer: ResidualVQ,
        frames: int,
        depth: int | None,
        mode: str,
        encoder: EncoderPlan,
        decoder: DecoderPlan,
    ) -> None:
        super().__init__(info, 1, depth, "silence")
        self._frames = frames
        self._books: tuple[int, ...] | None = None
        self._encoder, self._decoder = encoder, decoder
        self._search = BookSearch(quantizer, Rows.of(frames, ENCODER_FORMATS[mode]), ENCODER_FORMATS[mode])

    def choose_books(self, books: Sequence[int] | None) -> None:
        """Decode with just these books, counted from 0 (None: the first `depth`)."""
        if books is not None and not (books and 0 <= min(books) and max(books) < self.info.depth):
            raise SpeefeareError(f"{self.info.name} has the books 0 to {self.info.depth - 1}, not {list(books)}.")
        self._books = None if books is None else tuple(sorted(set(books)))

    def encode(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """`[1, 1, n·hop]` → codes `[1, K, n]`, latents `[1, D, n]`."""
        hop = self.info.hop_samples
        self._check(audio, (1, 1, self._frames * hop), "samples")
        with torch.inference_mode():
            latents = self._encoder.run(audio.detach().reshape(self._frames, hop).numpy())
            codes = self._search.run(latents)
            return torch.from_numpy(codes)[None], latents[: self._frames].t()[None].clone()

    def decode(self, codes: Tensor) -> Tensor:
        """Codes `[1, K, n]` → audio `[1, 1, n·hop]`, with the first `depth` books or those that were chosen."""
        self._check(codes, (1, codes.shape[1], self._frames), "frames")
        first = tuple(range(self.depth)) if self._books is None else self._books
        books = [book for book in first if book < codes.shape[1]]
        with torch.inference_mode():
            latents = self._search.look_up(codes[0].numpy(), books)
            return torch.from_numpy(self._decoder.run(latents, books[-1] + 1).reshape(1, 1, -1))

    def get_state(self) -> StreamState:
        """As of the plain stream, and good for one."""
        return {"encoder": self._encoder.state(), "decoder": self._decoder.state()}

    def set_state(self, state: StreamState) -> None:
        """From a state of this or the plain stream."""
        self._encoder.go_on_from(state.get("encoder"))
        self._decoder.go_on_from(state.get("decoder"))

    def reset(self) -> None:
        """Back to silence."""
        self.set_state({})

    def _check(self, given: Tensor, shape: tuple[int, ...], unit: str) -> None:
        if tuple(given.shape) != shape:
            raise SpeefeareError(
                f"This plan of {self.info.name} takes {shape[-1]} {unit} of one signal a step, not"
                f" {list(given.shape)}; make one for that size."
            )


class BookSearch:
    """Residual search and its inverse, book after book."""

    def __init__(self, quantizer: ResidualVQ, rows: Rows, mode: str) -> None:
        books = [quantizer.layer(index) for index in range(quantizer.books)]
        self._frames = rows.frames
        self._residual = rows.empty(quantizer.dim)
        self._left = self._residual.numpy()
        self._scores = rows.empty(books[0].size)
        self._score_rows = self._scores.numpy()[: rows.frames]
        self._entries: list[Array] = [book.codebook.detach().numpy() for book in books]
        # argmin |v - c|² = argmax v·c - |c|² / 2
        self._score = [
            rows.multiply(table.transposed, -table.half_norms[0], mode)
            for table in (book.search_table() for book in books)
        ]

    def run(self, latents: Tensor) -> NDArray[np.int64]:
        """Latents `[R, D]` → codes `[K, n]`."""
        self._residual.copy_(latents)
        codes = np.empty((len(self._score), self._frames), np.int64)
        for index, (score, entries) in enumerate(zip(self._score, self._entries, strict=True)):
            score(self._residual, self._scores)
            if self._frames == 1:
                best = self._score_rows[0].argmax()
                codes[index, 0] = best
                self._left -= entries[best]
            else:
                codes[index] = self._score_rows.argmax(axis=1)
                self._left -= entries[codes[index]]
        return codes

    def look_up(self, codes: NDArray[np.int64], books: Sequence[int]) -> Array:
        """Codes `[K, n]` → the sum of the entries of these books `[n, D]`."""
        total: Array = self._entries[books[0]][codes[books[0]]]
        for book in books[1:]:
            total += self._entries[book][codes[book]]
        return total


class Spans:
    """The overlapping spans of a step's frames."""

    def __init__(self, mdct: Mdct, rows: Rows) -> None:
        hop = mdct.hop
        self._blocks = np.zeros((rows.frames + 1, hop), np.float32)
        step, item = self._blocks.strides
        self._windows = as_strided(self._blocks, (rows.frames, 2 * hop), (step, item))
        self.rows = rows.empty(2 * hop)
        self._out = self.rows.numpy()
        self.tail = self._blocks[0]

    def run(self, audio: Array) -> Tensor:
        """`[n, hop]` → `[R, 2·hop]`."""
        self._blocks[1:] = audio
        self._out[:] = self._windows
        self.tail[:] = self._blocks[-1]
        return self.rows


class OverlapAdd:
    """The inverse: spans to blocks, one late."""

    def __init__(self, mdct: Mdct, rows: Rows, mode: str) -> None:
        self._frames, self._hop = rows.frames, mdct.hop
        self._late = np.zeros((rows.frames + 1, mdct.hop), np.float32)
        self._multiply = rows.multiply(mdct.inverse, None, mode)
        self._spans = rows.empty(2 * mdct.hop)
        self._span_rows = self._spans.numpy()[: rows.frames]
        self.tail = self._late[0]

    def run(self, coefficients: Tensor) -> Array:
        """`[R, hop]` → `[n, hop]`."""
        self._multiply(coefficients, self._spans)
        self._late[1:] = self._span_rows[:, self._hop :]
        found: Array = self._late[:-1] + self._span_rows[:, : self._hop]
        self.tail[:] = self._late[-1]
        return found


class Companding:
    """sign(v)·|v|^power on rows, into a buffer."""

    def __init__(self, power: float, like: Tensor) -> None:
        self._power = power
        self._signs = torch.empty_like(like, memory_format=torch.contiguous_format)

    def run(self, values: Tensor, out: Tensor) -> Tensor:
        """`values` and `out` alike, and not the same memory."""
        torch.sign(values, out=self._signs)
        torch.abs(values, out=out)
        return out.pow_(self._power).mul_(self._signs)
