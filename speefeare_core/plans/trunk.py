"""The causal trunk of DAC and AudioVAE for a fixed number of rows: Snake, convolutions, each channel alone or all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from speefeare_core.nn.dac import Chain, NoiseBlock, OutputLayers, ResidualUnit
from speefeare_core.nn.pieces import PieceModule
from speefeare_core.nn.snake import _LEAST, Snake
from speefeare_core.nn.trunk_conv import TrunkConv1d, TrunkConvTranspose1d
from speefeare_core.plans.convolution import Shifts, convolve_steps, hop_taps
from speefeare_core.plans.parts import Part, PointwisePart, Step, quickest
from speefeare_core.plans.products import Products


class TrunkPart(Part):
    """Stages one after the other, from `source` `[T, C]`, which may be overwritten. The state before a signal is zeros.

    Raises TypeError for a layer that looks ahead, or draws noise.
    """

    def __init__(self, stages: Sequence[nn.Module], source: Tensor, products: Products) -> None:
        super().__init__()
        self._products = products
        self._shifts: Shifts = []
        self.output = self._chain(stages, source)
        if self._shifts:
            heads, tails = zip(*self._shifts, strict=True)
            self.steps.append(partial(torch._foreach_copy_, list(heads), list(tails)))

    def _chain(self, stages: Sequence[nn.Module], x: Tensor) -> Tensor:
        snake: Snake | None = None
        for stage in stages:
            if isinstance(stage, Snake):
                snake = stage
                continue
            if snake is not None and not isinstance(stage, TrunkConv1d | TrunkConvTranspose1d):
                self.steps += snake_steps(snake, x, x)
                snake = None
            if isinstance(stage, TrunkConv1d | TrunkConvTranspose1d):
                x, snake = self._conv(stage, x, snake), None
            elif isinstance(stage, ResidualUnit):
                self._residual(stage, x)
            elif isinstance(stage, Chain):
                x = self._chain(stage.parts(), x)
                if isinstance(stage, OutputLayers) and stage.tanh:
                    self.steps.append(partial(torch.tanh, x, out=x))
            elif isinstance(stage, PieceModule) and not isinstance(stage, NoiseBlock):
                part = PointwisePart(stage, x)  # the conditions of AudioVAE
                self.steps += part.steps
                x = part.output
            else:
                raise TypeError(f"{type(stage).__name__} has no part in a plan")
        return x

    def _residual(self, unit: ResidualUnit, x: Tensor) -> None:
        """x + narrow(snake(wide(snake(x)))), in place."""
        before, wide, inside, narrow = unit.block
        assert isinstance(before, Snake) and isinstance(wide, TrunkConv1d)
        assert isinstance(inside, Snake) and isinstance(narrow, TrunkConv1d)
        y = self._conv(wide, x, before)
        self.steps += snake_steps(inside, y, y)
        self._conv(narrow, y, None, add_to=x)

    def _conv(
        self, conv: TrunkConv1d | TrunkConvTranspose1d, x: Tensor, snake: Snake | None, add_to: Tensor | None = None
    ) -> Tensor:
        weight, bias = conv.weight.detach(), None if conv.bias is None else conv.bias.detach()
        if isinstance(conv, TrunkConvTranspose1d):
            keep, taps, pace, count = 1, hop_taps(weight, conv.stride[0]), (1, 1), x.shape[0]
            bias = None if bias is None else bias.repeat(conv.stride[0])
        else:
            keep, taps, pace = conv.left, weight.permute(2, 1, 0).contiguous(), (conv.stride[0], conv.dilation[0])
            count = x.shape[0] // conv.stride[0]
        if getattr(conv, "right", 0) and isinstance(conv, TrunkConv1d):
            raise TypeError("a convolution that looks ahead has no part in a plan")
        rows = self._remembered(x, keep, snake)
        if conv.groups > 1:
            out = x.new_zeros(count, conv.out_channels)
            self.steps += channel_steps(rows, taps[:, 0], bias, conv.dilation[0], out)
            return out
        flat = x.new_zeros(count, taps.shape[2]) if add_to is None else add_to
        self.steps += convolve_steps(rows, taps, bias, pace, flat, self._products, add=add_to is not None)
        return flat.view(-1, conv.out_channels)

    def _remembered(self, x: Tensor, keep: int, snake: Snake | None) -> Tensor:
        """Rows, or their Snake, after the `keep` rows before them."""
        if keep == 0 and snake is None:
            return x
        rows = x.new_zeros(keep + x.shape[0], x.shape[1])
        self.steps += [partial(rows[keep:].copy_, x)] if snake is None else snake_steps(snake, x, rows[keep:])
        if 0 < keep <= x.shape[0]:
            self._shifts.append((rows[:keep], rows[x.shape[0] :]))
        elif keep:
            self._late_shift(rows, keep)
        if keep:
            self.memory.append(rows[:keep])
        return rows

    def _late_shift(self, rows: Tensor, keep: int) -> None:
        """Rows that reach over themselves go by way of a copy; the shifts are made in their order."""
        between = torch.empty_like(rows[:keep])
        self._shifts.append((between, rows[rows.shape[0] - keep :]))
        self._shifts.append((rows[:keep], between))


def snake_steps(snake: Snake, source: Tensor, target: Tensor) -> list[Step]:
    """x + sin²(αx) / α, into another buffer or in place."""
    alpha = snake.alpha.detach()[0, :, 0].contiguous()
    sine = torch.empty_like(target) if source.data_ptr() == target.data_ptr() else target
    return [
        partial(torch.mul, source, alpha, out=sine),
        partial(torch.sin, sine, out=sine),
        partial(torch.mul, sine, sine, out=sine),
        partial(torch.addcmul, source, sine, (alpha + _LEAST).reciprocal(), out=target),
    ]


def channel_steps(rows: Tensor, weight: Tensor, bias: Tensor | None, dilation: int, out: Tensor) -> list[Step]:
    """A convolution of each channel alone: rows `[keep + n, C]`, weight `[taps, 1·C]` → `[n, C]`.

    Tap after tap, or all windows at once, whichever is quicker.
    """
    kernel, count = weight.shape[0], out.shape[0]
    begin = torch.zeros_like(weight[0]) if bias is None else bias
    shifted = [rows[tap * dilation : tap * dilation + count] for tap in range(kernel)]
    by_tap: list[Step] = [partial(torch.addcmul, begin, shifted[0], weight[0], out=out)]
    by_tap += [partial(out.addcmul_, row, its) for row, its in zip(shifted[1:], weight[1:], strict=True)]
    width = rows.shape[1]
    windows = rows.as_strided((count, kernel, width), (width, dilation * width, 1), rows.storage_offset())
    weighed = rows.new_zeros(count, kernel, width)
    at_once: list[Step] = [
        partial(torch.mul, windows, weight, out=weighed),
        partial(torch.sum, weighed, 1, out=out),
        partial(out.add_, begin),
    ]
    return quickest([by_tap, at_once])
