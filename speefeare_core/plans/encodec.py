"""EnCodec at 24 kHz as a plan, and what every codec of SEANets around a residual quantiser shares.

Encoder and search keep the bits of the plain stream, so that the codes are the same for ever; in the other direction
nothing is quantised again, and the quickest products are taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from speefeare_core.codec import CodecInfo
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.encodec import EncodecModel
from speefeare_core.nn.recurrent import ResidualLstm
from speefeare_core.nn.soundstream import SoundStreamModel
from speefeare_core.nn.streaming import StreamModule
from speefeare_core.plans.kernels import FLOAT32
from speefeare_core.plans.lstm import LstmPart
from speefeare_core.plans.modes import EXACT
from speefeare_core.plans.part_stream import PartStream, joined
from speefeare_core.plans.parts import Part, Step
from speefeare_core.plans.products import Products
from speefeare_core.plans.residual_books import ResidualSearch, ResidualSum
from speefeare_core.plans.same_bits import SameBits
from speefeare_core.plans.seanet import MakePart, SeanetPlan
from speefeare_core.stream import StreamState

# Number formats of encoder (None: the plain stream's bits) and decoder in each mode. The search is float32 always.
FORMS: Mapping[str, tuple[str | None, str]] = {
    EXACT: (None, FLOAT32),
    "bfloat16": ("bfloat16", "bfloat16"),
    "int8_decoder": (None, "int8"),
}


class ResidualCodecPlan(PartStream):
    """SEANet, residual quantiser, SEANet.

    Raises `SpeefeareError` for pieces that are no whole steps, TypeError for a network that has no plan.
    """

    silence_samples = 0  # that a stream from silence has heard before its first sample

    def __init__(
        self, info: CodecInfo, model: EncodecModel | SoundStreamModel, frames: int, depth: int | None, mode: str
    ) -> None:
        super().__init__(info, frames, depth)
        self._model = model
        self._books: tuple[int, ...] | None = None
        heard, spoken = FORMS[mode]
        with torch.inference_mode():
            hearing = SameBits() if heard is None else Products(heard)
            self._hearing = SeanetPlan(model.encoder, frames * info.hop_samples, hearing, MAKERS)
            self._latents, between = self._condition(self._hearing.output)
            self._search = ResidualSearch(model.quantizer, self._latents)
            self._encode_steps = [*self._hearing.steps, *between, *self._search.steps]
            self._sum = ResidualSum(model.quantizer, frames)
            self._speaking = SeanetPlan(model.decoder, frames, Products(spoken), MAKERS, source=self._sum.output)
            self._encoder, self._decoder = [self._hearing], [self._speaking]
            self._silent_codes = self._hear_silence()
        self._silent_encoder = _copies(self._hearing)
        self._silent_decoders: dict[tuple[int, ...], list[Tensor]] = {}
        self.reset()

    def _condition(self, latents: Tensor) -> tuple[Tensor, list[Step]]:
        """What is done to the encoder's rows `[n, D]` before they are searched: where the result lies, and how."""
        return latents, []

    @property
    def depth(self) -> int:
        """Books used for decoding."""
        return self._depth

    @depth.setter
    def depth(self, depth: int | None) -> None:
        self._depth = self.info.check_depth(depth)
        self._before_speaking()

    def choose_books(self, books: Sequence[int] | None) -> None:
        """Decode with just these books, counted from 0 (None: the first `depth`)."""
        if books is not None and not (books and 0 <= min(books) and max(books) < self.info.depth):
            raise SpeefeareError(f"{self.info.name} has the books 0 to {self.info.depth - 1}, not {list(books)}.")
        self._books = None if books is None else tuple(sorted(set(books)))
        self._before_speaking()

    def encode(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """`[1, C, n·hop]` → codes `[1, K, n]`, latents `[1, D, n]`."""
        codes, latents, given = [], [], self._hearing.input
        with torch.inference_mode():
            for piece in self.pieces(audio, self.info.hop_samples):
                given.copy_(piece[0].t())
                for step in self._encode_steps:
                    step()
                codes.append(self._search.codes.clone()[None])
                latents.append(self._latents.t().clone()[None])
            return joined(codes), joined(latents)

    def decode(self, codes: Tensor) -> Tensor:
        """Codes `[1, K, n]` → audio `[1, C, n·hop]`, with the first `depth` or the chosen books."""
        self._has_spoken = True
        audio = []
        with torch.inference_mode():
            books = [book for book in self._decoded() if book < codes.shape[1]]
            for piece in self.pieces(codes, 1):
                self._sum.run(piece[0], books)
                self._speaking.run()
                audio.append(self._speaking.output.t().clone()[None])
            return joined(audio)

    def get_state(self) -> StreamState:
        """A copy of the carried state, for `set_state` later or on another plan of the same codec and step."""
        return {**super().get_state(), "has_spoken": self._has_spoken}

    def set_state(self, state: StreamState) -> None:
        """Go on from a state that `get_state` gave. Raises `SpeefeareError` for one of another kind of stream."""
        super().set_state(state)
        self._has_spoken = bool(state.get("has_spoken", True))

    def reset(self) -> None:
        """Back to the silence before the first sample."""
        _restore(self._hearing, self._silent_encoder)
        self._has_spoken = False
        self._before_speaking()

    def _before_speaking(self) -> None:
        """The decoder after the codes of silence in the books that it decodes, until the first step."""
        if getattr(self, "_has_spoken", True):
            return
        books = self._decoded()
        if books not in self._silent_decoders:
            with torch.inference_mode():
                self._speak_silence(books)
            self._silent_decoders[books] = _copies(self._speaking)
        _restore(self._speaking, self._silent_decoders[books])

    def _hear_silence(self) -> Tensor:
        """The encoder after silence; codes `[1, K, F]` of it."""
        for tensor in self._hearing.memory:
            tensor.zero_()
        codes = self._search.codes.new_zeros(1, self.info.depth, 0)
        if self.silence_samples:
            silence = self._hearing.input.new_zeros(self.silence_samples, self.info.channels)
            codes = self._model.quantizer.encode(self._hearing.begin(silence).t()[None])
        return codes

    def _speak_silence(self, books: tuple[int, ...]) -> None:
        for tensor in self._speaking.memory:
            tensor.zero_()
        if self._silent_codes.shape[-1]:
            self._speaking.begin(self._model.quantizer.decode_books(self._silent_codes, books)[0].t())

    def _decoded(self) -> tuple[int, ...]:
        return tuple(range(self._depth)) if self._books is None else self._books


class EncodecPlan(ResidualCodecPlan):
    """EnCodec, from a second of silence on, since its official code mirrors the beginning of a recording."""

    def __init__(
        self, info: CodecInfo, model: EncodecModel, frames: int, depth: int | None, mode: str, silence_samples: int
    ) -> None:
        self.silence_samples = silence_samples
        super().__init__(info, model, frames, depth, mode)


def lstm_part(module: StreamModule, source: Tensor, products: Products) -> LstmPart:
    """The LSTM of a SEANet, in the number format of its convolutions."""
    assert isinstance(module, ResidualLstm)
    return LstmPart(module, source, products)


MAKERS: Mapping[type, MakePart] = {ResidualLstm: lstm_part}


def _copies(part: Part) -> list[Tensor]:
    return [tensor.clone() for tensor in part.memory]


def _restore(part: Part, given: Sequence[Tensor]) -> None:
    with torch.inference_mode():
        for tensor, its in zip(part.memory, given, strict=True):
            tensor.copy_(its)
