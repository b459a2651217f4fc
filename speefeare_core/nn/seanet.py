"""The causal convolutional encoder and decoder of SoundStream (arXiv 2107.03312, section III-A and figure 3).

ELU before every convolution but the first, no normalisation anywhere, padding on the left only.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from speefeare_core.nn.conv import CausalConv1d, CausalConvTranspose1d
from speefeare_core.nn.streaming import Pointwise, Residual, StreamModule, StreamSequential

DILATIONS = (1, 3, 9)  # of the three residual units of a block
KERNEL = 7
LATENT_KERNEL = 3  # of the encoder's last convolution


def elu() -> StreamModule:
    """The activation."""
    return Pointwise(nn.ELU())


def residual_unit(channels: int, dilation: int) -> StreamModule:
    """x + conv1(ELU(conv7 dilated(ELU(x)))), all of one width."""
    return Residual(
        StreamSequential(
            elu(),
            CausalConv1d(channels, channels, KERNEL, dilation=dilation),
            elu(),
            CausalConv1d(channels, channels, 1),
        )
    )


class SeanetEncoder(StreamSequential):
    """Audio `[B, 1, F·hop]` → latents `[B, D, F]`, hop the product of the strides.

    A convolution to `channels`, then for each stride three residual units and a strided convolution of kernel 2·stride
    that doubles the channels, then a convolution to `latent_dim`.
    """

    def __init__(self, channels: int, strides: Sequence[int], latent_dim: int) -> None:
        parts: list[StreamModule] = [CausalConv1d(1, channels, KERNEL)]
        width = channels
        for stride in strides:
            parts += [residual_unit(width, dilation) for dilation in DILATIONS]
            parts += [elu(), CausalConv1d(width, 2 * width, 2 * stride, stride=stride)]
            width *= 2
        super().__init__(*parts, elu(), CausalConv1d(width, latent_dim, LATENT_KERNEL))


class SeanetDecoder(StreamSequential):
    """Latents `[B, D, F]` → audio `[B, 1, F·hop]`: the encoder mirrored, `channels` the width before the last layer."""

    def __init__(self, channels: int, strides: Sequence[int], latent_dim: int) -> None:
        width = channels * 2 ** len(strides)
        parts: list[StreamModule] = [CausalConv1d(latent_dim, width, KERNEL)]
        for stride in reversed(strides):
            parts += [elu(), CausalConvTranspose1d(width, width // 2, 2 * stride, stride=stride)]
            width //= 2
            parts += [residual_unit(width, dilation) for dilation in DILATIONS]
        super().__init__(*parts, elu(), CausalConv1d(width, 1, KERNEL))
