"""The trunk of DAC (arXiv 2306.06546): convolutions and Snake, downwards and upwards, as encoder and decoder.

The same trunk, with switches, is that of X-Codec, SNAC and VoxCPM's AudioVAE. The names of the weights are those of the
official files (dac/model/dac.py), with weight norm folded: `encoder.block.1.block.0.block.1.weight`.

Without gradients, whole signals run piece by piece (`nn.pieces`), with the result of the whole. The causal form
streams.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from speefeare_core.nn.pieces import PieceModule, in_pieces, is_plain, needs_through
from speefeare_core.nn.snake import Snake
from speefeare_core.nn.streaming import ModuleState
from speefeare_core.nn.trunk_conv import TrunkConv1d, TrunkConvTranspose1d

DILATIONS = (1, 3, 9)  # of the three residual units of a block
KERNEL = 7


class ResidualUnit(PieceModule):
    """x + conv1(snake(conv7 dilated(snake(x)))), of one width; `depthwise` convolves each channel on its own."""

    def __init__(self, channels: int, dilation: int, *, causal: bool = False, depthwise: bool = False) -> None:
        super().__init__()
        groups = channels if depthwise else 1
        self.block = nn.ModuleList(
            (
                Snake(channels),
                TrunkConv1d(channels, channels, KERNEL, dilation=dilation, groups=groups, causal=causal),
                Snake(channels),
                TrunkConv1d(channels, channels, 1, causal=causal),
            )
        )
        self.density = channels

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` → `[B, C, T]`."""
        y = x
        for part in self.block:
            y = part(y)
        return x + y

    def initial_state(self, batch: int) -> ModuleState:
        """That of the wide convolution, and the input that still waits to be added (None in the causal form)."""
        return self._wide.initial_state(batch), None

    def needs(self, first: int, last: int) -> tuple[int, int]:
        """Those of the wide convolution."""
        return self._wide.needs(first, last)

    def push(self, x: Tensor, state: ModuleState, last: bool) -> tuple[Tensor, ModuleState]:
        """One piece `[B, C, n]` → `[B, C, m]`."""
        before, inside, narrow = self.block[0], self.block[2], self.block[3]
        assert isinstance(before, Snake) and isinstance(inside, Snake) and isinstance(narrow, TrunkConv1d)
        wide_state, waiting = state
        y, wide_state = self._wide.push(x, wide_state, last, before)
        out = narrow.pointwise(inside.into(y, y))
        if waiting is not None and waiting.shape[-1] > out.shape[-1]:  # a piece shorter than the look-ahead
            x, waiting = torch.cat([waiting, x], dim=-1), None
        held = 0 if waiting is None else waiting.shape[-1]
        if waiting is not None:
            out[..., :held] += waiting
        used = out.shape[-1] - held
        out[..., held:] += x[..., :used]
        rest = x[..., used:]
        return out, (wide_state, rest.clone() if rest.shape[-1] else None)

    @property
    def _wide(self) -> TrunkConv1d:
        conv = self.block[1]
        assert isinstance(conv, TrunkConv1d)
        return conv


class NoiseBlock(PieceModule):
    """x + noise · linear(x), with noise `[B, 1, T]` of a normal distribution scaled by `level`; 0 leaves x as it is."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear = TrunkConv1d(channels, channels, 1, bias=False)
        self.density = channels
        self.level = 1.0

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` → `[B, C, T]`."""
        if self.level == 0.0:
            return x
        noise = torch.randn(x.shape[0], 1, x.shape[-1], device=x.device, dtype=x.dtype)
        scaled: Tensor = self.level * noise * self.linear(x)
        return x + scaled

    def initial_state(self, batch: int) -> ModuleState:
        """None."""
        return None

    def needs(self, first: int, last: int) -> tuple[int, int]:
        """The sample itself."""
        return first, last

    def push(self, x: Tensor, state: ModuleState, last: bool) -> tuple[Tensor, ModuleState]:
        """The same as `forward`."""
        return self.forward(x), None


