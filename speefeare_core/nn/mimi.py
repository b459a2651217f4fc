"""The Mimi network (arXiv 2410.00037, section 3.3; moshi/models/compression.py).

SEANet to 25 Hz, a transformer, a learnt convolution to 12.5 Hz, the split quantiser, and back. Causal throughout.
Training runs `forward`; inference runs `encode_step` and `decode_step`, over rows and with carried state.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from speefeare_core.nn.conv import CausalConv1d
from speefeare_core.nn.rows import overlap_rows, rows_layout
from speefeare_core.nn.seanet import SeanetConfig, SeanetDecoder, SeanetEncoder
from speefeare_core.nn.seanet_rows import step_rows
from speefeare_core.nn.streaming import ModuleState
from speefeare_core.nn.transformer import CausalTransformer
from speefeare_core.quantizers.residual import Quantized
from speefeare_core.quantizers.split import SplitVQ

LAYER_SCALE = 0.01


@dataclass(frozen=True)
class MimiConfig(SeanetConfig):
    """Sizes, by default those of the published weights. Raises ValueError for values that cannot work."""

    dimension: int = 512
    n_filters: int = 64
    ratios: tuple[int, ...] = (8, 6, 5, 4)
    last_kernel_size: int = 3
    true_skip: bool = True
    pad_mode: str = "constant"  # type: ignore[assignment]
    lstm: int = 0
    rate_hz: int = 24_000
    frame_stride: int = 2  # of the convolution between the transformers and the quantiser
    layers: int = 8  # of each transformer
    heads: int = 8
    feedforward: int = 2048
    context: int = 250  # steps of a transformer that one step sees, itself among them
    max_period: float = 10_000.0  # of the rotary positions
    books: int = 32
    semantic_books: int = 1
    book_size: int = 2048
    book_dim: int = 256
    semantic_dimension: int | None = None  # of the teacher that the semantic books learn from; None: no such layer

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("rate_hz", "frame_stride", "layers", "heads", "feedforward", "context", "books", "semantic_books",
                     "book_size", "book_dim"):  # fmt: skip
            value, least = getattr(self, name), 2 if name in ("frame_stride", "books", "book_size") else 1
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"Mimi's {name} should be a whole number from {least} on, not {value!r}")
        if not self.causal or self.lstm or self.pad_mode == "reflect" or self.channels != 1:
            raise ValueError("Mimi is causal and mono, without an LSTM and without mirrored edges")

    @property
    def hop_samples(self) -> int:
        """Samples of a frame."""
        return super().hop_samples * self.frame_stride


@dataclass(frozen=True)
class MimiOutput:
    """One training pass."""

    audio: Tensor  # [B, 1, F·hop]
    latents: Tensor  # [B, D, F] before quantisation
    quantized: Quantized
    semantic: Tensor | None = None  # [B, F, S], what the semantic books say, in the teacher's space


class ChannelUpsample(nn.Module):
    """A transposed convolution of each channel alone, kernel 2·stride: `[B, D, F]` → `[B, D, F·stride]`."""

    def __init__(self, width: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.weight = nn.Parameter(nn.ConvTranspose1d(width, width, 2 * stride, stride, groups=width).weight.detach())

    def forward(self, x: Tensor) -> Tensor:
        """The tail that only future input could complete is trimmed."""
        full = F.conv_transpose1d(x, self.weight, stride=self.stride, groups=self.weight.shape[0])
        return full[..., : x.shape[-1] * self.stride]

    def step_rows(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """Rows `[B, n, D]` → `[B, n·stride, D]`; the state is what falls into the future `[B, 1, stride·D]`."""
        batch, count, width = x.shape
        taps = self.weight[:, 0].t().contiguous()
        spread = (x[:, :, None] * taps).reshape(batch, count, 2 * self.stride * width)
        future = x.new_zeros(batch, 1, self.stride * width) if state is None else state
        out, after = overlap_rows(spread, future)
        return out.view(batch, count * self.stride, width), after


class MimiModel(nn.Module):
    """All weights of Mimi."""

    def __init__(self, config: MimiConfig) -> None:
        super().__init__()
        self.config = config
        width = config.dimension
        self.encoder = SeanetEncoder(config)
        self.encoder_transformer = _transformer(config)
        self.downsample = CausalConv1d(
            width, width, 2 * config.frame_stride, stride=config.frame_stride, bias=False, edges="replicate"
        )
        self.quantizer = SplitVQ(
            config.books, config.book_size, config.book_dim, width, semantic_books=config.semantic_books
        )
        self.upsample = ChannelUpsample(width, config.frame_stride)
        self.decoder_transformer = _transformer(config)
        self.decoder = SeanetDecoder(config)
        taught = config.semantic_dimension
        self.transform = nn.Linear(width, taught) if taught is not None else None
        rows_layout(self)

    def forward(self, audio: Tensor, depths: Tensor | None = None, unquantised: Tensor | None = None) -> MimiOutput:
        """Audio `[B, 1, F·hop]` through everything, each example with its own number of books `depths` `[B]`.

        The decoder gets the latents themselves of the examples that `unquantised` `[B]` bool names; the books learn
        from these examples too.
        """
        latents = self.encode(audio)
        quantized = self.quantizer(latents, depths=depths)
        passed = quantized.quantized
        if unquantised is not None:
            passed = torch.where(unquantised[:, None, None], latents, passed)
        semantic = None
        if self.transform is not None:
            semantic = self.transform(self.quantizer.taught(latents, quantized.codes).transpose(1, 2))
        return MimiOutput(self.decode(passed), latents, quantized, semantic)

    def encode(self, audio: Tensor) -> Tensor:
        """`[B, 1, F·hop]` → latents `[B, D, F]`, differentiable."""
        latents: Tensor = self.downsample(self.encoder_transformer(self.encoder(audio)))
        return latents

    def decode(self, latents: Tensor) -> Tensor:
        """Latents `[B, D, F]` → `[B, 1, F·hop]`, differentiable."""
        audio: Tensor = self.decoder(self.decoder_transformer(self.upsample(latents)))
        return audio

    def encode_step(self, audio: Tensor, state: ModuleState, *, reuse: bool = False) -> tuple[Tensor, ModuleState]:
        """`[B, 1, n·hop]` → latents `[B, D, n]` and the state after; None is the state before a recording.

        With `reuse` the given state is used up, which saves a copy of what the transformer remembers.
        """
        convs, memory, down = state or (None, None, None)
        x, convs = step_rows(self.encoder, audio.transpose(1, 2), convs)
        x, memory = self.encoder_transformer.step_rows(x, memory, reuse=reuse)
        x, down = step_rows(self.downsample, x, down)
        return x.transpose(1, 2), (convs, memory, down)

    def decode_step(self, latents: Tensor, state: ModuleState, *, reuse: bool = False) -> tuple[Tensor, ModuleState]:
        """Latents `[B, D, n]` → `[B, 1, n·hop]` and the state after, as `encode_step`."""
        up, memory, convs = state or (None, None, None)
        x, up = self.upsample.step_rows(latents.transpose(1, 2).contiguous(), up)
        x, memory = self.decoder_transformer.step_rows(x, memory, reuse=reuse)
        x, convs = step_rows(self.decoder, x, convs)
        return x.transpose(1, 2), (up, memory, convs)


def _transformer(config: MimiConfig) -> CausalTransformer:
    return CausalTransformer(
        config.dimension,
        config.layers,
        config.heads,
        config.feedforward,
        context=config.context,
        max_period=config.max_period,
        layer_scale=LAYER_SCALE,
    )
