"""WavTokenizer (arXiv 2408.16532): a SEANet encoder, one large book, and a Vocos decoder with attention before it.

Attributes of the decoder bear the names of the published checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from speefeare_core.nn.config import NetworkConfig
from speefeare_core.nn.convnext import EPS
from speefeare_core.nn.seanet import SeanetConfig, SeanetEncoder
from speefeare_core.nn.vocos import VocosConfig, VocosDecoder
from speefeare_core.quantizers.residual import Quantized, ResidualVQ

GROUPS = 32


@dataclass(frozen=True)
class WavTokenizerConfig(NetworkConfig):
    """Sizes, by default those of the 75 Hz models. Raises ValueError for values that cannot work."""

    rate_hz: int = 24_000
    ratios: tuple[int, ...] = (8, 5, 4, 2)  # strides of the encoder, the last one next to the audio
    n_filters: int = 32
    latent_dim: int = 512
    lstm: int = 2
    book_size: int = 4096
    dim: int = 768
    inner_dim: int = 2304
    layers: int = 12
    conditions: int = 4
    n_fft: int = 1280
    padding: str = "same"
    attention: bool = True  # False: plain frames instead, to see what attention is for
    dropout: float = 0.1  # in the residual blocks, in training

    def __post_init__(self) -> None:
        if self.dim % GROUPS or self.dim < 2 * GROUPS:  # a norm of one value is none
            raise ValueError(
                f"WavTokenizer's dim should be a multiple of {GROUPS} from {2 * GROUPS} on, not {self.dim}"
            )
        for field in ("rate_hz", "book_size"):
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, int) or value < 2:
                raise ValueError(f"WavTokenizer's {field} should be a whole number from 2 on, not {value!r}")
        if not isinstance(self.attention, bool) or not 0 <= self.dropout < 1:
            raise ValueError("WavTokenizer's attention is true or false, and its dropout from 0 to below 1")
        _ = self.encoder, self.decoder  # which refuse what does not work

    @property
    def encoder(self) -> SeanetConfig:
        """Of the encoder."""
        return SeanetConfig(
            dimension=self.latent_dim, n_filters=self.n_filters, ratios=self.ratios, causal=False, lstm=self.lstm
        )

    @property
    def decoder(self) -> VocosConfig:
        """Of the decoder."""
        return VocosConfig(
            input_dim=self.latent_dim,
            dim=self.dim,
            inner_dim=self.inner_dim,
            layers=self.layers,
            conditions=self.conditions,
            n_fft=self.n_fft,
            hop_samples=self.hop_samples,
            padding=self.padding,  # type: ignore[arg-type]  # VocosConfig looks
        )

    @property
    def hop_samples(self) -> int:
        """Samples of a frame."""
        hop = 1
        for ratio in self.ratios:
            hop *= ratio
        return hop


def group_norm(channels: int) -> nn.GroupNorm:
    """Over time too: every frame depends on the whole recording."""
    return nn.GroupNorm(GROUPS, channels, eps=EPS)


class ResidualBlock(nn.Module):
    """x + conv3(swish(norm(conv3(swish(norm(x)))))) on `[B, D, F]`."""

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = group_norm(channels)
        self.conv1 = nn.Conv1d(channels, channels, 3, padding=1)
        self.norm2 = group_norm(channels)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = nn.Conv1d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, D, F]` → `[B, D, F]`."""
        inner = self.conv1(F.silu(self.norm1(x)))
        out: Tensor = x + self.conv2(self.dropout(F.silu(self.norm2(inner))))
        return out


class AttentionBlock(nn.Module):
    """x + attention over all frames, one head as wide as the signal."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = group_norm(channels)
        self.q = nn.Conv1d(channels, channels, 1)
        self.k = nn.Conv1d(channels, channels, 1)
        self.v = nn.Conv1d(channels, channels, 1)
        self.proj_out = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, D, F]` → `[B, D, F]`; without gradients the F×F scores are never in memory at once."""
        normed = self.norm(x)
        # Contiguous, because torch's attention otherwise falls back to one that keeps all scores.
        query, key, value = (part(normed).transpose(1, 2)[:, None].contiguous() for part in (self.q, self.k, self.v))
        mixed = F.scaled_dot_product_attention(query, key, value)[:, 0].transpose(1, 2)
        out: Tensor = x + self.proj_out(mixed)
        return out


def position_net(config: WavTokenizerConfig) -> nn.Sequential:
    """What stands before the ConvNeXt blocks."""
    channels, dropout = config.dim, config.dropout
    return nn.Sequential(
        ResidualBlock(channels, dropout),
        ResidualBlock(channels, dropout),
        AttentionBlock(channels) if config.attention else nn.Identity(),
        ResidualBlock(channels, dropout),
        ResidualBlock(channels, dropout),
        group_norm(channels),
    )


@dataclass(frozen=True)
class WavTokenizerOutput:
    """One training pass."""

    audio: Tensor  # [B, 1, F·hop]
    latents: Tensor  # [B, D, F] before quantisation
    quantized: Quantized


class WavTokenizerModel(nn.Module):
    """All weights."""

    def __init__(self, config: WavTokenizerConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = SeanetEncoder(config.encoder)
        self.quantizer = ResidualVQ(1, config.book_size, config.latent_dim)
        self.decoder = VocosDecoder(config.decoder, position_net(config))

    def forward(
        self, audio: Tensor, condition: Tensor | int = 0, unquantised: Tensor | None = None
    ) -> WavTokenizerOutput:
        """Audio `[B, 1, F·hop]` through everything.

        The decoder gets the latents themselves of the examples that `unquantised` `[B]` bool names.
        """
        latents = self.encoder(audio)
        quantized = self.quantizer(latents)
        return WavTokenizerOutput(self.decoder(quantized.passed(latents, unquantised), condition), latents, quantized)
