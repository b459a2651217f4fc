"""The X-Codec network (arXiv 2408.17175): what a codec hears and what HuBERT understands, quantised together.

DAC's trunk codes the sound; a few convolutions code the frozen teacher's features; both lie side by side before the
books, and each has its own way back. The decoder of the features is for training alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speefeare_core.nn.config import NetworkConfig
from speefeare_core.nn.dac import DacDecoder, DacEncoder
from speefeare_core.quantizers.residual import Quantized, ResidualVQ

_EDGE = 160  # zeros around the sound where its frames would otherwise be fewer than the teacher's


@dataclass(frozen=True)
class XCodecConfig(NetworkConfig):
    """Sizes, by default those of the published models. Raises ValueError for values that cannot work."""

    rate_hz: int = 16000
    channels: int = 64  # width of the acoustic encoder's first layer
    strides: tuple[int, ...] = (8, 5, 4, 2)  # of the encoder, and of the decoder in the same order
    decoder_strides: tuple[int, ...] = (8, 5, 4, 2)
    acoustic_dim: int = 256
    decoder_channels: int = 1024
    semantic_strides: tuple[int, ...] = (1, 1)
    semantic_widths: tuple[int, ...] = (768, 768)  # after each of them
    units: int = 2  # residual units of a semantic block
    books: int = 8
    book_size: int = 1024
    teacher: str = "hubert"
    teacher_options: tuple[tuple[str, Any], ...] = ()  # see teachers.build

    def __post_init__(self) -> None:
        if math.prod(self.strides) != math.prod(self.decoder_strides):
            raise ValueError(
                f"X-Codec's strides {self.strides} and {self.decoder_strides} do not lead to the same rate"
            )
        if len(self.semantic_strides) != len(self.semantic_widths):
            raise ValueError("X-Codec's semantic_strides and semantic_widths should be equally many")
        if min(self.books, self.book_size - 1, self.channels, self.acoustic_dim, self.rate_hz) < 1:
            raise ValueError("X-Codec's sizes should be whole numbers from 1 on, and book_size from 2 on")

    @property
    def hop_samples(self) -> int:
        """Samples of a frame."""
        return math.prod(self.strides)


class SemanticUnit(nn.Module):
    """x + conv1(elu(conv3(elu(x)))), without biases."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(channels, channels, 3, padding=1, bias=False)
        self.conv2 = nn.Conv1d(channels, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, F]` → `[B, C, F]`."""
        out: Tensor = x + self.conv2(F.elu(self.conv1(F.elu(x))))
        return out


class SemanticBlock(nn.Module):
    """Units and a convolution: `down` after them, from `channels` to `out_channels`; otherwise before them."""

    def __init__(self, channels: int, out_channels: int, stride: int, units: int, *, down: bool) -> None:
        super().__init__()
        self.down = down
        self.res_units = nn.ModuleList(SemanticUnit(channels if down else out_channels) for _ in range(units))
        self.conv: nn.Conv1d | nn.ConvTranspose1d
        if stride == 1:
            self.conv = nn.Conv1d(channels, out_channels, 3, padding=1)
        elif down:
            self.conv = nn.Conv1d(channels, out_channels, 2 * stride, stride, (2 * stride - 1) // 2)
        else:
            self.conv = nn.ConvTranspose1d(
                channels, out_channels, 2 * stride, stride, (stride + 1) // 2, stride % 2, bias=False
            )

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, F]` → `[B, C', F']`."""
        if not self.down:
            x = self.conv(x)
        for unit in self.res_units:
            x = unit(x)
        out: Tensor = self.conv(x) if self.down else x
        return out


class SemanticEncoder(nn.Module):
    """The teacher's features `[B, D, F]` → `[B, D', F']`."""

    def __init__(self, width: int, widths: Sequence[int], strides: Sequence[int], units: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(width, width, 3, padding=1, bias=False)
        before = (width, *widths[:-1])
        self.conv_blocks = nn.ModuleList(
            SemanticBlock(old, new, stride, units, down=True)
            for old, new, stride in zip(before, widths, strides, strict=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        """`[B, D, F]` → `[B, D', F']`."""
        x = self.conv(x)
        for block in self.conv_blocks:
            x = block(x)
        return x


class SemanticDecoder(nn.Module):
    """`[B, D, F]` → the teacher's features, as training wants them."""

    def __init__(self, width: int, widths: Sequence[int], strides: Sequence[int], units: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(width, widths[0], 3, padding=1, bias=False)
        after = (*widths[1:], width)
        self.conv_blocks = nn.ModuleList(
            SemanticBlock(old, new, stride, units, down=False)
            for old, new, stride in zip(widths, after, strides, strict=True)
        )
        self.conv2 = nn.Conv1d(width, width, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, D, F]` → `[B, D', F']`."""
        x = self.conv1(x)
        for block in self.conv_blocks:
            x = block(x)
        out: Tensor = self.conv2(x)
        return out


@dataclass(frozen=True)
class XCodecOutput:
    """One training pass."""

    audio: Tensor  # [B, 1, F·hop]
    latents: Tensor  # [B, D, F] before quantisation
    quantized: Quantized
    semantic: Tensor  # [B, D_t, F], what should be like `heard`
    heard: Tensor  # [B, D_t, F], the teacher's features


class XCodecModel(nn.Module):
    """All weights of X-Codec; `teacher` maps audio `[B, 1, T]` to features `[B, width, F]`."""

    def __init__(self, config: XCodecConfig, teacher: nn.Module, width: int) -> None:
        super().__init__()
        self.config = config
        self.teacher = teacher
        semantic = config.semantic_widths, config.semantic_strides, config.units
        self.encoder = DacEncoder(config.channels, config.strides, config.acoustic_dim)
        self.encoder_semantic = SemanticEncoder(width, *semantic)
        latent_dim = config.acoustic_dim + config.semantic_widths[-1]
        self.latent_dim = latent_dim
        self.fc_prior = nn.Linear(latent_dim, latent_dim)
        self.quantizer = ResidualVQ(config.books, config.book_size, latent_dim)
        self.fc_post1 = nn.Linear(latent_dim, width)
        self.fc_post2 = nn.Linear(latent_dim, config.acoustic_dim)
        self.decoder_semantic = SemanticDecoder(width, *semantic)
        self.decoder = DacDecoder(
            config.acoustic_dim, config.decoder_channels, config.decoder_strides, whole=True, tanh=False
        )

    def forward(
        self,
        audio: Tensor,
        depths: Tensor | None = None,
        heard: Tensor | None = None,
        unquantised: Tensor | None = None,
    ) -> XCodecOutput:
        """Audio `[B, 1, F·hop]` through everything, each example with its own number of books `depths` `[B]`.

        `heard` `[B, D_t, F]`: the teacher's features where they are known already. The decoder of sound gets the
        latents themselves of the examples that `unquantised` `[B]` bool names; what is taught stays quantised.
        """
        heard = self.teacher(audio) if heard is None else heard
        latents = self._latents(audio, heard)
        quantized = self.quantizer(latents, depths=depths)
        semantic = self.decoder_semantic(_linear(self.fc_post1, quantized.quantized))
        return XCodecOutput(self.decode(quantized.passed(latents, unquantised)), latents, quantized, semantic, heard)

    def encode(self, audio: Tensor) -> Tensor:
        """`[B, 1, T]` → latents `[B, D, F]`."""
        return self._latents(audio, self.teacher(audio))

    def decode(self, quantized: Tensor) -> Tensor:
        """`[B, D, F]` → audio `[B, 1, F·hop]`."""
        audio: Tensor = self.decoder(_linear(self.fc_post2, quantized))
        return audio

    def _latents(self, audio: Tensor, heard: Tensor) -> Tensor:
        understood = self.encoder_semantic(heard)
        if self._frames(audio.shape[-1]) != understood.shape[-1]:
            audio = F.pad(audio, (_EDGE, _EDGE))
        return _linear(self.fc_prior, torch.cat([self.encoder(audio), understood], dim=1))

    def _frames(self, length: int) -> int:
        """Frames of the acoustic encoder."""
        for stride in self.config.strides:
            length = (length + 2 * -(-stride // 2) - 2 * stride) // stride + 1
        return length


def _linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """Over the channels of `[B, C, F]`."""
    out: Tensor = layer(x.transpose(1, 2)).transpose(1, 2)
    return out
