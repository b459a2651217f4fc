"""Convolutions for a fixed number of rows that give the plain modules' results to the last bit.

A quantiser turns a difference in the last bit into another code now and then, once in some seconds with many books.
The encoder of a codec with codes therefore keeps the products of `nn.rows` in their order: the same windows, slices and
doubled lone rows, over weights and buffers that are laid out once.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from speefeare_core import native
from speefeare_core.native.elu import elu_around
from speefeare_core.native.in_order import in_order, panels, run_of
from speefeare_core.nn.conv import CausalConv1d, CausalConvTranspose1d
from speefeare_core.nn.rows import NARROW, SLICE
from speefeare_core.plans.convolution import Shifts
from speefeare_core.plans.parts import Part, Step, shift_steps
from speefeare_core.plans.products import Products


class SameConvPart(Part):
    """A convolution of `source` `[n·stride, Cin]`, or of its ELU, into rows `[n, Cout]`, to the bit.

    With `add_to` the result is added to these rows, in place, and they are the output; `shifts` as in `ConvPart`. Its
    memory are the rows `[copies, context, Cin]`, twice where there is one output a step. Raises TypeError for a
    transposed convolution.
    """

    def __init__(
        self,
        conv: CausalConv1d | CausalConvTranspose1d,
        source: Tensor,
        products: Products,
        *,
        elu: bool = False,
        add_to: Tensor | None = None,
        shifts: Shifts | None = None,
    ) -> None:
        super().__init__()
        if isinstance(conv, CausalConvTranspose1d) or conv.groups > 1:
            raise TypeError("this convolution has no part that keeps the bits")
        self._conv, self._elu = conv, elu
        given, width = source.shape
        count, keep = given // conv.stride[0], conv.context
        copies = 2 if count == 1 else 1
        joined = source.new_zeros(copies, keep + given, width)
        self._fill(source, joined[:, keep:])
        self._kept = joined[:, :keep]
        out = source.new_empty(max(count, copies), conv.out_channels)
        taps_first = conv.stride[0] == 1 and conv.out_channels * conv.kernel_size[0] < width
        convolve = _tap_by_tap if taps_first else _window_by_window
        self.steps += convolve(conv, joined, out, products)
        self.output = out[:count]
        if add_to is not None:
            self.steps.append(partial(add_to.add_, self.output))
            self.output = add_to
        if keep:
            self.memory.append(self._kept)
            if shifts is not None and given >= keep:  # all of the network together, at the end of a step
                shifts.append((self._kept, joined[:, given:]))
            else:
                self.steps += shift_steps(joined.transpose(0, 1), keep)

    def begin(self, x: Tensor) -> Tensor:
        """Rows `[T', Cin]` through the module itself. What is added to must be added outside."""
        out, after = self._conv.begin(x.t()[None], elu=self._elu)
        self._kept.copy_(after.transpose(1, 2))
        rows: Tensor = out[0].t()
        return rows

    def _fill(self, source: Tensor, target: Tensor) -> None:
        """The source, or its ELU, into every copy."""
        everywhere = source.expand_as(target)
        if not self._elu:
            self.steps.append(partial(target.copy_, everywhere))
            return
        below = torch.empty_like(source)
        if native.is_there() and native.is_plain(source, *target):
            begin, ends = elu_around(source, below, list(target))
            self.steps += [begin, below.exp_, *ends]
            return
        self.steps += [
            partial(torch.clamp, source, max=0, out=below),
            below.exp_,
            partial(below.sub_, 1),
            partial(torch.maximum, everywhere, below.expand_as(target), out=target),
        ]


class SameBits(Products):
    """For the convolutions of an encoder whose codes must be those of the plain stream: `SameConvPart`s."""


def _window_by_window(conv: CausalConv1d, joined: Tensor, out: Tensor, products: Products) -> list[Step]:
    """As `nn.rows.window_rows`: taps side by side as far as one stride reaches, each window in slices."""
    kernel, stride, dilation = conv.kernel_size[0], conv.stride[0], conv.dilation[0]
    copies, _, width = joined.shape
    weight = conv.weight.detach().permute(2, 1, 0).reshape(kernel * width, conv.out_channels)
    together = stride if dilation == 1 else 1
    if width * together < NARROW and dilation == 1:
        together = kernel
    steps: list[Step] = []
    pairs = []
    for first in range(0, kernel, together):
        taps = min(together, kernel - first)
        between = joined.stride(0) if copies > 1 else stride * width
        rows = joined.as_strided(
            (out.shape[0], taps * width), (between, 1), joined.storage_offset() + first * dilation * width
        )
        if between < taps * width:  # windows that share rows
            overlapping, rows = rows, joined.new_empty(rows.shape)
            steps.append(partial(rows.copy_, overlapping))
        its = weight[first * width : (first + taps) * width]
        pairs += list(zip(torch.split(rows, SLICE, 1), torch.split(its, SLICE), strict=True))
    bias = None if conv.bias is None else conv.bias.detach()
    return steps + product_steps(pairs, bias, out, products, lone=copies > 1)


def _tap_by_tap(conv: CausalConv1d, joined: Tensor, out: Tensor, products: Products) -> list[Step]:
    """As `nn.rows` does for few outputs of many channels: one product for all taps, then their sum."""
    kernel, dilation, outputs = conv.kernel_size[0], conv.dilation[0], conv.out_channels
    copies, length, width = joined.shape
    count = out.shape[0] if copies == 1 else 1
    rows = joined.view(copies * length, width)[: max(2, length)]
    weight = conv.weight.detach().permute(1, 2, 0).reshape(width, kernel * outputs)
    taps = rows.new_empty(rows.shape[0], kernel * outputs)
    pairs = list(zip(torch.split(rows, SLICE, 1), torch.split(weight, SLICE), strict=True))
    steps = product_steps(pairs, None, taps, products)
    views = [
        taps[tap * dilation : tap * dilation + count, tap * outputs : (tap + 1) * outputs] for tap in range(kernel)
    ]
    total = out[:count]
    first: Step = partial(total.copy_, views[0])
    if conv.bias is not None:
        first = partial(torch.add, views[0], conv.bias.detach(), out=total)
    return [*steps, first, *(partial(total.add_, view) for view in views[1:])]


def product_steps(
    pairs: list[tuple[Tensor, Tensor]], bias: Tensor | None, out: Tensor, products: Products, *, lone: bool = False
) -> list[Step]:
    """The sum of the products of all pairs `[M, K] @ [K, N]`, plus bias `[N]`, in this order, with torch's bits.

    Where our own loop takes the sums in torch's order, it does them all. `lone`: two equal rows, of which the first
    counts.
    """
    rows = 1 if lone else out.shape[0]
    runs = [run_of(rows, *weight.shape) for _, weight in pairs]
    if all(runs) and native.is_plain(out):
        begin: list[Step] = [out[:rows].zero_] if bias is None else []
        biases = [bias] + [None] * (len(pairs) - 1)
        return begin + [
            in_order(x[:rows], products.keep(panels(weight)), its, out[:rows], run)
            for (x, weight), its, run in zip(pairs, biases, runs, strict=True)
        ]
    (x, weight), *others = [(x, products.keep(weight)) for x, weight in pairs]
    first: Step = partial(torch.mm, x, weight, out=out)
    if bias is not None:
        first = partial(torch.addmm, bias, x, weight, out=out)
    return [first, *(partial(out.addmm_, *pair) for pair in others)]
