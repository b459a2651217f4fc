"""The BigCodec network (arXiv 2409.05377; vq/codec_encoder.py, vq/codec_decoder.py): DAC's trunk with alias-free Snake,
an LSTM at the frame rate, one large factorised book."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from speefeare_core.nn.alias_free import AliasFreeSnake
from speefeare_core.nn.config import NetworkConfig
from speefeare_core.nn.dac import DILATIONS, KERNEL, Chain
from speefeare_core.nn.pieces import PieceModule, in_pieces, is_plain, needs_through
from speefeare_core.nn.streaming import ModuleState
from speefeare_core.nn.trunk_conv import TrunkConv1d, TrunkConvTranspose1d
from speefeare_core.quantizers.factorised import FactorisedQuantized, FactorisedRVQ


@dataclass(frozen=True)
class BigCodecConfig(NetworkConfig):
    """Sizes, by default those of the published model. Raises ValueError for values that cannot work."""

    rate_hz: int = 16000
    channels: int = 48  # width of the encoder's first layer
    strides: tuple[int, ...] = (2, 2, 2, 5, 5)  # of the encoder; the decoder goes back in the reverse order
    latent_dim: int = 1024
    decoder_channels: int = 1536
    lstm_layers: int = 2  # 0: none
    bidirectional: bool = False
    books: int = 1
    book_size: int = 8192
    book_dim: int = 8

    def __post_init__(self) -> None:
        if not isinstance(self.strides, tuple) or not self.strides or min(self.strides) < 1:
            raise ValueError("BigCodec's strides should be a list of whole numbers from 1 on")
        for name in ("rate_hz", "channels", "latent_dim", "decoder_channels", "books", "book_size", "book_dim"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"BigCodec's {name} should be a whole number from 1 on, not {value!r}")
        if self.decoder_channels % 2 ** len(self.strides):
            raise ValueError(f"BigCodec's decoder_channels {self.decoder_channels} cannot be halved at each stride")

    @property
    def hop_samples(self) -> int:
        """Samples of a frame."""
        return math.prod(self.strides)


class BigCodecUnit(Chain):
    """x + conv1(snake(conv7 dilated(snake(x)))) with alias-free Snakes."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.block = nn.ModuleList(
            (
                AliasFreeSnake(channels),
                TrunkConv1d(channels, channels, KERNEL, dilation=dilation),
                AliasFreeSnake(channels),
                TrunkConv1d(channels, channels, 1),
            )
        )
        self.density = 4 * channels

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` → `[B, C, T]`."""
        return x + super().forward(x)

    def initial_state(self, batch: int) -> ModuleState:
        """Those of the parts, and the input that still waits to be added."""
        return super().initial_state(batch), None

    def push(self, x: Tensor, state: ModuleState, last: bool) -> tuple[Tensor, ModuleState]:
        """One piece `[B, C, n]` → `[B, C, m]`."""
        inside, waiting = state
        out, inside = super().push(x, inside, last)
        joined = x if waiting is None else torch.cat([waiting, x], dim=-1)
        count = out.shape[-1]
        return joined[..., :count] + out, (inside, joined[..., count:].clone())


class _Block(Chain):
    """Parts one after the other, run in pieces of their own size."""

    def __init__(self, density: float, *parts: PieceModule) -> None:
        super().__init__()
        self.block = nn.ModuleList(parts)
        self.density = density


class SkipLstm(nn.Module):
    """x + LSTM(x) on `[B, D, F]`; both directions of a bidirectional one share the width."""

    def __init__(self, width: int, layers: int, *, bidirectional: bool) -> None:
        super().__init__()
        hidden = width // 2 if bidirectional else width
        self.lstm = nn.LSTM(width, hidden, layers, bidirectional=bidirectional)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, D, F]` → `[B, D, F]`."""
        out, _ = self.lstm(x.permute(2, 0, 1))
        joined: Tensor = x + out.permute(1, 2, 0)
        return joined


class _Trunk(nn.Module):
    """Convolutions in pieces, with the LSTM between them whole."""

    block: nn.ModuleList

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` through all parts."""
        plain = is_plain(x, *self.parameters())
        waiting: list[PieceModule] = []
        for part in self.block:
            if isinstance(part, PieceModule) and not plain:
                waiting.append(part)
                continue
            x = part(in_pieces(waiting, x) if waiting else x)
            waiting = []
        return in_pieces(waiting, x) if waiting else x

    def needs(self, first: int, last: int) -> tuple[int, int]:
        """The receptive field of the convolutions."""
        return needs_through([part for part in self.block if isinstance(part, PieceModule)], first, last)


class BigCodecEncoder(_Trunk):
    """Audio `[B, 1, T]` → latents `[B, D, F]`."""

    def __init__(self, config: BigCodecConfig) -> None:
        super().__init__()
        width = config.channels
        parts: list[nn.Module] = [TrunkConv1d(1, width, KERNEL)]
        for stride in config.strides:
            units = (BigCodecUnit(width, dilation) for dilation in DILATIONS)
            down = TrunkConv1d(width, 2 * width, 2 * stride, stride=stride)
            parts.append(_Block(4 * width, *units, AliasFreeSnake(width), down))
            width *= 2
        if config.lstm_layers:
            parts.append(SkipLstm(width, config.lstm_layers, bidirectional=config.bidirectional))
        parts += [AliasFreeSnake(width), TrunkConv1d(width, config.latent_dim, 3)]
        self.block = nn.ModuleList(parts)


class BigCodecDecoder(_Trunk):
    """Latents `[B, D, F]` → audio `[B, 1, F·hop]`."""

    def __init__(self, config: BigCodecConfig) -> None:
        super().__init__()
        width = config.decoder_channels
        parts: list[nn.Module] = [TrunkConv1d(config.latent_dim, width, KERNEL)]
        if config.lstm_layers:
            parts.append(SkipLstm(width, config.lstm_layers, bidirectional=config.bidirectional))
        for stride in reversed(config.strides):
            up = TrunkConvTranspose1d(width, width // 2, stride, whole=True)
            units = (BigCodecUnit(width // 2, dilation) for dilation in DILATIONS)
            parts.append(_Block(max(4 * width, 2 * width * stride), AliasFreeSnake(width), up, *units))
            width //= 2
        parts += [AliasFreeSnake(width), TrunkConv1d(width, 1, KERNEL)]
        self.block = nn.ModuleList(parts)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, D, F]` → `[B, 1, T]`."""
        return torch.tanh(super().forward(x))


@dataclass(frozen=True)
class BigCodecOutput:
    """One training pass."""

    audio: Tensor  # [B, 1, F·hop]
    latents: Tensor  # [B, D, F] before quantisation
    quantized: FactorisedQuantized


class BigCodecModel(nn.Module):
    """All weights of BigCodec."""

    def __init__(self, config: BigCodecConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = BigCodecEncoder(config)
        self.quantizer = FactorisedRVQ(config.books, config.book_size, config.latent_dim, config.book_dim)
        self.decoder = BigCodecDecoder(config)

    def forward(self, audio: Tensor) -> BigCodecOutput:
        """Audio `[B, 1, F·hop]` through everything."""
        latents = self.encoder(audio)
        quantized = self.quantizer(latents)
        return BigCodecOutput(self.decoder(quantized.quantized), latents, quantized)

    def context_frames(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Frames before and after a frame within reach of the convolutions: encoder, decoder."""
        hop = self.config.hop_samples
        first, last = self.encoder.needs(0, 0)
        begin, end = self.decoder.needs(0, hop - 1)
        return (-(first // hop), -((hop - 1 - last) // hop)), (-begin, end)
