"""The products of a plan in the number format of its mode; small ones stay in float32, where nothing is gained."""

from __future__ import annotations

from functools import partial

from torch import Tensor

from speefeare_core.plans.kernels import FLOAT32, Apply, prepare
from speefeare_core.plans.parts import Step

BIG = 1 << 18  # weights from which on another number format pays; below, it costs accuracy for nothing


class Products:
    """Makes steps of products in one of the formats of `kernels`."""

    def __init__(self, form: str = FLOAT32) -> None:
        self.form = form

    def form_of(self, weights: int) -> str:
        """The format of a product with so many weights."""
        return self.form if weights >= BIG else FLOAT32

    def of(self, weight: Tensor, rows: int) -> Apply:
        """The product with a weight `[N, K]`, to be called with `[rows, K]` and what to write to `[rows, N]`."""
        return prepare(weight, None, rows, self.form_of(weight.numel())).apply

    def make(self, x: Tensor, weight: Tensor, bias: Tensor | None, out: Tensor, *, add: bool = False) -> list[Step]:
        """Steps for `out = x @ weight.T + bias`, with `add` added to what is there.

        Rows `[M, K]` and a weight `[N, K]`, all buffers that stay where they are.
        """
        form = self.form_of(weight.numel())
        if add and form == FLOAT32:
            first: list[Step] = [] if bias is None else [partial(out.add_, bias)]
            return [*first, partial(out.addmm_, x, weight.t())]
        apply = prepare(weight, bias, x.shape[0], form).apply
        if not add:
            return [partial(apply, x, out)]
        between = out.new_empty(out.shape)
        return [partial(apply, x, between), partial(out.add_, between)]
