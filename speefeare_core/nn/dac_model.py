"""The DAC network: trunk encoder, factorised residual quantiser, trunk decoder (arXiv 2306.06546; dac/model/dac.py)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor, nn

from speefeare_core.nn.config import NetworkConfig
from speefeare_core.nn.dac import DacDecoder, DacEncoder
from speefeare_core.quantizers.factorised import FactorisedQuantized, FactorisedRVQ


@dataclass(frozen=True)
class DacConfig(NetworkConfig):
    """Sizes of the network, by default those of the 44.1 kHz model at 8 kbps.

    Raises ValueError where encoder and decoder have different hops, or a number is below 1.
    """

    rate_hz: int = 44100
    channels: int = 64  # width of the encoder's first layer
    strides: tuple[int, ...] = (2, 4, 8, 8)  # in the order of the encoder
    latent_dim: int = 1024
    decoder_channels: int = 1536  # width of the decoder's first layer
    decoder_strides: tuple[int, ...] = (8, 8, 4, 2)
    books: int = 9
    book_size: int = 1024
    book_dim: int = 8

    def __post_init__(self) -> None:
        for name, value in self.to_dict().items():
            for number in value if isinstance(value, list) else [value]:
                if isinstance(number, bool) or not isinstance(number, int) or number < 1:
                    raise ValueError(f"DAC's {name} should be whole numbers from 1 on, not {value!r}")
        if not self.strides or math.prod(self.strides) != math.prod(self.decoder_strides):
            raise ValueError(f"DAC's strides {self.strides} and {self.decoder_strides} differ in their hop")

    @property
    def hop_samples(self) -> int:
        """Samples of a frame."""
        return math.prod(self.strides)


@dataclass(frozen=True)
class DacOutput:
    """One training pass."""

    audio: Tensor  # [B, 1, F·hop], a few samples less with odd strides
    latents: Tensor  # [B, D, F] before quantisation
    quantized: FactorisedQuantized


class DacModel(nn.Module):
    """All weights of DAC, under the names of the official files."""

    def __init__(self, config: DacConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = DacEncoder(config.channels, config.strides, config.latent_dim)
        self.quantizer = FactorisedRVQ(config.books, config.book_size, config.latent_dim, config.book_dim)
        self.decoder = DacDecoder(config.latent_dim, config.decoder_channels, config.decoder_strides)

    def forward(self, audio: Tensor, depths: Tensor | None = None, unquantised: Tensor | None = None) -> DacOutput:
        """Audio `[B, 1, F·hop]` through everything, each example with its own number of books `depths` `[B]`.

        The decoder gets the latents themselves of the examples that `unquantised` `[B]` bool names.
        """
        latents = self.encoder(audio)
        quantized = self.quantizer(latents, depths=depths)
        return DacOutput(self.decoder(quantized.passed(latents, unquantised)), latents, quantized)

    def context_frames(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Whole frames before and after a frame that it depends on: in the encoder, in the decoder."""
        hop = self.config.hop_samples
        first, last = self.encoder.needs(0, 0)
        before, after = self.decoder.needs(0, hop - 1)
        return (-(first // hop), last // hop), (-before, after)
