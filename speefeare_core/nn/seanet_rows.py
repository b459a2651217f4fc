"""SEANet over rows `[B, T, C]`, for inference: every convolution as in `rows`, the state a value as everywhere."""

from __future__ import annotations

from torch import Tensor

from speefeare_core.nn.conv import CausalConv1d, CausalConvTranspose1d
from speefeare_core.nn.rows import conv_rows, conv_transpose_rows
from speefeare_core.nn.seanet import SeanetDecoder, SeanetEncoder, SeanetLayer
from speefeare_core.nn.snake import Snake
from speefeare_core.nn.streaming import ModuleState, Pointwise, Residual, StreamModule, StreamSequential


def step_rows(module: StreamModule, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
    """`module.step` on rows `[B, n, C]`; a state of its own kind, None before the first piece of a recording.

    Raises TypeError for a module that has none: a norm over time, an LSTM, a mirrored beginning.
    """
    if isinstance(module, SeanetEncoder | SeanetDecoder):
        return step_rows(module.model, x, state)
    if isinstance(module, StreamSequential):
        after = []
        for part, before in zip(module, state or [None] * len(module), strict=True):
            x, part_state = step_rows(part, x, before)
            after.append(part_state)
        return x, tuple(after)
    if isinstance(module, Residual):
        inner, skip = state or (None, None)
        y, inner = step_rows(module.block, x, inner)
        if module.shortcut is not None:
            x, skip = step_rows(module.shortcut, x, skip)
        return y.add_(x), (inner, skip)
    if isinstance(module, SeanetLayer) and module.norm is None:
        return step_rows(module.conv, x, state)
    if isinstance(module, Pointwise):
        if isinstance(module.module, Snake):  # which has a parameter for each channel
            return module.module(x.transpose(1, 2)).transpose(1, 2).contiguous(), None
        return module.module(x), None
    if isinstance(module, CausalConv1d):
        if state is None:
            state = _before(module, x)
        return conv_rows(module, x, state)
    if isinstance(module, CausalConvTranspose1d):
        if state is None:
            state = x.new_zeros(x.shape[0], module.hops - 1, module.stride[0] * module.out_channels)
        return conv_transpose_rows(module, x, state)
    raise TypeError(f"{type(module).__name__} has no form over rows")


def _before(conv: CausalConv1d, x: Tensor) -> Tensor:
    """What lies before the first rows `[B, n, C]` of a recording: `[B, context, C]`."""
    if conv.edges == "replicate":
        return x[:, :1].expand(-1, conv.context, -1)
    if conv.edges == "constant":
        return x.new_zeros(x.shape[0], conv.context, x.shape[-1])
    raise TypeError("a convolution that mirrors the beginning has no form over rows")
