"""VoxCPM's AudioVAE: a causal, depthwise DAC trunk with continuous latents (arXiv 2509.24650; voxcpm/modules/audiovae).

Version 1 has one rate. Version 2 listens at 16 kHz and speaks at 48 kHz, and each decoder block is told the rate.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from speefeare_core.nn.config import NetworkConfig
from speefeare_core.nn.dac import DacDecoder, DacEncoder, DecoderBlock, with_output
from speefeare_core.nn.pieces import PieceModule
from speefeare_core.nn.resample import Decimator
from speefeare_core.nn.snake import Snake
from speefeare_core.nn.streaming import ModuleState
from speefeare_core.nn.trunk_conv import TrunkConv1d

CONDITIONS = ("none", "scale_bias", "add", "concat")


@dataclass(frozen=True)
class AudioVaeConfig(NetworkConfig):
    """Sizes of the network, by default those of version 1 at 16 kHz.

    Raises ValueError for values that cannot work, among them rates that do not fit the strides.
    """

    rate_hz: int = 16000  # what the encoder hears
    out_rate_hz: int = 16000  # what the decoder gives
    channels: int = 128  # width of the encoder's first layer
    strides: tuple[int, ...] = (2, 5, 8, 8)
    latent_dim: int = 64
    decoder_channels: int = 1536  # width of the decoder's first layer
    decoder_strides: tuple[int, ...] = (8, 8, 5, 2)
    depthwise: bool = True
    late: bool = True  # version 1 delays the encoder by a sample at each odd stride
    noise: bool = False
    condition: str = "none"  # how the decoder is told its rate
    condition_bounds_hz: tuple[int, ...] = ()  # which rates share a row of the conditions
    condition_dim: int = 128  # of "concat"
    condition_out_layer: bool = False

    def __post_init__(self) -> None:
        numbers = (self.rate_hz, self.out_rate_hz, self.channels, self.latent_dim, self.decoder_channels)
        for number in (*numbers, *self.strides, *self.decoder_strides):
            if isinstance(number, bool) or not isinstance(number, int) or number < 1:
                raise ValueError(f"AudioVAE's sizes should be whole numbers from 1 on, not {number!r}")
        if not self.strides or not self.decoder_strides:
            raise ValueError("AudioVAE needs strides")
        if self.condition not in CONDITIONS:
            raise ValueError(f"AudioVAE's condition should be one of {', '.join(CONDITIONS)}, not {self.condition}")
        if self.rate_hz * math.prod(self.decoder_strides) != self.out_rate_hz * math.prod(self.strides):
            raise ValueError(
                f"AudioVAE's rates {self.rate_hz} and {self.out_rate_hz} Hz do not fit its strides {self.strides} and"
                f" {self.decoder_strides}"
            )
        if self.out_rate_hz % self.rate_hz:
            raise ValueError(f"{self.out_rate_hz} Hz is no multiple of {self.rate_hz} Hz")

    @property
    def factor(self) -> int:
        """How many output samples stand for one input sample."""
        return self.out_rate_hz // self.rate_hz

    @property
    def hop_samples(self) -> int:
        """Output samples of a frame."""
        return math.prod(self.decoder_strides)


class RateCondition(PieceModule):
    """Tells a block which rate to speak at: a row for each range of rates, as scale and bias, sum, or more channels.

    The names of the weights are the official ones. `row` is the range that is asked for.
    """

    def __init__(self, channels: int, config: AudioVaeConfig) -> None:
        super().__init__()
        rows, self.kind = len(config.condition_bounds_hz) + 1, config.condition
        self.row = bisect.bisect_left(config.condition_bounds_hz, config.out_rate_hz)
        self.density = channels
        inside = channels
        if self.kind == "scale_bias":
            self.scale_embed = nn.Embedding(rows, channels)
            self.bias_embed = nn.Embedding(rows, channels)
            nn.init.ones_(self.scale_embed.weight)
            nn.init.zeros_(self.bias_embed.weight)
        else:
            self.cond_embed = nn.Embedding(rows, channels if self.kind == "add" else config.condition_dim)
            inside = channels if self.kind == "add" else channels + config.condition_dim
        self.out_layer = (
            nn.Sequential(Snake(inside), TrunkConv1d(inside, channels, 1)) if config.condition_out_layer else None
        )

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` → `[B, C, T]`."""
        if self.kind == "scale_bias":
            x = x * self.scale_embed.weight[self.row, :, None] + self.bias_embed.weight[self.row, :, None]
        elif self.kind == "add":
            x = x + self.cond_embed.weight[self.row, :, None]
        else:
            told = self.cond_embed.weight[self.row, :, None].expand(x.shape[0], -1, x.shape[-1])
            x = torch.cat([x, told], dim=1)
        if self.out_layer is not None:
            x = self.out_layer(x)
        return x

    def initial_state(self, batch: int) -> ModuleState:
        """None."""
        return None

    def needs(self, first: int, last: int) -> tuple[int, int]:
        """The sample itself."""
        return first, last

    def push(self, x: Tensor, state: ModuleState, last: bool) -> tuple[Tensor, ModuleState]:
        """The same as `forward`."""
        return self.forward(x), None


