"""SEANet: the convolutional encoder and decoder of SoundStream, EnCodec, SpeechTokenizer, Mimi and WavTokenizer.

SoundStream (arXiv 2107.03312, section III-A), EnCodec (arXiv 2210.13438, section 3.1; encodec/modules/seanet.py).
Modules lie in the order of the official code: `model.N.conv` (convolution N of either kind), `model.N.norm`,
`model.N.block.M.conv`, `model.N.shortcut.conv`, `model.N.lstm`, `model.N.module.alpha`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from speefeare_core.nn.config import NetworkConfig
from speefeare_core.nn.conv import (
    CausalConv1d,
    CausalConvTranspose1d,
    PaddedConv1d,
    SymmetricConv1d,
    TrimmedConvTranspose1d,
)
from speefeare_core.nn.padding import PAD_MODES, PadMode
from speefeare_core.nn.recurrent import ResidualLstm
from speefeare_core.nn.rows import rows_layout
from speefeare_core.nn.snake import Snake
from speefeare_core.nn.streaming import ModuleState, Pointwise, Residual, Run, StreamModule, StreamSequential

# The stages next to the audio, where signals are long and narrow, take long pieces in shorter ones of so many elements:
# a third of a second of 32 channels at 24 kHz, found by measurement.
OUTER_STAGES = 2
OUTER_ELEMENTS = 1 << 18
Norm = Literal["none", "time_group_norm"]
ACTIVATIONS: dict[str, Callable[[int], nn.Module]] = {"ELU": lambda channels: nn.ELU(), "Snake": Snake}


@dataclass(frozen=True)
class SeanetConfig(NetworkConfig):
    """The switches, by default EnCodec's at 24 kHz. Raises ValueError for values that cannot work."""

    channels: int = 1  # of the audio
    dimension: int = 128  # of the latents
    n_filters: int = 32  # width next to the audio
    ratios: tuple[int, ...] = (8, 5, 4, 2)  # strides in the order of the decoder
    n_residual_layers: int = 1
    kernel_size: int = 7  # of the first convolution
    last_kernel_size: int = 7
    residual_kernel_size: int = 3
    dilation_base: int = 2  # residual layer j of a stage is dilated by its jth power
    compress: int = 2  # how much narrower a residual layer is inside
    true_skip: bool = False  # False: a 1x1 convolution beside the residual layer
    causal: bool = True
    pad_mode: PadMode = "reflect"
    norm: Norm = "none"  # weight norm is folded into the weights
    lstm: int = 2  # layers, 0: none
    bidirectional: bool = False  # the encoder's LSTM
    activation: str = "ELU"
    trim_right_ratio: float = 1.0  # of the causal transposed convolutions: the share that is trimmed at the end
    final_activation: str | None = None  # of the decoder, a class of torch.nn such as "Tanh"

    def __post_init__(self) -> None:
        name = type(self).__name__.removesuffix("Config")
        if not isinstance(self.ratios, tuple) or not self.ratios:
            raise ValueError(f"{name}'s ratios should be a list of at least one whole number")
        numbers = {
            field: getattr(self, field)
            for field in ("channels", "dimension", "n_filters", "n_residual_layers", "kernel_size", "last_kernel_size",
                          "residual_kernel_size", "dilation_base", "compress")
        }  # fmt: skip
        for field, value in [*numbers.items(), *(("ratios", ratio) for ratio in self.ratios), ("lstm", self.lstm)]:
            least = 0 if field in ("lstm", "n_residual_layers") else 1
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"{name}'s {field} should be a whole number from {least} on, not {value!r}")
        if self.pad_mode not in PAD_MODES or self.norm not in ("none", "time_group_norm"):
            raise ValueError(f"{name} does not know the padding {self.pad_mode} or the norm {self.norm}")
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"{name} knows the activations {', '.join(ACTIVATIONS)}, not {self.activation}")
        if self.final_activation not in (None, "Tanh"):
            raise ValueError(f"{name} ends with Tanh or nothing, not with {self.final_activation}")
        if self.causal and self.norm != "none":
            raise ValueError(f"{name} cannot be causal with a norm over time")
        if not 0 <= self.trim_right_ratio <= 1 or (not self.causal and self.trim_right_ratio != 1):
            raise ValueError(f"{name}'s trim_right_ratio lies between 0 and 1, and is 1 unless it is causal")

    @property
    def hop_samples(self) -> int:
        """Samples of a frame."""
        return math.prod(self.ratios)

    @property
    def streamable(self) -> bool:
        """Whether encoder and decoder have a streaming form."""
        return self.causal and self.trim_right_ratio == 1 and not (self.bidirectional and self.lstm)


