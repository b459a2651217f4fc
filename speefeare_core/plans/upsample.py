"""Mimi's transposed convolution of each channel alone, for a fixed number of rows."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from speefeare_core.nn.mimi import ChannelUpsample
from speefeare_core.plans.parts import Part, shift_steps


class UpsamplePart(Part):
    """`source` `[n, D]` → `[n·stride, D]`: each output is its own row and the one before, weighed."""

    def __init__(self, module: ChannelUpsample, source: Tensor) -> None:
        super().__init__()
        self._module = module
        count, width = source.shape
        taps = module.weight.detach()[:, 0].t().contiguous()
        joined = source.new_zeros(1 + count, width)
        out = source.new_zeros(count, module.stride, width)
        self.steps = [
            partial(joined[1:].copy_, source),
            partial(torch.mul, joined[1:, None], taps[: module.stride], out=out),
            partial(out.addcmul_, joined[:-1, None], taps[module.stride :]),
            *shift_steps(joined, 1),
        ]
        self._before = joined[:1]
        self.memory = [self._before]
        self.output = out.view(count * module.stride, width)

    def begin(self, x: Tensor) -> Tensor:
        """Nothing lies before the first row."""
        self._before.copy_(x[-1:])
        rows: Tensor = self._module(x.t()[None])[0].t()
        return rows
