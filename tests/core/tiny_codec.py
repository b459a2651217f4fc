"""A small real codec for tests: a lapped transform (MDCT) with residual books, causal, streamable, deterministic.

It is honest to the whole contract: it has a delay to compensate, carried state, depth, and quality that rises with
depth (every book holds the zero entry, and the transform is orthonormal). The fixture `tiny` of
conftest.py is a file of it that `load_codec` opens.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn

from speefeare_core.checkpoints import native
from speefeare_core.codec import BookInfo, Codec, CodecInfo, Encoded
from speefeare_core.codecs import Family
from speefeare_core.stream import CodecStream, Start

FAMILY = Family("tiny", "Tiny test codec", "tests.core.tiny_codec:TinyCodec")


class TinyModel(nn.Module):
    """MDCT basis `[hop, 2·hop]` with its sine window, and books `[K, N, hop]`. Double precision: no rounding ties."""

    basis: Tensor
    books: Tensor

    def __init__(self, hop: int, depth: int, size: int) -> None:
        super().__init__()
        n = torch.arange(2 * hop, dtype=torch.float64)
        k = torch.arange(hop, dtype=torch.float64)
        angle = math.pi / hop * (n[None] + 0.5 + hop / 2) * (k[:, None] + 0.5)
        window = torch.sin(math.pi * (n + 0.5) / (2 * hop))
        self.register_buffer("basis", math.sqrt(2 / hop) * torch.cos(angle) * window)
        draw = torch.Generator().manual_seed(0)
        books = torch.randn(depth, size, hop, generator=draw, dtype=torch.float64)
        # Book k speaks of the two coefficients 2k and 2k + 1, where speech has its energy.
        for index, book in enumerate(books):
            book[:, : 2 * index] = 0.0
            book[:, 2 * index + 2 :] = 0.0
        books *= 0.4
        books[:, 0] = 0.0
        self.register_buffer("books", books)

    def analyse(self, audio: Tensor, before: Tensor) -> Tensor:
        """`[B, 1, n·hop]` after the hop samples `before` `[B, 1, hop]` → latents `[B, hop, n]`."""
        hop = self.basis.shape[0]
        joined = torch.cat([before, audio], dim=-1)[:, 0].to(torch.float64)
        return (joined.unfold(-1, 2 * hop, hop) @ self.basis.T).transpose(1, 2)

    def search(self, latents: Tensor) -> Tensor:
        """Greedy residual search: `[B, D, n]` → `[B, K, n]`."""
        residual = latents.transpose(1, 2)
        codes = []
        for book in self.books:
            distance = (residual[..., None, :] - book).square().sum(-1)
            codes.append(distance.argmin(-1))
            residual = residual - book[codes[-1]]
        return torch.stack(codes, dim=1)

    def add_up(self, codes: Tensor, depth: int) -> Tensor:
        """`[B, K, n]` → latents `[B, D, n]` of the first `depth` books."""
        total = self.books[0][codes[:, 0]]
        for index in range(1, depth):
            total = total + self.books[index][codes[:, index]]
        return total.transpose(1, 2)

    def synthesise(self, latents: Tensor, tail: Tensor) -> tuple[Tensor, Tensor]:
        """`[B, D, n]` and the half frame `[B, hop]` that waits → `[B, 1, n·hop]` and the next half frame."""
        hop = self.basis.shape[0]
        frames = latents.transpose(1, 2) @ self.basis
        late = torch.cat([tail[:, None], frames[:, :-1, hop:]], dim=1)
        return (frames[..., :hop] + late).flatten(1)[:, None].to(torch.float32), frames[:, -1, hop:]


class TinyCodec(Codec):
    """Mono, 16 kHz by default, hop 64, 4 books of 16 entries, one hop of delay."""

    module: TinyModel

    def __init__(self, rate_hz: int = 16_000, hop: int = 64, depth: int = 4, size: int = 16) -> None:
        self.module = TinyModel(hop, depth, size).eval()
        self.info = CodecInfo(
            name="tiny",
            family="tiny",
            rate_hz=rate_hz,
            channels=1,
            hop_samples=hop,
            frame_rate_hz=rate_hz / hop,
            books=(BookInfo(size, rate_hz / hop),) * depth,
            depth_mode="residual",
            latent_dim=hop,
            causal=True,
            streamable=True,
            delay_samples=hop,
            stream_delay_samples=hop,
            licence="MIT",
        )

    @classmethod
    def from_native(cls, data: native.NativeFile) -> TinyCodec:
        """The weights are a fixed function of the configuration."""
        return cls(**data.config)

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        latents = self.module.analyse(audio, torch.zeros_like(audio[..., : self.info.hop_samples]))
        codes = self.module.search(latents)[:, :depth]
        return Encoded((codes,), latents.to(torch.float32), audio.shape[-1])

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        latents = self.module.add_up(encoded.code_groups[0], depth)
        return self.module.synthesise(latents, latents.new_zeros(latents.shape[0], self.info.hop_samples))[0]

    def _decode_latents(self, latents: Tensor, depth: int, side: dict[str, Tensor]) -> Tensor:
        given = latents.to(torch.float64)
        return self.module.synthesise(given, given.new_zeros(given.shape[0], self.info.hop_samples))[0]

    def quantized_latents(self, encoded: Encoded, depth: int | None = None) -> Tensor:
        """`[B, D, F]`."""
        return self.module.add_up(encoded.code_groups[0], self.info.check_depth(depth)).to(torch.float32)

    def stream(self, batch: int = 1, depth: int | None = None, start: Start = "file") -> CodecStream:
        """A fresh stream."""
        return TinyStream(self, batch, depth)


class TinyStream(CodecStream):
    """Carries one hop of input and half a frame of output."""

    def __init__(self, codec: TinyCodec, batch: int, depth: int | None) -> None:
        super().__init__(codec.info, batch, depth)
        self.model = codec.module

    def encode(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """`[B, 1, n·hop]` → codes `[B, K, n]`, latents `[B, D, n]`."""
        hop = self.info.hop_samples
        latents = self.model.analyse(audio, self.state.get("input", torch.zeros_like(audio[..., :hop])))
        self.state["input"] = audio[..., -hop:].clone()
        return self.model.search(latents), latents.to(torch.float32)

    def decode(self, codes: Tensor) -> Tensor:
        """Codes `[B, K, n]` → `[B, 1, n·hop]`."""
        latents = self.model.add_up(codes, self.depth)
        tail = self.state.get("output", latents.new_zeros(latents.shape[0], self.info.hop_samples))
        audio, self.state["output"] = self.model.synthesise(latents, tail)
        return audio


def tiny_file(folder: Path, rate_hz: int = 16_000, hop: int = 64, depth: int = 4, size: int = 16) -> Path:
    """A native checkpoint of the tiny codec, `<folder>/tiny.safetensors`."""
    config = {"rate_hz": rate_hz, "hop": hop, "depth": depth, "size": size}
    path = folder / "tiny.safetensors"
    native.save(native.NativeFile("tiny", "tiny", config, {"seed": torch.zeros(1)}, "MIT"), path)
    return path
