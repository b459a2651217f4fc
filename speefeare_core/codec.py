"""Codec, CodecInfo, Encoded: the one interface that every codec meets.

Importing this module does not import torch, so the window may read a `CodecInfo`.
Shapes: audio `[B, C, T]`, latents `[B, D, F]`, codes `[B, K, F]`.
"""

from __future__ import annotations

import dataclasses
import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from speefeare_core.errors import SpeefeareError
from speefeare_core.open_quantizer import OpenQuantizer

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

    from speefeare_core.blocks.interface import BlockDecoder, BlockEncoder
    from speefeare_core.quantizers.energies import EnergyTable
    from speefeare_core.stream import CodecStream, Start

Role = Literal["acoustic", "semantic", "mixed"]
DepthMode = Literal["residual", "split", "parallel", "none"]
LIVE_STEP_S = 0.005


@dataclass(frozen=True)
class BookInfo:
    """One codebook: how many entries it has, how often it speaks, and what it speaks of."""

    size: int
    frame_rate_hz: float
    role: Role = "acoustic"

    @property
    def bits(self) -> float:
        """Bits of one code."""
        return math.log2(self.size)


@dataclass(frozen=True)
class CodecInfo:
    """What a codec is, as plain data (no tensors; travels between processes and into JSON)."""

    name: str
    family: str
    rate_hz: int
    channels: int
    hop_samples: int  # samples of one frame of the fastest book
    frame_rate_hz: float
    books: tuple[BookInfo, ...]
    depth_mode: DepthMode
    latent_dim: int
    causal: bool
    streamable: bool
    delay_samples: int  # algorithmic delay that decode() compensates
    stream_delay_samples: int  # how far the stream's output lags behind its input
    look_ahead_samples: int | None = 0  # future samples that a frame needs; None: the whole recording
    needs: tuple[str, ...] = ()  # further things it needs: "hubert teacher to encode", "prompt to decode"
    licence: str = "unknown"
    parameters: int = 0
    source: str = ""  # where it was loaded from
    notes: tuple[str, ...] = ()  # plain sentences for the card

    @property
    def depth(self) -> int:
        """The number of books, the largest depth that may be asked for."""
        return len(self.books)

    @property
    def live_frames(self) -> int:
        """Frames that a live step takes at least: one, or 5 ms where frames are shorter (sample by sample codes)."""
        return max(1, round(LIVE_STEP_S * self.frame_rate_hz))

    def bitrate_kbps(self, depth: int | None = None) -> float:
        """Bits per second of the first `depth` books (None: all), in kbps."""
        books = self.books[: self.check_depth(depth)] if self.books else ()
        return sum(book.bits * book.frame_rate_hz for book in books) / 1000.0

    def check_depth(self, depth: int | None) -> int:
        """Resolve None to the full depth; raise `SpeefeareError` for a depth that does not exist."""
        if depth is None:
            return self.depth
        if not self.books:
            raise SpeefeareError(f"{self.name} has no codebooks, so a depth cannot be chosen.")
        try:
            count = operator.index(depth)
        except TypeError:
            raise SpeefeareError(f"A depth is a whole number of books, not {depth!r}.") from None
        if not 1 <= count <= self.depth:
            there = f"choose 1 to {self.depth}" if self.depth > 1 else "it has one book"
            raise SpeefeareError(f"Depth {count} does not exist in {self.name}: {there}.")
        return count

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; `from_dict` is its inverse."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> CodecInfo:
        """Inverse of `to_dict`."""
        data = dict(data)
        data["books"] = tuple(BookInfo(**book) for book in data["books"])
        for name in ("needs", "notes"):
            data[name] = tuple(data.get(name, ()))
        return cls(**data)


