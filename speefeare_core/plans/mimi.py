"""Mimi as a plan: both SEANets, both transformers and the quantiser for a fixed number of 80 ms frames a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from speefeare_core.errors import SpeefeareError
from speefeare_core.plans.convolution import ConvPart
from speefeare_core.plans.kernels import FLOAT32
from speefeare_core.plans.mimi_books import BookSearch, BookSum
from speefeare_core.plans.modes import EXACT
from speefeare_core.plans.parts import Part
from speefeare_core.plans.products import Products
from speefeare_core.plans.seanet import SeanetPlan
from speefeare_core.plans.transformer import TransformerPart
from speefeare_core.plans.upsample import UpsamplePart
from speefeare_core.stream import CodecStream, StreamState

if TYPE_CHECKING:
    from speefeare_core.codecs.mimi import MimiCodec

# Number formats of encoder and decoder in each mode. The quantiser's search is float32 always.
FORMS = {EXACT: (FLOAT32, FLOAT32), "bfloat16": ("bfloat16", "bfloat16"), "int8_decoder": (FLOAT32, "int8")}


class MimiPlan(CodecStream):
    """A stream from silence for one signal, `frames` frames a step; longer pieces of whole steps go in a loop.

    Raises `SpeefeareError` for pieces that are no whole steps.
    """

    def __init__(self, codec: MimiCodec, frames: int, depth: int | None, mode: str, silence_frames: int) -> None:
        super().__init__(codec.info, 1, depth, "silence")
        self._codec, self._frames, self._silence = codec, frames, silence_frames
        self._books: tuple[int, ...] | None = None
        self._silent: dict[tuple[int, ...], StreamState] = {}  # the state after silence, of the books asked for last
        model = codec.module
        hearing, speaking = (Products(form) for form in FORMS[mode])
        with torch.inference_mode():
            self._seanet = SeanetPlan(model.encoder, frames * self.info.hop_samples, hearing)
            memory = TransformerPart(model.encoder_transformer, self._seanet.output, hearing)
            down = ConvPart(model.downsample, memory.output, hearing)
            self._encoder: list[Part] = [self._seanet, memory, down]
            self._latents = down.output
            self._search = BookSearch(model.quantizer, self._latents)
            self._sum = BookSum(model.quantizer, frames)
            up = UpsamplePart(model.upsample, self._sum.output)
            recall = TransformerPart(model.decoder_transformer, up.output, speaking)
            out = SeanetPlan(model.decoder, recall.output.shape[0], speaking, source=recall.output)
            self._decoder: list[Part] = [up, recall, out]
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
        self.check_batch(audio)
        codes, latents = [], []
        with torch.inference_mode():
            for piece in self._pieces(audio, self.info.hop_samples):
                self._seanet.input.copy_(piece[0].t())
                for part in self._encoder:
                    part.run()
                codes.append(self._search.run())
                latents.append(self._latents.t().clone()[None])
            return _joined(codes), _joined(latents)

    def decode(self, codes: Tensor) -> Tensor:
        """Codes `[1, K, n]` → audio `[1, 1, n·hop]`, with the first `depth` books or those that were chosen."""
        self.check_batch(codes)
        audio = []
        with torch.inference_mode():
            for piece in self._pieces(codes, 1):
                self._sum.run(piece, self._decoded(piece.shape[1]))
                for part in self._decoder:
                    part.run()
                audio.append(self._sound.t().clone()[None])
            return _joined(audio)

    def finish_encode(self, rest: Tensor | None = None) -> tuple[Tensor | None, Tensor | None]:
        """A last ragged piece `[1, 1, r]`, followed by zeros; frames that hold nothing of it are left out."""
        if rest is None or rest.shape[-1] == 0:
            return None, None
        hop = self.info.hop_samples
        length, frames = self._frames * hop, -(-rest.shape[-1] // hop)
        codes, latents = self.encode(torch.nn.functional.pad(rest, (0, -rest.shape[-1] % length)))
        return codes[..., :frames], latents[..., :frames]

    def get_state(self) -> StreamState:
        """A copy of the carried state, for `set_state` later or on another plan of the same codec and step."""
        return {"memory": [tensor.clone() for part in self._parts for tensor in part.memory]}

    def set_state(self, state: StreamState) -> None:
        """Go on from a state that `get_state` gave. Raises `SpeefeareError` for one of another kind of stream."""
        own = [tensor for part in self._parts for tensor in part.memory]
        given = state.get("memory", ())
        if [tensor.shape for tensor in given] != [tensor.shape for tensor in own]:
            raise SpeefeareError(f"This state is not one of a plan of {self.info.name} for {self._frames} frames.")
        with torch.inference_mode():
            for tensor, its in zip(own, given, strict=True):
                tensor.copy_(its)

    @property
    def _parts(self) -> list[Part]:
        return [*self._encoder, *self._decoder]

    def _decoded(self, present: int) -> Sequence[int]:
        return range(min(self.depth, present)) if self._books is None else self._books

    def _pieces(self, given: Tensor, per_frame: int) -> tuple[Tensor, ...]:
        length = self._frames * per_frame
        if given.shape[-1] == 0 or given.shape[-1] % length:
            raise SpeefeareError(
                f"A plan of {self.info.name} for {self._frames} frames takes whole steps of {length}, not"
                f" {given.shape[-1]}."
            )
        return torch.split(given, length, dim=-1)


def _joined(pieces: list[Tensor]) -> Tensor:
    return pieces[0] if len(pieces) == 1 else torch.cat(pieces, dim=-1)
