"""Mimi as a plan: both SEANets, both transformers and the quantiser for a fixed number of 80 ms frames a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from speefeare_core.plans.convolution import ConvPart
from speefeare_core.plans.kernels import FLOAT32
from speefeare_core.plans.mimi_books import BookSearch, BookSum
from speefeare_core.plans.modes import EXACT
from speefeare_core.plans.part_stream import PartStream, joined
from speefeare_core.plans.products import Products
from speefeare_core.plans.seanet import SeanetPlan
from speefeare_core.plans.transformer import TransformerPart
from speefeare_core.plans.upsample import UpsamplePart
from speefeare_core.stream import StreamState

if TYPE_CHECKING:
    from speefeare_core.codecs.mimi import MimiCodec

# Number formats of encoder and decoder in each mode. The quantiser's search is float32 always.
FORMS = {EXACT: (FLOAT32, FLOAT32), "bfloat16": ("bfloat16", "bfloat16"), "int8_decoder": (FLOAT32, "int8")}


class MimiPlan(PartStream):
    """A stream from silence for one signal, `frames` frames a step; longer pieces of whole steps go in a loop.

    Raises `SpeefeareError` for pieces that are no whole steps.
    """

    def __init__(self, codec: MimiCodec, frames: int, depth: int | None, mode: str, silence_frames: int) -> None:
        super().__init__(codec.info, frames, depth)
        self._codec, self._silence = codec, silence_frames
        self._books: tuple[int, ...] | None = None
        self._silent: dict[tuple[int, ...], StreamState] = {}  # the state after silence, of the books asked for last
        model = codec.module
        hearing, speaking = (Products(form) for form in FORMS[mode])
        with torch.inference_mode():
            self._seanet = SeanetPlan(model.encoder, frames * self.info.hop_samples, hearing)
            memory = TransformerPart(model.encoder_transformer, self._seanet.output, hearing)
            down = ConvPart(model.downsample, memory.output, hearing)
            self._encoder = [self._seanet, memory, down]
            self._latents = down.output
            self._search = BookSearch(model.quantizer, self._latents)
            self._sum = BookSum(model.quantizer, frames)
            up = UpsamplePart(model.upsample, self._sum.output)
            recall = TransformerPart(model.decoder_transformer, up.output, speaking)
            out = SeanetPlan(model.decoder, recall.output.shape[0], speaking, source=recall.output)
            self._decoder = [up, recall, out]
            self._sound = out.output
        self.reset()

    def reset(self) -> None:
        """Back to the silence before the first sample, of the books that are decoded now."""
        books = tuple(self._decoded(self.info.depth))
        if books not in self._silent:
            self._hear_silence(books)
            self._silent = {books: self.get_state()}
        self.set_state(self._silent[books])

    def _hear_silence(self, books: Sequence[int]) -> None:
        quantizer = self._codec.module.quantizer
        with torch.inference_mode():
            rows = self._seanet.input.new_zeros(self._silence * self.info.hop_samples, 1)
            for part in self._encoder:
                rows = part.begin(rows)
            rows = quantizer.decode_books(quantizer.encode(rows.t()[None]), books)[0].t()
            for part in self._decoder:
                rows = part.begin(rows)

    def choose_books(self, books: Sequence[int] | None) -> None:
        """Decode with just these books, counted from 0, instead of the first `depth` (None: back to these)."""
        self._books = None if books is None else self._codec._check_books(books, self.info.depth)

    def encode(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """`[1, 1, n·hop]` → codes `[1, K, n]`, latents `[1, D, n]`."""
        codes, latents = [], []
        with torch.inference_mode():
            for piece in self.pieces(audio, self.info.hop_samples):
                self._seanet.input.copy_(piece[0].t())
                for part in self._encoder:
                    part.run()
                codes.append(self._search.run())
                latents.append(self._latents.t().clone()[None])
            return joined(codes), joined(latents)

    def decode(self, codes: Tensor) -> Tensor:
        """Codes `[1, K, n]` → audio `[1, 1, n·hop]`, with the first `depth` books or those that were chosen."""
        audio = []
        with torch.inference_mode():
            for piece in self.pieces(codes, 1):
                self._sum.run(piece, self._decoded(piece.shape[1]))
                for part in self._decoder:
                    part.run()
                audio.append(self._sound.t().clone()[None])
            return joined(audio)

    def _decoded(self, present: int) -> Sequence[int]:
        return range(min(self.depth, present)) if self._books is None else self._books
