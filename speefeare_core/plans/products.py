"""The matrix products of a plan, each in the number format of its mode and the layout that is quickest for its rows."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from speefeare_core.plans.modes import EXACT
from speefeare_core.plans.parts import Part, Step, quickest

BIG = 1 << 18  # weights from which on another number format pays; below, it costs accuracy for nothing


class Products:
    """Makes the products of one side of a codec in one mode.

    `conv_part` is another class of part for its convolutions than the quickest one.
    """

    conv_part: type[Part] | None = None

    def __init__(self, mode: str = EXACT) -> None:
        self.mode = mode

    def exact_only(self, rows: int, inputs: int, outputs: int) -> bool:
        """Whether a product of these sizes stays in float32, so that other forms of the same sum may take its place."""
        return self.mode == EXACT or inputs * outputs < BIG

    def make(self, x: Tensor, weight: Tensor, bias: Tensor | None, out: Tensor, *, add: bool = False) -> list[Step]:
        """Steps for `out = x @ weight + bias`, with `add` added to what is there.

        Rows `[M, K]` times `[K, N]`, all buffers that stay where they are.
        """
        if add:
            first: list[Step] = [] if bias is None else [partial(out.add_, bias)]
            return [*first, partial(out.addmm_, x, weight)]
        across = weight.t().contiguous()
        return quickest([[_linear(x, weight.t(), bias, out)], [_linear(x, across, bias, out)]])


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None, out: Tensor) -> Step:
    if bias is None:
        return partial(torch.mm, x, weight.t(), out=out)
    return partial(torch.addmm, bias, x, weight.t(), out=out)
