"""The SNAC network (arXiv 2410.14411; snac/snac.py): a DAC trunk of depthwise convolutions, books of several rates.

The names of the weights are those of the official files, with weight norm folded. Without gradients on a CPU the trunk
runs in rows (`snac_rows`), elsewhere by torch's own convolutions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from speefeare_core.nn.config import NetworkConfig
from speefeare_core.nn.dac import KERNEL, DecoderBlock, EncoderBlock
from speefeare_core.nn.local_attention import HEAD_DIM, LocalAttention
from speefeare_core.nn.pattern_noise import PatternNoise
from speefeare_core.nn.pieces import PieceModule, in_pieces, is_plain, needs_through
from speefeare_core.nn.prepared import Prepared
from speefeare_core.nn.snac_rows import DecoderRows, EncoderRows
from speefeare_core.nn.snake import Snake
from speefeare_core.nn.trunk_conv import TrunkConv1d
from speefeare_core.quantizers.factorised import FactorisedQuantized, FactorisedRVQ

NOISE_SEED = 0
_LEAST_NOISE_FRAMES = 128  # the noise repeats after about so many frames, 2.7 s at 24 kHz


@dataclass(frozen=True)
class SnacConfig(NetworkConfig):
    """Sizes, by default those of the published 24 kHz model. Raises ValueError for values that cannot work."""

    rate_hz: int = 24000
    channels: int = 48  # width of the encoder's first layer
    strides: tuple[int, ...] = (2, 4, 8, 8)
    decoder_channels: int = 1024
    decoder_strides: tuple[int, ...] = (8, 8, 4, 2)
    attention_window: int = 0  # frames; 0: no attention
    book_size: int = 4096
    book_dim: int = 8
    book_strides: tuple[int, ...] = (4, 2, 1)  # frames for each code of a book, coarse first
    noise: bool = True
    depthwise: bool = True

    def __post_init__(self) -> None:
        for name in ("strides", "decoder_strides", "book_strides"):
            values = getattr(self, name)
            if not isinstance(values, tuple) or not values or not all(_whole(value) for value in values):
                raise ValueError(f"SNAC's {name} should be a list of whole numbers from 1 on")
        for name in ("rate_hz", "channels", "decoder_channels", "book_size", "book_dim"):
            if not _whole(getattr(self, name)):
                raise ValueError(f"SNAC's {name} should be a whole number from 1 on, not {getattr(self, name)!r}")
        if not _whole(self.attention_window, least=0):
            raise ValueError("SNAC's attention_window should be a number of frames, 0 for none")
        if not isinstance(self.noise, bool) or not isinstance(self.depthwise, bool):
            raise ValueError("SNAC's noise and depthwise should be true or false")
        if math.prod(self.strides) != math.prod(self.decoder_strides):
            raise ValueError(
                f"SNAC's strides {self.strides} and {self.decoder_strides} do not lead back to the same rate"
            )
        if any(self.book_strides[0] % stride for stride in self.book_strides):
            raise ValueError(f"the first of SNAC's book_strides {self.book_strides} should be a multiple of the others")
        if self.attention_window and (self.latent_dim % HEAD_DIM or self.decoder_channels % HEAD_DIM):
            raise ValueError(f"SNAC's attention needs widths that are multiples of {HEAD_DIM}")
        if self.decoder_channels % 2 ** len(self.decoder_strides):
            raise ValueError(f"SNAC's decoder_channels {self.decoder_channels} cannot be halved at each stride")

    @property
    def latent_dim(self) -> int:
        """Width of the latents."""
        return self.channels * int(2 ** len(self.strides))

    @property
    def hop_samples(self) -> int:
        """Samples of a frame of the fastest rate."""
        return math.prod(self.strides)

    @property
    def unit_frames(self) -> int:
        """Frames that belong together: signals are whole numbers of them."""
        return math.lcm(self.book_strides[0], self.attention_window or 1)

    @property
    def noise_frames(self) -> int:
        """Frames after which the noise of the decoder repeats, whole units."""
        return _up(_LEAST_NOISE_FRAMES, self.unit_frames)


def _whole(value: object, least: int = 1) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


class SnacEncoder(nn.Module):
    """Audio `[B, 1, n·unit·hop]` → latents `[B, D, n·unit]`."""

    def __init__(self, config: SnacConfig) -> None:
        super().__init__()
        width = config.channels
        parts: list[nn.Module] = [TrunkConv1d(1, width, KERNEL)]
        for stride in config.strides:
            parts.append(EncoderBlock(width, stride, depthwise=config.depthwise))
            width *= 2
        if config.attention_window:
            parts.append(LocalAttention(width, config.attention_window))
        parts.append(TrunkConv1d(width, width, KERNEL, groups=width if config.depthwise else 1))
        self.block = nn.ModuleList(parts)
        self._stages = 1 + len(config.strides)
        self._rows = Prepared(EncoderRows) if config.depthwise else None

    def forward(self, audio: Tensor) -> Tensor:
        """`[B, 1, T]` → `[B, D, F]`."""
        trunk = list(self.block[: self._stages])
        if self.training or is_plain(audio, *self.parameters()):
            x = audio
            for part in trunk:
                x = part(x)
        elif audio.device.type == "cpu" and self._rows is not None:
            x = self._rows.of(trunk).run(audio)
        else:
            x = in_pieces([part for part in trunk if isinstance(part, PieceModule)], audio)
        for part in self.block[self._stages :]:
            x = part(x)
        return x

    def needs(self, first: int, last: int) -> tuple[int, int]:
        """The first and the last sample that the latents of these frames depend on."""
        for part in reversed(self.block[self._stages :]):
            first, last = _needed(part, first, last)
        return needs_through(
            [part for part in self.block[: self._stages] if isinstance(part, PieceModule)], first, last
        )


class SnacDecoder(nn.Module):
    """Latents `[B, D, n·unit]` → audio `[B, 1, n·unit·hop]`."""

    def __init__(self, config: SnacConfig) -> None:
        super().__init__()
        width, latent_dim = config.decoder_channels, config.latent_dim
        parts: list[nn.Module]
        if config.depthwise:
            parts = [TrunkConv1d(latent_dim, latent_dim, KERNEL, groups=latent_dim), TrunkConv1d(latent_dim, width, 1)]
        else:
            parts = [TrunkConv1d(latent_dim, width, KERNEL)]
        if config.attention_window:
            parts.append(LocalAttention(width, config.attention_window))
        self._before = len(parts)
        samples = 1
        for index, stride in enumerate(config.decoder_strides):
            block = DecoderBlock(width, stride, depthwise=config.depthwise, noise=config.noise, whole=True)
            width, samples = width // 2, samples * stride
            if config.noise:
                block.block[2] = PatternNoise(width, config.noise_frames, samples, NOISE_SEED + index)
            parts.append(block)
        parts += [Snake(width), TrunkConv1d(width, 1, KERNEL)]
        self.model = nn.ModuleList(parts)
        self._rows = Prepared(DecoderRows) if config.depthwise else None

    def forward(self, latents: Tensor) -> Tensor:
        """`[B, D, F]` → `[B, 1, T]`."""
        x = latents
        for part in self.model[: self._before]:
            x = part(x)
        trunk = list(self.model[self._before :])
        if self.training or is_plain(x, *self.parameters()):
            for part in trunk:
                x = part(x)
            return torch.tanh(x)
        if x.device.type == "cpu" and self._rows is not None:
            return self._rows.of(trunk).run(x)
        return torch.tanh(in_pieces([part for part in trunk if isinstance(part, PieceModule)], x))

    def needs(self, first: int, last: int) -> tuple[int, int]:
        """The first and the last frame that these samples depend on."""
        trunk = [part for part in self.model[self._before :] if isinstance(part, PieceModule)]
        first, last = needs_through(trunk, first, last)
        for part in reversed(self.model[: self._before]):
            first, last = _needed(part, first, last)
        return first, last

    def noise_blocks(self) -> list[PatternNoise]:
        """Where noise is added, if anywhere."""
        return [part for part in self.modules() if isinstance(part, PatternNoise)]

    def set_noise(self, level: float) -> None:
        """1: the noise that it was trained with; 0: none."""
        for block in self.noise_blocks():
            block.level = level


def _needed(part: nn.Module, first: int, last: int) -> tuple[int, int]:
    if isinstance(part, LocalAttention):
        return first - first % part.window, last - last % part.window + part.window - 1
    assert isinstance(part, PieceModule)
    return part.needs(first, last)


@dataclass(frozen=True)
class SnacOutput:
    """One training pass."""

    audio: Tensor  # [B, 1, T]
    latents: Tensor  # [B, D, F] before quantisation
    quantized: FactorisedQuantized  # codes of slower books are repeated


class SnacModel(nn.Module):
    """All weights of SNAC."""

    def __init__(self, config: SnacConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = SnacEncoder(config)
        self.quantizer = FactorisedRVQ(
            len(config.book_strides),
            config.book_size,
            config.latent_dim,
            config.book_dim,
            strides=config.book_strides,
        )
        self.decoder = SnacDecoder(config)

    def forward(self, audio: Tensor, depths: Tensor | None = None) -> SnacOutput:
        """Audio `[B, 1, n·unit·hop]` through everything, each example with its own number of books `depths` `[B]`."""
        latents = self.encoder(audio)
        quantized = self.quantizer(latents, depths=depths)
        return SnacOutput(self.decoder(quantized.quantized), latents, quantized)

    def context_frames(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Frames before and after a block, in whole units, that hold all that it depends on: encoder, decoder."""
        unit, hop = self.config.unit_frames, self.config.hop_samples
        first, last = self.encoder.needs(0, unit - 1)
        before, after = -(first // hop), -((unit * hop - 1 - last) // hop)
        begin, end = self.decoder.needs(0, unit * hop - 1)
        return (_up(before, unit), _up(after, unit)), (_up(-begin, unit), _up(end - unit + 1, unit))


def _up(count: int, unit: int) -> int:
    return -(-count // unit) * unit
