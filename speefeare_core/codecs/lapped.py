"""What the codecs on a lapped transform share: a hop of delay or less, residual books, exact streaming.

A whole file is computed as a stream that starts in silence, so that both are one computation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from speefeare_core.checkpoints.native import NativeFile
from speefeare_core.codec import BookInfo, Codec, CodecInfo, Encoded
from speefeare_core.nn.compact import compact
from speefeare_core.quantizers.residual import ResidualVQ
from speefeare_core.stream import CodecStream, Start

BLOCK_FRAMES = 500  # long files go through in blocks of this length, in bounded memory


class LappedConfig(Protocol):
    """What a network's configuration says."""

    @property
    def rate_hz(self) -> int: ...
    @property
    def hop_samples(self) -> int: ...
    @property
    def dim(self) -> int: ...
    @property
    def books(self) -> int: ...
    @property
    def book_size(self) -> int: ...
    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        ...


class LappedNetwork(Protocol):
    """What a network offers: encoder and decoder with carried state, and its books."""

    config: Any
    quantizer: ResidualVQ

    def encoder_silence(self, batch: int) -> Any:
        """State before the first sample."""

    def decoder_silence(self, batch: int) -> Any:
        """State before the first frame."""

    def encode(self, audio: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Audio `[B, F·hop]` → latents `[B, D, F]`, state."""

    def decode(self, latents: Tensor, depths: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Latents `[B, D, F]`, depths `[B]` → audio `[B, F·hop]`, late by the delay, state."""


class LappedCodec(Codec):
    """A codec around such a network; a family adds its configuration and its name."""

    network: LappedNetwork
    rest: torch.dtype | None = None  # of the project's own file: scales, and all that is no matrix

    def __init__(
        self,
        family: str,
        network: nn.Module,
        *,
        name: str,
        licence: str,
        notes: tuple[str, ...],
        source: str = "",
        delay_samples: int | None = None,  # None: one hop
    ) -> None:
        self.module = network
        self.network = network  # type: ignore[assignment]  # the protocol above says what of it is used
        config: LappedConfig = self.network.config
        frame_rate_hz = config.rate_hz / config.hop_samples
        delay = config.hop_samples if delay_samples is None else delay_samples
        self.info = CodecInfo(
            name=name,
            family=family,
            rate_hz=config.rate_hz,
            channels=1,
            hop_samples=config.hop_samples,
            frame_rate_hz=frame_rate_hz,
            books=(BookInfo(config.book_size, frame_rate_hz),) * config.books,
            depth_mode="residual",
            latent_dim=config.dim,
            causal=True,
            streamable=True,
            delay_samples=delay,
            stream_delay_samples=delay,
            licence=licence,
            parameters=sum(tensor.numel() for tensor in network.state_dict().values()),
            source=source,
            notes=notes,
        )

    def to_native(self) -> NativeFile:
        """As the contents of the project's own file, matrices rounded to 8 bits."""
        weights = {name: tensor.detach().cpu() for name, tensor in self.module.state_dict().items()}
        tensors = compact(weights, self.rest)
        config = self.network.config.to_dict()
        return NativeFile(self.info.family, self.info.name, config, tensors, self.info.licence, self.info.notes)

    def stream(self, batch: int = 1, depth: int | None = None, start: Start = "file") -> LappedStream:
        """A fresh stream."""
        return LappedStream(self, batch, depth)

    def quantized_latents(self, encoded: Encoded, depth: int | None = None) -> Tensor:
        """`[B, D, F]`, the sum of the first `depth` entries."""
        codes = encoded.codes.to(self.device)
        return self.network.quantizer.decode(codes, min(self.info.check_depth(depth), codes.shape[1]))

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        stream = self.stream(audio.shape[0])
        blocks = torch.split(audio, BLOCK_FRAMES * self.info.hop_samples, dim=-1)
        pieces = [stream.encode(block) for block in blocks]
        codes = torch.cat([codes for codes, _ in pieces], dim=-1)[:, :depth]
        return Encoded((codes,), torch.cat([latents for _, latents in pieces], dim=-1), audio.shape[-1])

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        codes = encoded.code_groups[0][:, :depth].to(self.device)
        stream = self.stream(codes.shape[0], depth)
        return torch.cat([stream.decode(block) for block in torch.split(codes, BLOCK_FRAMES, dim=-1)], dim=-1)

    def _decode_books(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        """A decoder that knows its depth is told the last of the books: of the first books it is `_decode`."""
        codes = encoded.code_groups[0].to(self.device)
        stream = self.stream(codes.shape[0])
        stream.choose_books(books)
        return torch.cat([stream.decode(block) for block in torch.split(codes, BLOCK_FRAMES, dim=-1)], dim=-1)

    def _decode_latents(self, latents: Tensor, depth: int, side: dict[str, Tensor]) -> Tensor:
        stream = self.stream(latents.shape[0], depth)
        blocks = torch.split(latents, BLOCK_FRAMES, dim=-1)
        return torch.cat([stream.decode_latents(block, depth) for block in blocks], dim=-1)


class LappedStream(CodecStream):
    """Encoder and decoder with carried state. Raises `SpeefeareError` for another batch than it was made for."""

    def __init__(self, codec: LappedCodec, batch: int, depth: int | None) -> None:
        super().__init__(codec.info, batch, depth)
        self._codec = codec
        self._books: tuple[int, ...] | None = None

    def choose_books(self, books: Sequence[int] | None) -> None:
        """Decode with just these books, counted from 0 (None: the first `depth`).

        A decoder that knows its depth is told the last of them.
        """
        self._books = None if books is None else self._codec._check_books(books, self.info.depth)

    def encode(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """`[B, 1, n·hop]` → codes `[B, K, n]`, latents `[B, D, n]`."""
        self.check_batch(audio)
        network = self._codec.network
        with torch.inference_mode():
            before = self.state["encoder"] if "encoder" in self.state else network.encoder_silence(self.batch)
            latents, self.state["encoder"] = network.encode(audio[:, 0], before)
            return network.quantizer.encode(latents), latents

    def decode(self, codes: Tensor) -> Tensor:
        """Codes `[B, K, n]` → audio `[B, 1, n·hop]`, with the first `depth` books or those that were chosen."""
        self.check_batch(codes)
        quantizer = self._codec.network.quantizer
        with torch.inference_mode():
            if self._books is None:
                depth = min(self.depth, codes.shape[1])
                return self.decode_latents(quantizer.decode(codes, depth), depth)
            books = tuple(book for book in self._books if book < codes.shape[1])
            return self.decode_latents(quantizer.decode_books(codes, books), books[-1] + 1)

    def decode_latents(self, latents: Tensor, depth: int) -> Tensor:
        """Summed entries `[B, D, n]` → audio `[B, 1, n·hop]`, by a decoder that is told `depth`."""
        network = self._codec.network
        with torch.inference_mode():
            before = self.state["decoder"] if "decoder" in self.state else network.decoder_silence(self.batch)
            depths = torch.full((self.batch,), depth, device=latents.device)
            audio, self.state["decoder"] = network.decode(latents, depths, before)
            return audio[:, None]