class Chain(PieceModule):
    """`block`, one part after the other; a Snake right before a convolution is computed on the way into it."""

    block: nn.ModuleList

    def parts(self) -> list[PieceModule]:
        """The parts in order."""
        return [part for part in self.block if isinstance(part, PieceModule)]

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` through all parts."""
        for part in self.block:
            x = part(x)
        return x

    def initial_state(self, batch: int) -> ModuleState:
        """The states of the parts."""
        return tuple(part.initial_state(batch) for part in self.parts())

    def needs(self, first: int, last: int) -> tuple[int, int]:
        """The receptive field of the parts together."""
        return needs_through(self.parts(), first, last)

    def push(self, x: Tensor, state: ModuleState, last: bool) -> tuple[Tensor, ModuleState]:
        """One piece through all parts."""
        after = list(state)
        waiting: Snake | None = None
        for index, part in enumerate(self.parts()):
            if isinstance(part, Snake):
                waiting = part
            elif isinstance(part, TrunkConv1d):
                x, after[index] = part.push(x, state[index], last, waiting)
                waiting = None
            else:
                if waiting is not None:
                    x, waiting = waiting.into(x, x), None
                x, after[index] = part.push(x, state[index], last)
        return x if waiting is None else waiting.into(x, x), tuple(after)


class EncoderBlock(Chain):
    """Three residual units and a strided convolution of kernel 2·stride that doubles the channels."""

    def __init__(
        self, channels: int, stride: int, *, causal: bool = False, depthwise: bool = False, late: bool = False
    ) -> None:
        super().__init__()
        late = late and stride % 2 == 1
        self.block = nn.ModuleList(
            (
                *(ResidualUnit(channels, dilation, causal=causal, depthwise=depthwise) for dilation in DILATIONS),
                Snake(channels),
                TrunkConv1d(channels, 2 * channels, 2 * stride, stride=stride, causal=causal, late=late),
            )
        )
        self.density = channels


class DecoderBlock(Chain):
    """A transposed convolution of kernel 2·stride that halves the channels, then three residual units."""

    def __init__(
        self,
        channels: int,
        stride: int,
        *,
        out_channels: int | None = None,
        causal: bool = False,
        depthwise: bool = False,
        noise: bool = False,
        whole: bool = False,
    ) -> None:
        super().__init__()
        width = channels // 2 if out_channels is None else out_channels
        self.in_channels = channels
        self.block = nn.ModuleList(
            (
                Snake(channels),
                TrunkConvTranspose1d(channels, width, stride, causal=causal, whole=whole),
                *((NoiseBlock(width),) if noise else ()),
                *(ResidualUnit(width, dilation, causal=causal, depthwise=depthwise) for dilation in DILATIONS),
            )
        )
        self.density = max(channels, width * stride)


class OutputLayers(Chain):
    """Snake, a convolution to the channels of the sound, tanh."""

    def __init__(self, snake: Snake, conv: TrunkConv1d, tanh: bool) -> None:
        super().__init__()
        self.block = nn.ModuleList((snake, conv))
        self.tanh = tanh
        self.density = conv.density

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` → `[B, Cout, T]`."""
        x = super().forward(x)
        return torch.tanh(x) if self.tanh else x

    def push(self, x: Tensor, state: ModuleState, last: bool) -> tuple[Tensor, ModuleState]:
        """One piece."""
        x, state = super().push(x, state, last)
        return torch.tanh(x) if self.tanh else x, state


class Trunk(PieceModule):
    """Stages one after the other, each run in pieces of its own size."""

    @abstractmethod
    def stages(self) -> list[PieceModule]:
        """The stages in order; none of them may overwrite what the first one is given."""

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` through all stages; in pieces where no gradient is wanted."""
        stages = self.stages()
        if not is_plain(x, *self.parameters()):
            return in_pieces(stages, x)
        for stage in stages:
            x = stage(x)
        return x

    def initial_state(self, batch: int) -> ModuleState:
        """The states of the stages."""
        return tuple(stage.initial_state(batch) for stage in self.stages())

    def needs(self, first: int, last: int) -> tuple[int, int]:
        """The receptive field."""
        return needs_through(self.stages(), first, last)

    def push(self, x: Tensor, state: ModuleState, last: bool) -> tuple[Tensor, ModuleState]:
        """One piece through all stages."""
        after = []
        for stage, before in zip(self.stages(), state, strict=True):
            x, now = stage.push(x, before, last)
            after.append(now)
        return x, tuple(after)