class SeanetLayer(StreamModule):
    """A convolution `conv` and what normalises its output, `norm`."""

    def __init__(
        self,
        conv: PaddedConv1d | CausalConvTranspose1d,
        norm: Norm = "none",
    ) -> None:
        super().__init__()
        self.conv = conv
        self.norm = None if norm == "none" else nn.GroupNorm(1, conv.out_channels)
        self.in_pieces = self.norm is None  # a norm over time sees the whole signal
        self.causal = conv.causal and self.in_pieces
        self.takes_elu = conv.takes_elu

    def forward(self, x: Tensor) -> Tensor:
        """`[B, Cin, T]` → `[B, Cout, T·rate]`."""
        out: Tensor
        if isinstance(self.conv, TrimmedConvTranspose1d):
            return self.conv(x, norm=self.norm)  # type: ignore[no-any-return]
        out = self.conv(x)
        return out if self.norm is None else self.norm(out)

    def begin_needs(self, outputs: int) -> int:
        """The convolution's."""
        return self.conv.begin_needs(outputs)

    def initial_state(self, batch: int) -> ModuleState:
        """The convolution's."""
        return self.conv.initial_state(batch)

    def step(self, x: Tensor, state: ModuleState, **elu: bool) -> tuple[Tensor, ModuleState]:
        """The convolution's."""
        return self.conv.step(x, state, **elu)

    def begin(self, x: Tensor, **elu: bool) -> tuple[Tensor, ModuleState]:
        """The convolution's."""
        return self.conv.begin(x, **elu)

    def finish(self, x: Tensor, state: ModuleState, **elu: bool) -> Tensor:
        """The convolution's."""
        return self.conv.finish(x, state, **elu)


