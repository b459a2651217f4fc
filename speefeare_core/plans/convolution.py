"""Causal convolutions of either kind for a fixed number of rows, as products of the window that each output sees.

A transposed convolution of kernel h·stride is a convolution of kernel h whose outputs are whole hops of stride·Cout
values: nothing is overlapped and added, and the carried rows are those of the input, as for the other kind.
"""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from speefeare_core.nn.conv import CausalConv1d, CausalConvTranspose1d
from speefeare_core.plans.kernels import FLOAT32
from speefeare_core.plans.parts import Part, Step, elu_steps, quickest, shift_steps
from speefeare_core.plans.products import FEW_ROWS, Products

Conv = CausalConv1d | CausalConvTranspose1d
Shifts = list[tuple[Tensor, Tensor]]  # rows to be overwritten at the end of a step, and by which


class ConvPart(Part):
    """A convolution of `source` `[n·stride, Cin]`, or of its ELU, into rows `[n, Cout]` (transposed: the other way).

    With `add_to` the result is added to these rows, in place, and they are the output. With `shifts` what is carried is
    not moved to its place by this part's steps but noted there.
    """

    def __init__(
        self,
        conv: Conv,
        source: Tensor,
        products: Products,
        *,
        elu: bool = False,
        add_to: Tensor | None = None,
        shifts: Shifts | None = None,
    ) -> None:
        super().__init__()
        self._conv, self._elu = conv, elu
        weight, stride, dilation = taps_of(conv)
        kernel, width, outputs = weight.shape
        span = (kernel - 1) * dilation + 1
        keep, given = span - stride, source.shape[0]
        count = given // stride
        if keep == 0 and not elu:
            joined = source
        else:
            joined = source.new_zeros(keep + given, width)
            self.steps += elu_steps(source, joined[keep:]) if elu else [partial(joined[keep:].copy_, source)]
        bias = None if conv.bias is None else conv.bias.detach().repeat(outputs // conv.out_channels)
        flat = source.new_zeros(count, outputs) if add_to is None else add_to.view(count, outputs)
        self.steps += convolve_steps(joined, weight, bias, (stride, dilation), flat, products, add=add_to is not None)
        if shifts is not None and 0 < keep <= given:
            shifts.append((joined[:keep], joined[given:]))
        else:
            self.steps += shift_steps(joined, keep)
        self.output = flat.view(-1, conv.out_channels)
        self._kept = joined[:keep]
        if keep:
            self.memory.append(self._kept)

    def begin(self, x: Tensor) -> Tensor:
        """Padded as the convolution pads the beginning of a recording. What is added to must be added outside."""
        keep, columns = self._kept.shape[0], x.t()[None]
        if isinstance(self._conv, CausalConvTranspose1d):
            columns = F.elu(columns) if self._elu else columns
            out, _ = self._conv.begin(columns)
            before = F.pad(columns, (keep, 0))
            self._kept.copy_(before[0].t()[before.shape[-1] - keep :])
        else:
            out, after = self._conv.begin(columns, elu=self._elu)
            self._kept.copy_(after[0].t())
        rows: Tensor = out[0].t()
        return rows


def taps_of(conv: Conv) -> tuple[Tensor, int, int]:
    """The weight as `[taps, Cin, outputs of one step]` contiguous, oldest tap first; stride and dilation of its input.

    A view of the module's own memory where it lies like that already.
    """
    weight = conv.weight.detach()
    if isinstance(conv, CausalConvTranspose1d):
        return hop_taps(weight, conv.stride[0]), 1, 1
    return weight.permute(2, 1, 0).contiguous(), conv.stride[0], conv.dilation[0]


def hop_taps(weight: Tensor, stride: int) -> Tensor:
    """The weight `[Cin, Cout, kernel]` of a transposed convolution as `[hops, Cin, stride·Cout]`, oldest hop first."""
    inputs, outputs, kernel = weight.shape
    hops = -(-kernel // stride)
    missing = hops * stride - kernel
    whole = (F.pad(weight, (0, missing)) if missing else weight).permute(0, 2, 1)
    return whole.reshape(inputs, hops, stride * outputs).transpose(0, 1).flip(0).contiguous()


def convolve_steps(
    joined: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    pace: tuple[int, int],
    out: Tensor,
    products: Products,
    *,
    add: bool,
) -> list[Step]:
    """Rows `[keep + n·stride, Cin]` and a weight `[taps, Cin, N]` → `[n, N]`; pace: stride and dilation.

    The quickest of: one product of unfolded windows, one for each run of taps, one of all rows for few outputs.
    """
    (kernel, width, outputs), (stride, dilation), count = weight.shape, pace, out.shape[0]
    flat = weight.reshape(kernel * width, outputs).t()
    if kernel == 1 and stride == 1:
        return products.make(joined, flat, bias, out, add=add)
    at = joined.as_strided((count, kernel, width), (stride * width, dilation * width, 1), joined.storage_offset())
    window = joined.new_zeros(count, kernel * width)
    unfold: Step = partial(window.view(count, kernel, width).copy_, at)
    candidates = [[unfold, *products.make(window, flat, bias, out, add=add)]]
    if count > FEW_ROWS and products.form_of(flat.numel()) == FLOAT32:
        candidates.append(_run_by_run(joined, weight, bias, pace, out, add=add))
        if stride == 1 and kernel * outputs < width and not add:
            candidates.append(_all_rows(joined, weight, bias, dilation, out))
    return quickest(candidates)


def _run_by_run(
    joined: Tensor, weight: Tensor, bias: Tensor | None, pace: tuple[int, int], out: Tensor, *, add: bool
) -> list[Step]:
    """Taps that lie side by side as far as one stride reaches are one product without unfolding."""
    (kernel, width, outputs), (stride, dilation) = weight.shape, pace
    together, start = stride if dilation == 1 else 1, joined.storage_offset()
    steps: list[Step] = [partial(out.add_, bias)] if add and bias is not None else []
    for first in range(0, kernel, together):
        taps = min(together, kernel - first)
        rows = joined.as_strided((out.shape[0], taps * width), (stride * width, 1), start + first * dilation * width)
        its = weight[first : first + taps].reshape(taps * width, outputs)
        if first or add:
            steps.append(partial(out.addmm_, rows, its))
        elif bias is None:
            steps.append(partial(torch.mm, rows, its, out=out))
        else:
            steps.append(partial(torch.addmm, bias, rows, its, out=out))
    return steps


def _all_rows(joined: Tensor, weight: Tensor, bias: Tensor | None, dilation: int, out: Tensor) -> list[Step]:
    """Few outputs of many channels: all taps of all rows in one product, then their sum."""
    (kernel, width, outputs), count = weight.shape, out.shape[0]
    side = weight.transpose(1, 2).reshape(kernel * outputs, width).contiguous()
    taps = joined.new_zeros(kernel * outputs, joined.shape[0])
    rows = [
        taps[tap * outputs : (tap + 1) * outputs, tap * dilation : tap * dilation + count].t() for tap in range(kernel)
    ]
    first: Step = partial(torch.mm, side, joined.t(), out=taps)
    second: Step = partial(out.copy_, rows[0]) if bias is None else partial(torch.add, rows[0], bias, out=out)
    return [first, second, *(partial(out.add_, row) for row in rows[1:])]