@dataclass(frozen=True)
class Encoded:
    """The result of `Codec.encode`.

    `code_groups` holds one integer tensor `[B, K_g, F_g]` per frame rate, in book order (most codecs have one
    group; empty for codecs without books). `latents` `[B, D, F]` are the values *before* quantisation.
    """

    code_groups: tuple[Tensor, ...]
    latents: Tensor | None  # [B, D, F]
    length_samples: int  # original T, which decode() gives back exactly
    side: dict[str, Tensor] = field(default_factory=dict)  # scales and other side information

    @property
    def codes(self) -> Tensor:
        """`[B, K, F]` on the fastest frame rate; codes of slower books are repeated."""
        import torch

        if not self.code_groups:
            raise SpeefeareError("This codec has continuous latents and no codes.")
        if len(self.code_groups) == 1:
            return self.code_groups[0]
        frames = max(group.shape[-1] for group in self.code_groups)
        rows = [
            group.repeat_interleave(-(-frames // group.shape[-1]), dim=-1)[..., :frames] for group in self.code_groups
        ]
        return torch.cat(rows, dim=1)


@dataclass(frozen=True)
class BlockContext:
    """How a long recording is cut where the codec cannot stream: blocks, and frames around them to throw away."""

    frames: int  # of a block
    encode: tuple[int, int]  # frames before and after a block that the encoder sees too
    decode: tuple[int, int]  # the same for the decoder
    exact: bool  # the context holds all that a frame depends on, so that blocks give the whole-file result


class Codec(OpenQuantizer, ABC):
    """A loaded codec. `info` says what it is; `module` holds the weights (in eval mode, gradients off)."""

    info: CodecInfo
    module: Module
    block_context: BlockContext | None = None  # for long recordings, where the codec cannot stream
    _energies: tuple[EnergyTable, ...] | None = None  # of `book_energies`; None: not asked yet, (): there are none
    step_s: float = 0.5  # long recordings go through its stream in steps of about this length

    # -- what a family writes ---------------------------------------------------------------------------------
    @abstractmethod
    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        """`[B, C, F·hop]` (what `_pad` gave) → Encoded; `length_samples` is filled by `encode`."""

    @abstractmethod
    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        """Encoded → `[B, C, F·hop]`, still delayed by `info.delay_samples`."""

    def _pad(self, audio: Tensor) -> Tensor:
        """`[B, C, T]` → whole frames `[B, C, F·hop]` by zeros, or as the official code of a family ends a file."""
        import torch

        missing = self.frames_for(audio.shape[-1]) * self.info.hop_samples - audio.shape[-1]
        return torch.nn.functional.pad(audio, (0, missing))

    def _decode_books(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        """Like `_decode`, from these books alone (ascending, from 0)."""
        raise SpeefeareError(f"{self.info.name} decodes the first books only, not book {books[-1] + 1} alone.")

    def stream(self, batch: int = 1, depth: int | None = None, start: Start = "file") -> CodecStream:
        """A fresh stream, whose state is its own; `start`: see `stream.Start`.

        Raises `SpeefeareError` where the codec cannot stream.
        """
        raise SpeefeareError(
            f"{self.info.name} cannot stream: it looks ahead. Use file mode, or choose a causal codec."
        )

    def at_frame(self, first: int) -> AbstractContextManager[None]:
        """Inside, `decode` is given a block whose first frame is this one of a recording, for what depends on that."""
        return nullcontext()

    def plan_stream(self, frames: int, depth: int | None, mode: str) -> CodecStream | None:
        """A stream from silence for one signal, compiled for steps of exactly `frames` frames; `mode`: see `plans`.

        None where a family has none for this mode and device. `plans.make_plan` calls and checks it.
        """
        return None

    def block_encoder(self, depth: int | None, batch: int) -> BlockEncoder | None:
        """An encoder for long recordings of its own, where a family cuts them its own way; None: see `blocks`."""
        return None

    def block_decoder(self, depth: int | None, books: tuple[int, ...] | None, batch: int) -> BlockDecoder | None:
        """The same for decoding."""
        return None

    def quantized_latents(self, encoded: Encoded, depth: int | None = None) -> Tensor | None:
        """`[B, D, F]` after quantisation with the first `depth` books, or None where a family has none."""
        return None

    def entry_energies(self) -> list[Tensor] | None:
        """‖entry‖² of each book in the space where the books are summed, `[N]` each; None where a family's books hold
        no such entries (sample levels, networks that are closed)."""
        quantizer: Any = getattr(self.module, "quantizer", None)
        return quantizer.entry_energies() if self.info.books and hasattr(quantizer, "entry_energies") else None

    # -- what everybody calls ---------------------------------------------------------------------------------
    @property
    def device(self) -> Any:
        """The device of the weights."""
        import torch

        tensor: Tensor | None = next(self.module.parameters(), None)
        if tensor is None:
            tensor = next(self.module.buffers(), None)
        return tensor.device if tensor is not None else torch.device("cpu")

    def frames_for(self, length_samples: int) -> int:
        """Whole frames that hold `length_samples` plus the delay to be compensated."""
        return max(1, -(-(length_samples + self.info.delay_samples) // self.info.hop_samples))

    def encode(self, audio: Tensor, depth: int | None = None) -> Encoded:
        """Encode `[B, C, T]`, samples in ±1 at `info.rate_hz`.

        Raises `SpeefeareError` for a wrong shape, integers, NaN or a depth that does not exist.
        """
        import torch

        count = self.info.check_depth(depth)
        if audio.ndim != 3 or audio.shape[1] != self.info.channels or audio.numel() == 0:
            raise SpeefeareError(
                f"{self.info.name} wants audio [batch, {self.info.channels}, samples], not {list(audio.shape)}."
            )
        if not audio.is_floating_point():
            raise SpeefeareError(
                f"{self.info.name} wants samples between -1 and 1 in floating point, not {audio.dtype}; divide them by"
                " their full scale first."
            )
        if not bool(torch.isfinite(audio).all()):
            raise SpeefeareError("The audio holds NaN or infinite samples; repair or re-export it first.")
        length = audio.shape[-1]
        with torch.inference_mode():
            padded = self._pad(audio.to(self.device, torch.float32))
            return dataclasses.replace(self._encode(padded, count), length_samples=length)

    def decode(self, encoded: Encoded, depth: int | None = None, *, books: Sequence[int] | None = None) -> Tensor:
        """Decode to `[B, C, T]`, exactly the original length, the delay compensated.

        `depth` takes the first books; `books` takes just these instead, counted from 0 (Mimi's semantic book alone:
        `books=[0]`). Raises `SpeefeareError` for books or codes that do not exist or a codec that has no such choice.
        """
        import torch

        count = self.info.check_depth(depth)
        self._check_encoded(encoded)
        present = sum(group.shape[1] for group in encoded.code_groups)
        with torch.inference_mode():
            if books is None:
                audio = self._decode(encoded, min(count, present) if present else count)
            else:
                audio = self._decode_books(encoded, self._check_books(books, present))
        return self._cut(audio, encoded.length_samples)

    def _cut(self, audio: Tensor, length_samples: int) -> Tensor:
        """What `_decode` gave, without the delay and as long as the recording."""
        import torch

        start = self.info.delay_samples
        audio = audio[..., start : start + length_samples]
        # Some decoders give a few samples less than they were given (odd strides).
        return torch.nn.functional.pad(audio, (0, length_samples - audio.shape[-1]))

    def _check_encoded(self, encoded: Encoded) -> None:
        """Codes of another codec, which would be an index error, or the end of everything on a GPU."""
        import torch

        if not self.info.books:
            if encoded.latents is None and not encoded.side:
                raise SpeefeareError(f"{self.info.name} decodes its latents, and there are none.")
            return
        first = 0
        for group in encoded.code_groups:
            sizes = [book.size for book in self.info.books[first : first + group.shape[1]]]
            first += group.shape[1]
            fits = group.ndim == 3 and len(sizes) == group.shape[1] and not group.is_floating_point()
            limits = torch.tensor(sizes, device=group.device)[:, None]
            if not fits or bool(((group < 0) | (group >= limits)).any()):
                raise SpeefeareError(
                    f"These are no codes of {self.info.name}: it takes whole numbers [batch, books, frames] for up to"
                    f" {self.info.depth} books of {self.info.books[0].size} entries."
                )

    @property
    def can_decode_books(self) -> bool:
        """Whether `decode` takes any choice of `books`, not the first ones alone."""
        return bool(self.info.books) and type(self)._decode_books is not Codec._decode_books

    def _check_books(self, books: Sequence[int], present: int) -> tuple[int, ...]:
        chosen = tuple(sorted(set(books)))
        if not chosen or chosen[0] < 0 or chosen[-1] >= present:
            raise SpeefeareError(
                f"The books {list(books)} are not all there: {self.info.name} gave"
                f" {f'books 0 to {present - 1}' if present > 1 else 'book 0 alone'}."
                if present
                else f"{self.info.name} has no codebooks to choose from."
            )
        return chosen

    def book_energies(self, codes: Tensor) -> Tensor | None:
        """How much each book adds in each frame: codes `[B, K, F]` → ‖entry‖² `[B, K, F]`, float32, on the codec's
        device; None where `entry_energies` is. A table made in the first call is kept, for weights that stay."""
        import torch

        from speefeare_core.quantizers.energies import EnergyTable

        if self._energies is None:
            with torch.inference_mode():
                energies = self.entry_energies()
                self._energies = () if energies is None else (EnergyTable(energies),)
        with torch.inference_mode():
            return self._energies[0].look_up(codes) if self._energies else None

    def decode_depths(self, encoded: Encoded) -> Iterator[tuple[int, Tensor]]:
        """Each depth with its audio `[B, C, T]`, shallow first. Codecs without books give their one decode as 0."""
        if not encoded.code_groups:
            yield 0, self.decode(encoded)
            return
        for depth in range(1, sum(group.shape[1] for group in encoded.code_groups) + 1):
            yield depth, self.decode(encoded, depth)