class SeanetSide(StreamModule):
    """Encoder or decoder: the layers one after the other as `model`, the outer stages in pieces of their own size."""

    model: StreamSequential

    def arrange(self, parts: list[StreamModule], runs: tuple[Run, ...]) -> None:
        """Set the layers, and how they run in pieces."""
        self.model = StreamSequential(*parts)
        self.model.runs = runs
        self.in_pieces, self.causal = self.model.in_pieces, self.model.causal
        if self.in_pieces:
            rows_layout(self)

    def forward(self, x: Tensor) -> Tensor:
        """The whole signal through all layers."""
        out: Tensor = self.model(x)
        return out

    def begin_needs(self, outputs: int) -> int:
        """What the first layer needs so that the last gives them."""
        return self.model.begin_needs(outputs)

    def initial_state(self, batch: int) -> ModuleState:
        """After endless zeros."""
        return self.model.initial_state(batch)

    def step(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """A piece of whole frames and the state before it → its output and the state after."""
        return self.model.step(x, state)

    def begin(self, x: Tensor) -> tuple[Tensor, ModuleState]:
        """The first piece of a recording → its output and the state after."""
        return self.model.begin(x)

    def finish(self, x: Tensor, state: ModuleState) -> Tensor:
        """The last, perhaps ragged piece of a recording → its output."""
        return self.model.finish(x, state)


class SeanetEncoder(SeanetSide):
    """Audio `[B, C, T]` → latents `[B, D, ceil(T / hop)]`.

    A convolution to `n_filters`, then for each stride residual layers and a strided convolution of kernel 2·stride
    that doubles the channels, then an LSTM, then a convolution to `dimension`; the activation before every convolution
    but the first.
    """

    def __init__(self, config: SeanetConfig) -> None:
        super().__init__()
        width = config.n_filters
        parts: list[StreamModule] = [_conv(config, config.channels, width, config.kernel_size)]
        for ratio in reversed(config.ratios):
            parts += [_residual(config, width, layer) for layer in range(config.n_residual_layers)]
            parts += [_activation(config, width), _conv(config, width, 2 * width, 2 * ratio, stride=ratio)]
            width *= 2
        if config.lstm:
            parts.append(ResidualLstm(width, config.lstm, bidirectional=config.bidirectional))
            width *= 1 + config.bidirectional
        parts += [_activation(config, width), _conv(config, width, config.dimension, config.last_kernel_size)]
        stages = config.ratios[::-1][:OUTER_STAGES]
        outer, stride = 1 + len(stages) * (config.n_residual_layers + 2), math.prod(stages)
        piece = max(1, OUTER_ELEMENTS // (config.n_filters * stride)) * stride
        self.arrange(parts, (Run(0, outer, piece), Run(outer, len(parts), None)))


class SeanetDecoder(SeanetSide):
    """Latents `[B, D, F]` → audio `[B, C, F·hop]`: the encoder mirrored, its LSTM never bidirectional."""

    def __init__(self, config: SeanetConfig) -> None:
        super().__init__()
        width = config.n_filters * 2 ** len(config.ratios)
        parts: list[StreamModule] = [_conv(config, config.dimension, width, config.kernel_size)]
        if config.lstm:
            parts.append(ResidualLstm(width, config.lstm))
        for ratio in config.ratios:
            parts += [_activation(config, width), _transposed(config, width, ratio)]
            width //= 2
            parts += [_residual(config, width, layer) for layer in range(config.n_residual_layers)]
        parts += [_activation(config, width), _conv(config, width, config.channels, config.last_kernel_size)]
        if config.final_activation is not None:
            parts.append(Pointwise(getattr(nn, config.final_activation)()))
        stages = config.ratios[-OUTER_STAGES:]
        inner = len(parts) - 2 - len(stages) * (config.n_residual_layers + 2) - (config.final_activation is not None)
        piece = max(1, OUTER_ELEMENTS // (config.n_filters * math.prod(stages)))
        self.arrange(parts, (Run(0, inner, None), Run(inner, len(parts), piece)))


def _activation(config: SeanetConfig, channels: int) -> StreamModule:
    return Pointwise(ACTIVATIONS[config.activation](channels))


def _conv(
    config: SeanetConfig, inputs: int, outputs: int, kernel: int, *, stride: int = 1, dilation: int = 1
) -> StreamModule:
    kind = CausalConv1d if config.causal else SymmetricConv1d
    conv = kind(inputs, outputs, kernel, stride=stride, dilation=dilation, edges=config.pad_mode)
    return SeanetLayer(conv, config.norm)


def _transposed(config: SeanetConfig, width: int, ratio: int) -> StreamModule:
    kernel = 2 * ratio
    if config.causal and config.trim_right_ratio == 1:
        return SeanetLayer(CausalConvTranspose1d(width, width // 2, kernel, stride=ratio))
    total = kernel - ratio
    right = math.ceil(total * config.trim_right_ratio) if config.causal else total // 2
    conv = TrimmedConvTranspose1d(width, width // 2, kernel, stride=ratio, left=total - right, right=right)
    return SeanetLayer(conv, config.norm)


def _residual(config: SeanetConfig, width: int, layer: int) -> StreamModule:
    """shortcut(x) + conv1(act(conv dilated(act(x))))."""
    hidden = width // config.compress
    dilation = config.dilation_base**layer
    inner = StreamSequential(
        _activation(config, width),
        _conv(config, width, hidden, config.residual_kernel_size, dilation=dilation),
        _activation(config, hidden),
        _conv(config, hidden, width, 1),
    )
    return Residual(inner, None if config.true_skip else _conv(config, width, width, 1))