class AudioVaeEncoder(DacEncoder):
    """Audio `[B, 1, F·hop]` → the means of the latents `[B, D, F]`; `distribution` gives the log variances too."""

    def __init__(self, config: AudioVaeConfig) -> None:
        super().__init__(
            config.channels, config.strides, None, causal=True, depthwise=config.depthwise, late=config.late
        )
        self.fc_mu = TrunkConv1d(self.out_channels, config.latent_dim, 3, causal=True)
        self.fc_logvar = TrunkConv1d(self.out_channels, config.latent_dim, 3, causal=True)

    def stages(self) -> list[PieceModule]:
        """Convolution, blocks, and the layer of the means."""
        return [*super().stages(), self.fc_mu]

    def distribution(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """Means and log variances `[B, D, F]`, for training."""
        hidden = audio
        for stage in super().stages():
            hidden = stage(hidden)
        return self.fc_mu(hidden), self.fc_logvar(hidden)


class AudioVaeDecoder(DacDecoder):
    """Latents `[B, D, F]` → audio `[B, 1, F·hop]`, with a condition before each block where the network has them."""

    def __init__(self, config: AudioVaeConfig) -> None:
        super().__init__(
            config.latent_dim,
            config.decoder_channels,
            config.decoder_strides,
            causal=True,
            depthwise=config.depthwise,
            noise=config.noise,
        )
        if config.condition != "none":
            self.sr_cond_model = nn.ModuleDict(
                {
                    str(index): RateCondition(part.in_channels, config)
                    for index, part in enumerate(self.model)
                    if isinstance(part, DecoderBlock)
                }
            )

    def stages(self) -> list[PieceModule]:
        """Convolutions, blocks with their conditions, and the layers of the sound."""
        if not hasattr(self, "sr_cond_model"):
            return super().stages()
        parts: list[nn.Module] = []
        for index, part in enumerate(self.model):
            if str(index) in self.sr_cond_model:
                parts.append(self.sr_cond_model[str(index)])
            parts.append(part)
        return with_output(parts, tanh=self.tanh)


@dataclass(frozen=True)
class AudioVaeOutput:
    """One training pass."""

    audio: Tensor  # [B, 1, F·hop] at the output's rate
    latents: Tensor  # [B, D, F], drawn from the distribution
    mean: Tensor  # [B, D, F]
    log_variance: Tensor  # [B, D, F]

    @property
    def kl_loss(self) -> Tensor:
        """Scalar: the divergence from the normal distribution, mean over all values."""
        return 0.5 * (self.mean.square() + self.log_variance.exp() - 1 - self.log_variance).mean()


class AudioVaeModel(nn.Module):
    """All weights of an AudioVAE, under the official names; the encoder takes audio at `config.rate_hz`."""

    def __init__(self, config: AudioVaeConfig) -> None:
        super().__init__()
        self.config = config
        self.decimator = Decimator(config.factor) if config.factor > 1 else None
        self.encoder = AudioVaeEncoder(config)
        self.decoder = AudioVaeDecoder(config)

    def forward(self, audio: Tensor, *, sample: bool = True) -> AudioVaeOutput:
        """Audio `[B, 1, F·640]` at the encoder's rate through everything; `sample` draws latents, else their means."""
        mean, log_variance = self.encoder.distribution(audio)
        latents = mean + torch.randn_like(mean) * (0.5 * log_variance).exp() if sample else mean
        return AudioVaeOutput(self.decoder(latents), latents, mean, log_variance)