class DacEncoder(Trunk):
    """Audio `[B, 1, T]` → latents `[B, D, F]`: a convolution to `channels`, a block for each stride, and, where
    `latent_dim` is given, Snake and a convolution to it. hop is the product of the strides.

    `late`: see `TrunkConv1d`.
    """

    def __init__(
        self,
        channels: int,
        strides: Sequence[int],
        latent_dim: int | None,
        *,
        in_channels: int = 1,
        causal: bool = False,
        depthwise: bool = False,
        late: bool = False,
    ) -> None:
        super().__init__()
        parts: list[PieceModule] = [TrunkConv1d(in_channels, channels, KERNEL, causal=causal)]
        for stride in strides:
            parts.append(EncoderBlock(channels, stride, causal=causal, depthwise=depthwise, late=late))
            channels *= 2
        if latent_dim is not None:
            parts += [Snake(channels), TrunkConv1d(channels, latent_dim, 3, causal=causal)]
        self.block = nn.ModuleList(parts)
        self.out_channels = channels if latent_dim is None else latent_dim
        self.hop_samples = math.prod(strides)

    def stages(self) -> list[PieceModule]:
        """Convolution, blocks, and the layers of the latents."""
        return with_output(self.block, tanh=False)


class DacDecoder(Trunk):
    """Latents `[B, D, F]` → audio `[B, 1, F·hop]`: a convolution to `channels`, a block for each stride, Snake and a
    convolution to the sound, tanh where wanted.

    `depthwise` splits the first convolution into one for each channel and one across them. Odd strides lose samples at
    the end unless `whole`; see `TrunkConvTranspose1d`.
    """

    def __init__(
        self,
        latent_dim: int,
        channels: int,
        strides: Sequence[int],
        *,
        out_channels: int = 1,
        causal: bool = False,
        depthwise: bool = False,
        noise: bool = False,
        whole: bool = False,
        tanh: bool = True,
    ) -> None:
        super().__init__()
        parts: list[PieceModule]
        if depthwise:
            parts = [
                TrunkConv1d(latent_dim, latent_dim, KERNEL, groups=latent_dim, causal=causal),
                TrunkConv1d(latent_dim, channels, 1, causal=causal),
            ]
        else:
            parts = [TrunkConv1d(latent_dim, channels, KERNEL, causal=causal)]
        first = channels
        for index, stride in enumerate(strides):
            narrow = first // 2 ** (index + 1)
            parts.append(
                DecoderBlock(
                    channels, stride, out_channels=narrow, causal=causal, depthwise=depthwise, noise=noise, whole=whole
                )
            )
            channels = narrow
        parts += [Snake(channels), TrunkConv1d(channels, out_channels, KERNEL, causal=causal)]
        self.model = nn.ModuleList(parts)
        self.tanh = tanh
        self.hop_samples = math.prod(strides)

    def stages(self) -> list[PieceModule]:
        """Convolution, blocks, and the layers of the sound."""
        return with_output(self.model, tanh=self.tanh)


def with_output(parts: Iterable[nn.Module], *, tanh: bool) -> list[PieceModule]:
    """The parts as stages; a Snake and a convolution at the end are one stage, which ends with `tanh`."""
    stages = [part for part in parts if isinstance(part, PieceModule)]
    snake, conv = stages[-2:]
    if isinstance(snake, Snake) and isinstance(conv, TrunkConv1d):
        stages[-2:] = [OutputLayers(snake, conv, tanh)]
    return stages
