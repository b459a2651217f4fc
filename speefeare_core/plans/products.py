"""The products of a plan in the number format of its mode; small ones stay in float32, where nothing is gained."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from speefeare_core.native.packed import Packed, PackedRows, block_of, can_pack
from speefeare_core.native.products import WHOLE_INPUTS, FewRows, RowsProduct, blocks
from speefeare_core.plans.huge_pages import HugePages
from speefeare_core.plans.kernels import BFLOAT16, FLOAT32, fits_half, prepare, works
from speefeare_core.plans.parts import Step

Rows = Tensor | Callable[[], Tensor]
BIG = 1 << 18  # weights from which on another number format pays; below, it costs accuracy for nothing
PROBE = 1 << 19  # weights that a kernel is tried on
FEW_ROWS = 16  # beyond, the processor is busy computing, and how the weights lie matters little


class Products:
    """Makes steps of products in one of the formats of `kernels`, their weights in the order of the calls."""

    def __init__(self, form: str = FLOAT32) -> None:
        self.form = form
        self._pages = HugePages()

    def keep(self, weight: Tensor) -> Tensor:
        """A contiguous copy of a weight beside those that are read before it."""
        return self._pages.keep(weight)

    def form_of(self, weights: int) -> str:
        """The format of a product with so many weights."""
        return self.form if weights >= BIG else FLOAT32

    def own(self, weight: Tensor, rows: int, factors: Tensor | None = None) -> RowsProduct | None:
        """Our own loop for the product with a weight `[N, K]`; None where it cannot be had, or for another format.

        Factors `[N]` scale each output.
        """
        form = self.form_of(weight.numel())
        if not works("native") or rows > FEW_ROWS or weight.shape[1] % WHOLE_INPUTS or form not in (FLOAT32, BFLOAT16):
            return None
        if form == FLOAT32:
            return self._own(weight, None, factors)
        weight = _scaled(weight, factors)
        return FewRows(blocks(weight.half()).contiguous(), None) if fits_half(weight) else None

    def _own(
        self, weight: Tensor, bias: Tensor | None, factors: Tensor | None = None, *, add: bool = False
    ) -> RowsProduct:
        """Packed, where that can be and is worth it."""
        if can_pack() and weight.numel() >= BIG and block_of(weight.shape[1]):
            try:
                return PackedRows(Packed(weight, self._pages.room, factors), bias, add=add)
            except ValueError:  # values too far from each other: as they are
                pass
        return FewRows(self._pages.keep(blocks(_scaled(weight, factors))), bias, add=add)

    def make(self, x: Rows, weight: Tensor, bias: Tensor | None, out: Tensor, *, add: bool = False) -> list[Step]:
        """Steps for `out = x @ weight.T + bias`, with `add` added to what is there.

        Rows `[M, K]`, a buffer that stays where it is or what gives them, and a weight `[N, K]`.
        """
        form, rows = self.form_of(weight.numel()), out.shape[0]
        kernel = form
        if form == FLOAT32:
            kernel = "columns" if rows > FEW_ROWS else _kernel(weight, bias, rows)
        if kernel == "native" and out.is_contiguous() and (not isinstance(x, Tensor) or x.is_contiguous()):
            return [_native(self._own(weight, bias, add=add), x, out)]
        if kernel in ("linear", "columns"):
            columns = self._pages.keep(weight).t() if kernel == "linear" else self._pages.keep(weight.t())
            if add:
                first: list[Step] = [] if bias is None else [partial(out.add_, bias)]
                return [*first, _bound(out.addmm_, x, columns)]
            return [product_step(x, columns, bias, out)]
        product = prepare(weight, bias, rows, form)
        to = out.new_empty(out.shape) if add else out
        run = _bound(product.apply, x, to)
        return [run, partial(out.add_, to)] if add else [run]


def _scaled(weight: Tensor, factors: Tensor | None) -> Tensor:
    return weight if factors is None else weight * factors[:, None]


def _native(product: RowsProduct, x: Rows, out: Tensor) -> Step:
    if isinstance(x, Tensor):
        return product.bind(x, out)
    give = x

    def step() -> None:
        if not product(give(), out):
            raise ValueError("rows that are not contiguous float32")

    return step


def _kernel(weight: Tensor, bias: Tensor | None, rows: int) -> str:
    """Which float32 kernel is fastest, tried on as many outputs as show it: weights of one width are timed once."""
    outputs = max(1, PROBE // weight.shape[1])
    return prepare(weight[:outputs], None if bias is None else bias[:outputs], rows).kernel


def product_step(x: Rows, columns: Tensor, bias: Tensor | None, out: Tensor) -> Step:
    """`out = x @ columns + bias`, of `[M, K]` and `[K, N]`."""
    if bias is None:
        return _bound(partial(torch.mm, out=out), x, columns)
    return _bound(partial(torch.addmm, bias, out=out), x, columns)


def _bound(function: Callable[..., object], x: Rows, other: Tensor) -> Step:
    if isinstance(x, Tensor):
        return partial(function, x, other)
    give = x
    return lambda: function(give(), other)
