"""Vocos for EnCodec's codes (arXiv 2306.00814): EnCodec's encoder and books at 24 kHz, another decoder.

The published file holds the decoder and its copy of the first 16 books. EnCodec itself is looked for beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from speefeare_core.blocks.interface import BlockEncoder
from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.checkpoints.official import Official
from speefeare_core.checkpoints.weights import load_tensors
from speefeare_core.codec import BlockContext, BookInfo, Codec, CodecInfo, Encoded
from speefeare_core.codecs.encodec import EncodecCodec
from speefeare_core.codecs.vocos_files import BOOK_SIZE, encodec_for, interpret
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.encodec import EncodecConfig, EncodecModel
from speefeare_core.nn.vocos import VocosConfig, VocosModel

RATE_HZ = 24_000
BLOCK_FRAMES = 1500  # of decoding: 20 s, bounded memory
MISSING = (
    "the weights of EnCodec at 24 kHz: encodec_24khz-d7cc33bc.th or the folder of facebook/encodec_24khz, in a folder"
    " named encodec_24khz beside this file"
)


class VocosCodec(Codec):
    """Vocos with or without the EnCodec that makes its codes; without, it decodes only."""

    module: nn.ModuleDict

    def __init__(
        self,
        model: VocosModel,
        encodec: EncodecCodec | None,
        *,
        name: str = "vocos",
        licence: str = "unknown",
        notes: tuple[str, ...] = (),
        source: str = "",
    ) -> None:
        """Raises `SpeefeareError` where EnCodec's frames or books are not those that Vocos was made for."""
        config, (books, size, width) = model.config, model.codebooks.shape
        self.vocos, self.encodec = model, encodec
        self.module = nn.ModuleDict({"vocos": model} | ({"encodec": encodec.module} if encodec else {})).eval()
        self._own_notes = notes
        if encodec is not None:
            theirs = encodec.info
            fits = theirs.depth >= books and theirs.books[0].size == size and theirs.latent_dim == width
            if not fits or (theirs.rate_hz, theirs.hop_samples) != (RATE_HZ, config.hop_samples) or not theirs.causal:
                raise SpeefeareError(
                    f"{theirs.source} is not the EnCodec at 24 kHz that {name} decodes; put {MISSING}."
                )
        frame_rate_hz = RATE_HZ / config.hop_samples
        self.info = CodecInfo(
            name=name,
            family="vocos",
            rate_hz=RATE_HZ,
            channels=1,
            hop_samples=config.hop_samples,
            frame_rate_hz=frame_rate_hz,
            books=(BookInfo(size, frame_rate_hz),) * books,
            depth_mode="residual",
            latent_dim=width,
            causal=False,
            streamable=False,
            delay_samples=0,
            stream_delay_samples=0,
            look_ahead_samples=config.context_frames * config.hop_samples,
            needs=() if encodec else ("EnCodec 24 kHz to encode",),
            licence=licence,
            parameters=sum(weight.numel() for weight in self.module.parameters()),
            source=source,
            notes=(
                *notes,
                self._depths_note(),
                *(() if encodec else (f"It decodes only. To encode, it needs {MISSING}.",)),
            ),
        )
        context = config.context_frames
        self.block_context = BlockContext(BLOCK_FRAMES // 2, (0, 0), (context, context), exact=True)

    def _depths_note(self) -> str:
        counts = self.vocos.condition_books
        told = ", ".join(str(count) for count in counts)
        return (
            f"The decoder was trained for {told} books and is told how many; a depth between is decoded as the next"
            " larger one of these, which it was not trained for."
        )

    @classmethod
    def from_official(cls, found: Official) -> VocosCodec:
        """The published folder or file, and EnCodec inside or beside it. Raises `SpeefeareError`."""
        encodec, notes = encodec_for(found)
        parts = interpret(found, encodec.info.books[0].size if encodec else BOOK_SIZE)
        model = VocosModel(parts.config, parts.books, parts.book_size, parts.condition_books)
        load_tensors(model, parts.tensors, found.path)
        return cls(model, encodec, name=found.name, notes=notes, source=str(found.path))

    @classmethod
    def from_native(cls, data: NativeFile) -> VocosCodec:
        """From the project's own file. Raises ValueError or RuntimeError where tensors and configuration disagree."""
        config = dict(data.config)
        shape = {name: config.pop(name) for name in ("books", "book_size", "condition_books")}
        inside = config.pop("encodec", None)
        model = VocosModel(
            VocosConfig.from_dict(config), shape["books"], shape["book_size"], tuple(shape["condition_books"])
        )
        encodec = None if inside is None else EncodecCodec(EncodecModel(EncodecConfig.from_dict(inside)))
        codec = cls(model, encodec, name=data.name, licence=data.licence, notes=data.notes, source=data.source)
        codec.module.load_state_dict(data.tensors)
        return codec

    def to_native(self) -> NativeFile:
        """As the contents of the project's own file, EnCodec included."""
        model = self.vocos
        config: dict[str, Any] = model.config.to_dict() | {
            "books": self.info.depth,
            "book_size": self.info.books[0].size,
            "condition_books": list(model.condition_books),
            "encodec": self.encodec.module.config.to_dict() if self.encodec else None,
        }
        tensors = {name: tensor.detach().cpu() for name, tensor in self.module.state_dict().items()}
        return NativeFile("vocos", self.info.name, config, tensors, self.info.licence, self._own_notes)

    def block_encoder(self, depth: int | None, batch: int) -> BlockEncoder:
        """EnCodec's, which carries its state."""
        from speefeare_core import blocks

        return blocks.encoder(self._encoder(), self.info.check_depth(depth), batch=batch)

    def quantized_latents(self, encoded: Encoded, depth: int | None = None) -> Tensor:
        """`[B, D, F]`, the sum of the first `depth` entries."""
        codes = encoded.code_groups[0].to(self.device)
        return self.vocos.features(codes, tuple(range(min(self.info.check_depth(depth), codes.shape[1]))))

    def entry_energies(self) -> list[Tensor]:
        """‖entry‖² of each book."""
        return list(self.vocos.codebooks.square().sum(dim=-1))

    def _entries_of(self, book: int) -> Tensor:
        return self.vocos.codebooks[book]

    def _encoder(self) -> EncodecCodec:
        if self.encodec is None:
            raise SpeefeareError(f"{self.info.name} can only decode: to encode, it needs {MISSING}.")
        return self.encodec

    def _pad(self, audio: Tensor) -> Tensor:
        """As it is: each of EnCodec's convolutions ends a ragged signal on its own."""
        return audio

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        return self._encoder().encode(audio, depth)

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        return self._decode_books(encoded, tuple(range(depth)))

    def _decode_books(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        codes = encoded.code_groups[0].to(self.device)
        return self._in_blocks(codes, lambda part: self.vocos.features(part, books), books[-1] + 1)

    def _decode_latents(self, latents: Tensor, depth: int, side: dict[str, Tensor]) -> Tensor:
        return self._in_blocks(latents, lambda part: part, depth)

    def _in_blocks(self, given: Tensor, features: Callable[[Tensor], Tensor], depth: int) -> Tensor:
        """In blocks with all the frames around them that they depend on."""
        condition = self.vocos.condition_of(depth)
        frames, hop, context = given.shape[-1], self.info.hop_samples, self.vocos.config.context_frames
        parts = []
        for start in range(0, frames, BLOCK_FRAMES):
            stop = min(frames, start + BLOCK_FRAMES)
            first, last = max(0, start - context), min(frames, stop + context)
            audio = self.vocos.decoder(features(given[..., first:last]), condition)
            end = None if stop == frames else (stop - first) * hop
            parts.append(audio[..., (start - first) * hop : end])
        return torch.cat(parts, dim=-1) if len(parts) > 1 else parts[0]
