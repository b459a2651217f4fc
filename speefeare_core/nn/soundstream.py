"""The SoundStream network: encoder, residual quantiser, decoder (arXiv 2107.03312)."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from speefeare_core.nn.config import NetworkConfig
from speefeare_core.nn.film import Film
from speefeare_core.nn.seanet import SeanetConfig, SeanetDecoder, SeanetEncoder
from speefeare_core.quantizers.residual import Quantized, ResidualVQ

LATENT_KERNEL = 3  # of the encoder's last convolution


@dataclass(frozen=True)
class SoundStreamConfig(NetworkConfig):
    """Sizes of the network, by default the paper's at 6 kbps; plain JSON values.

    The paper does not give the latent width. Raises ValueError for values that cannot work.
    """

    rate_hz: int = 24000
    strides: tuple[int, ...] = (2, 4, 5, 8)  # in the order of the encoder
    channels: int = 32  # width of the encoder's first layer
    decoder_channels: int = 32  # width before the decoder's last layer
    latent_dim: int = 512
    books: int = 8
    book_size: int = 1024
    denoise_switch: bool = False  # a FiLM layer on the latents that turns denoising on and off

    def __post_init__(self) -> None:
        if not isinstance(self.strides, tuple) or not self.strides:
            raise ValueError("SoundStream's strides should be a list of at least one whole number")
        if not isinstance(self.denoise_switch, bool):
            raise ValueError("SoundStream's denoise_switch should be true or false")
        numbers = dataclasses.asdict(self)
        del numbers["strides"], numbers["denoise_switch"]
        for name, value in [*numbers.items(), *(("strides", stride) for stride in self.strides)]:
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"SoundStream's {name} should be a whole number from 1 on, not {value!r}")
        if self.book_size < 2:
            raise ValueError("SoundStream's book_size should be at least 2")

    @property
    def hop_samples(self) -> int:
        """Samples of a frame."""
        return math.prod(self.strides)

    def seanet(self, n_filters: int) -> SeanetConfig:
        """Encoder or decoder (section III-A, figure 3): three residual units of kernel 7 and dilations 1, 3, 9 a block.

        ELU before every convolution but the first, no normalisation anywhere, padding by zeros on the left only.
        """
        return SeanetConfig(
            dimension=self.latent_dim, n_filters=n_filters, ratios=self.strides[::-1], n_residual_layers=3,
            residual_kernel_size=7, dilation_base=3, compress=1, true_skip=True, pad_mode="constant", lstm=0,
        )  # fmt: skip


@dataclass(frozen=True)
class SoundStreamOutput:
    """One training pass."""

    audio: Tensor  # [B, 1, F·hop]
    latents: Tensor  # [B, D, F] before quantisation
    quantized: Quantized


class SoundStreamModel(nn.Module):
    """All weights of SoundStream; encoder and decoder are stream modules, so that it runs whole or in pieces."""

    def __init__(self, config: SoundStreamConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = SeanetEncoder(
            dataclasses.replace(config.seanet(config.channels), last_kernel_size=LATENT_KERNEL)
        )
        self.film = Film(2, config.latent_dim) if config.denoise_switch else None
        self.quantizer = ResidualVQ(config.books, config.book_size, config.latent_dim)
        self.decoder = SeanetDecoder(config.seanet(config.decoder_channels))

    def condition(self, latents: Tensor, denoise: Tensor | None) -> Tensor:
        """Latents `[B, D, F]` with denoising off or on for each example `[B]` (None: off); itself without a switch."""
        if self.film is None:
            return latents
        off = torch.zeros(latents.shape[0], dtype=torch.int64, device=latents.device)
        modulated: Tensor = self.film(latents, off if denoise is None else denoise.long())
        return modulated

    def forward(
        self, audio: Tensor, depths: Tensor | None = None, denoise: Tensor | None = None,
        unquantised: Tensor | None = None,
    ) -> SoundStreamOutput:  # fmt: skip
        """Audio `[B, 1, F·hop]` through everything, each example with its own number of books `depths` `[B]`.

        The decoder gets the latents themselves of the examples that `unquantised` `[B]` bool names.
        """
        latents = self.condition(self.encoder(audio), denoise)
        quantized = self.quantizer(latents, depths=depths)
        return SoundStreamOutput(self.decoder(quantized.passed(latents, unquantised)), latents, quantized)
