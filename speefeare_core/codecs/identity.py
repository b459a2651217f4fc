"""No codec at all: what goes in comes out, bit for bit. The hidden reference of a listening test.

`identity` is 48 kHz mono, `identity:24000` another rate, `identity:48000:2` stereo. Its latents are the samples
themselves, frame by frame, so that it streams and runs through everything that a codec with continuous latents does.
"""

from __future__ import annotations

from torch import Tensor, nn

from speefeare_core.codec import Codec, CodecInfo, Encoded
from speefeare_core.errors import SpeefeareError
from speefeare_core.stream import CodecStream, Start

DEFAULT_RATE_HZ, LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 48_000, 1_000, 384_000
FRAMES_PER_S = 100


class IdentityCodec(Codec):
    """The identity at one rate. Raises `SpeefeareError` for a rate or channels out of range."""

    def __init__(self, rate_hz: int = DEFAULT_RATE_HZ, channels: int = 1) -> None:
        if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
            raise SpeefeareError(
                f"identity is offered from {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz, not {rate_hz};"
                " use for example identity:24000."
            )
        if not 1 <= channels <= 2:
            raise SpeefeareError(
                f"identity is offered with 1 or 2 channels, not {channels}; use for example identity:48000:2."
            )
        hop = rate_hz // FRAMES_PER_S
        stereo = f":{channels}" if channels > 1 else ""
        self.module = nn.Module()
        self.info = CodecInfo(
            name=f"identity-{rate_hz}" + ("-stereo" if stereo else ""),
            family="identity",
            rate_hz=rate_hz,
            channels=channels,
            hop_samples=hop,
            frame_rate_hz=rate_hz / hop,
            books=(),
            depth_mode="none",
            latent_dim=channels * hop,
            causal=True,
            streamable=True,
            delay_samples=0,
            stream_delay_samples=0,
            licence="no weights",
            source=f"identity:{rate_hz}{stereo}",
            notes=("No codec: the sound comes out as it went in, and its latents are its samples.",),
        )

    @classmethod
    def from_source(cls, source: str) -> IdentityCodec:
        """`identity`, `identity:24000` or `identity:48000:2`. Raises `SpeefeareError` for anything else."""
        words = [word for word in source.removeprefix("identity").removeprefix(":").split(":") if word]
        if len(words) > 2 or not all(word.isascii() and word.isdecimal() for word in words):
            raise SpeefeareError(f"{source} should name a rate in Hz, for example identity:24000.")
        return cls(*(int(word[:9]) for word in words))

    def stream(self, batch: int = 1, depth: int | None = None, start: Start = "file") -> IdentityStream:
        """A fresh stream; it carries nothing from frame to frame."""
        return IdentityStream(self.info, batch, depth)

    def quantized_latents(self, encoded: Encoded, depth: int | None = None) -> None:
        """None: nothing is quantised."""
        return None

    def _encode(self, audio: Tensor, depth: int) -> Encoded:
        return Encoded((), framed(audio, self.info.hop_samples), audio.shape[-1])

    def _decode(self, encoded: Encoded, depth: int) -> Tensor:
        assert encoded.latents is not None
        return unframed(encoded.latents, self.info.channels)


class IdentityStream(CodecStream):
    """Without state. Raises `SpeefeareError` for another batch than it was made for."""

    def encode(self, audio: Tensor) -> tuple[None, Tensor]:
        """`[B, C, n·hop]` → latents `[B, C·hop, n]`."""
        self.check_batch(audio)
        return None, framed(audio, self.info.hop_samples)

    def decode(self, codes: Tensor) -> Tensor:
        """Latents `[B, C·hop, n]` → `[B, C, n·hop]`."""
        self.check_batch(codes)
        return unframed(codes, self.info.channels)


def framed(audio: Tensor, hop: int) -> Tensor:
    """`[B, C, n·hop]` → `[B, C·hop, n]`."""
    batch, channels, length = audio.shape
    return audio.reshape(batch, channels, length // hop, hop).transpose(2, 3).reshape(batch, channels * hop, -1)


def unframed(frames: Tensor, channels: int) -> Tensor:
    """`[B, C·hop, n]` → `[B, C, n·hop]`."""
    batch, values, count = frames.shape
    return frames.reshape(batch, channels, values // channels, count).transpose(2, 3).reshape(batch, channels, -1)
