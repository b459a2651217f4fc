"""Plain µ-law companding, sample by sample: the oldest baseline. `mulaw` or `mulaw:8` is 8 bits, `mulaw:4` 4 bits.

F(x) = sgn(x) · ln(1 + µ|x|) / ln(1 + µ) with µ = 2^bits - 1, then 2^bits even steps: the continuous formula that G.711
approaches by segments, in the form of WaveNet (arXiv 1609.03499, section 2.2). 16 kHz mono; each sample is a code of
its own, so the one book speaks 16 000 times a second.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from speefeare_core.codec import BookInfo, Codec, CodecInfo, Encoded
from speefeare_core.errors import SpeefeareError
from speefeare_core.stream import CodecStream, Start

RATE_HZ = 16_000
DEFAULT_BITS, FEWEST_BITS, MOST_BITS = 8, 2, 16


def compress(samples: Tensor, bits: int) -> Tensor:
    """Samples of any shape, clipped at ±1 → codes 0 to 2^bits - 1, int64."""
    mu = float(2**bits - 1)
    clipped = samples.clamp(-1.0, 1.0)
    companded = clipped.sign() * torch.log1p(mu * clipped.abs()) / math.log1p(mu)
    return ((companded + 1) / 2 * mu + 0.5).to(torch.int64)


def expand(codes: Tensor, bits: int) -> Tensor:
    """Codes of any shape → samples within ±1, float32; inverse of `compress` up to its rounding."""
    mu = float(2**bits - 1)
    companded = codes.to(torch.float32) / mu * 2 - 1
    return companded.sign() * torch.expm1(companded.abs() * math.log1p(mu)) / mu


class MulawCodec(Codec):
    """µ-law at one word length. Raises `SpeefeareError` for bits out of range."""

    def __init__(self, bits: int = DEFAULT_BITS) -> None:
        if not FEWEST_BITS <= bits <= MOST_BITS:
            raise SpeefeareError(
                f"µ-law is offered with {FEWEST_BITS} to {MOST_BITS} bits, not {bits}; use for example mulaw:8."
            )
        self.bits = bits
        self.module = nn.Module()
        self.info = CodecInfo(
            name=f"mulaw-{bits}",
            family="mulaw",
            rate_hz=RATE_HZ,
            channels=1,
            hop_samples=1,
            frame_rate_hz=float(RATE_HZ),
            books=(BookInfo(2**bits, float(RATE_HZ)),),
            depth_mode="none",
            latent_dim=0,
            causal=True,
            streamable=True,
            delay_samples=0,
            stream_delay_samples=0,
            licence="no weights",
            source=f"mulaw:{bits}",
            notes=("Every sample is coded alone: a code is a level, not a learned entry, and there are no latents.",),
        )

    @classmethod
    def from_source(cls, source: str) -> MulawCodec:
        """`mulaw` → 8 bits, `mulaw:6` → 6 bits. Raises `SpeefeareError` for anything else."""
        bits = source.removeprefix("mulaw").removeprefix(":") or str(DEFAULT_BITS)
        if not (bits.isascii() and bits.isdecimal()):
            raise SpeefeareError(f"{source} should name the bits of a sample, for example mulaw:8.")
        return cls(int(bits[:9]))

    def stream(self, batch: int = 1, depth: int | None = None, start: Start = "file") -> MulawStream:
        """A fresh stream; it carries nothing from sample to sample."""
        return MulawStream(self, batch, depth)

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        return Encoded((compress(audio, self.bits),), None, audio.shape[-1])

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        return expand(encoded.code_groups[0], self.bits)

    def _decode_books(self, encoded: Encoded, books: tuple[int, ...]) -> Tensor:
        return self._decode(encoded, 1)


class MulawStream(CodecStream):
    """Without state. Raises `SpeefeareError` for another batch than it was made for."""

    def __init__(self, codec: MulawCodec, batch: int, depth: int | None) -> None:
        super().__init__(codec.info, batch, depth)
        self._bits = codec.bits

    def encode(self, audio: Tensor) -> tuple[Tensor, None]:
        """`[B, 1, n]` → codes `[B, 1, n]`."""
        self.check_batch(audio)
        return compress(audio, self._bits), None

    def decode(self, codes: Tensor) -> Tensor:
        """Codes `[B, 1, n]` → audio `[B, 1, n]`."""
        self.check_batch(codes)
        return expand(codes, self._bits)
