"""Rows of a step: how many are computed, and their products.

In float32 a lone frame is computed twice, as the plain modules compute it (`nn.frame_blocks.row_matmul`): the
matrix-vector kernel sums in another order, and a code could come out otherwise once in a while. So a plan's codes are
those of the plain stream to the bit, and not only within rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from speefeare_core.plans.huge_pages import HugePages
from speefeare_core.plans.kernels import FLOAT32, prepare

Multiply = Callable[[Tensor, Tensor], Tensor]  # (x [R, in], out [R, out]) -> out


@dataclass(frozen=True)
class Rows:
    """`count` rows for steps of `frames` frames; a second row beside a lone one repeats it."""

    frames: int
    count: int
    pages: HugePages = field(default_factory=HugePages, compare=False)

    @classmethod
    def of(cls, frames: int, mode: str) -> Rows:
        """For a mode of `plans.kernels`."""
        return cls(frames, max(2, frames) if mode == FLOAT32 else frames)

    def empty(self, width: int) -> Tensor:
        """`[R, width]`, zeros."""
        return torch.zeros(self.count, width)

    def multiply(self, weight: Tensor, bias: Tensor | None, mode: str) -> Multiply:
        """`x @ weight + bias` with `weight [in, out]`."""
        if mode != FLOAT32:
            return prepare(weight.t(), bias, self.count, mode).apply
        kept = self.pages.keep(weight.detach())
        if bias is None:
            return lambda x, out: torch.mm(x, kept, out=out)
        shift = bias.detach()
        return lambda x, out: torch.addmm(shift, x, kept, out=out)
