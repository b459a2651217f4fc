"""The EnCodec network: SEANet encoder, residual quantiser, SEANet decoder (arXiv 2210.13438)."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from speefeare_core.nn.seanet import SeanetConfig, SeanetDecoder, SeanetEncoder
from speefeare_core.quantizers.residual import Quantized, ResidualVQ

LEAST_LEVEL = 1e-8  # added to the level that audio is divided by


@dataclass(frozen=True)
class EncodecConfig(SeanetConfig):
    """SEANet's switches, the quantiser, and how audio is prepared; by default the 24 kHz model with all 32 books.

    Raises ValueError for values that cannot work.
    """

    rate_hz: int = 24000
    books: int = 32
    book_size: int = 1024
    normalize: bool = False  # audio is divided by its level before, and multiplied by it after
    segment_samples: int | None = None  # recordings are cut into segments of this length, each coded alone (48 kHz)
    segment_stride: int | None = None  # from one segment to the next; what they share is faded over

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, least in (("rate_hz", 1), ("books", 1), ("book_size", 2)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"Encodec's {name} should be a whole number from {least} on, not {value!r}")
        length, stride = self.segment_samples, self.segment_stride
        if (length is None) != (stride is None):
            raise ValueError("Encodec's segment_samples and segment_stride belong together")
        if length is not None and stride is not None and not 0 < stride <= length:
            raise ValueError("Encodec's segment_stride should lie between 1 and segment_samples")

    @property
    def streamable(self) -> bool:
        """Whether encoder and decoder have a streaming form."""
        return super().streamable and not self.normalize and self.segment_samples is None

    @property
    def frame_rate_hz(self) -> float:
        """Frames in a second of recording; those of segments that overlap count all."""
        if self.segment_samples is None or self.segment_stride is None:
            return self.rate_hz / self.hop_samples
        return -(-self.segment_samples // self.hop_samples) * self.rate_hz / self.segment_stride


@dataclass(frozen=True)
class EncodecOutput:
    """One training pass."""

    audio: Tensor  # [B, C, T]
    latents: Tensor  # [B, D, F] before quantisation
    quantized: Quantized


class EncodecModel(nn.Module):
    """All weights of EnCodec."""

    def __init__(self, config: EncodecConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = SeanetEncoder(config)
        self.quantizer = ResidualVQ(config.books, config.book_size, config.dimension)
        self.decoder = SeanetDecoder(config)

    def level(self, audio: Tensor) -> Tensor:
        """The level `[B, 1, 1]` of audio `[B, C, T]`, channels mixed, by which it is divided; 1 where it is not."""
        if not self.config.normalize:
            return audio.new_ones(audio.shape[0], 1, 1)
        return audio.mean(dim=1, keepdim=True).square().mean(dim=2, keepdim=True).sqrt() + LEAST_LEVEL

    def forward(
        self, audio: Tensor, depths: Tensor | None = None, unquantised: Tensor | None = None
    ) -> EncodecOutput:  # fmt: skip
        """One segment `[B, C, T]` through everything, each example with its own number of books `depths` `[B]`.

        The decoder gets the latents themselves of the examples that `unquantised` `[B]` bool names.
        """
        level = self.level(audio)
        latents = self.encoder(audio / level)
        quantized = self.quantizer(latents, depths=depths)
        decoded = self.decoder(quantized.passed(latents, unquantised)) * level
        return EncodecOutput(decoded[..., : audio.shape[-1]], latents, quantized)
