"""Products of a few rows with a large weight (`few_rows.c`)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, float16, float32

from speefeare_core.native import held, is_plain, needed

MOST_ROWS = 16
WHOLE_INPUTS = 16
BLOCK = 512  # inputs of which all rows stay in the innermost cache


def block_of(inputs: int) -> int:
    """How many inputs of a weight lie together."""
    return BLOCK if inputs % BLOCK == 0 else inputs


def blocks(weight: Tensor) -> Tensor:
    """A view `[K / block, N, block]` of a weight `[N, K]`: the order in which `FewRows` wants it in memory."""
    outputs, inputs = weight.shape
    return weight.reshape(outputs, -1, block_of(inputs)).transpose(0, 1)


class RowsProduct:
    """`product(x, out)` computes `out = x @ weight.T + bias` for `x` `[M, K]`, `out` `[M, N]`, and says whether it did.

    It does for up to 16 rows in contiguous float32 buffers.
    """

    shape: tuple[int, int]  # [N, K]
    _function: Callable[..., object]
    _kept: tuple[object, ...]  # what must stay in memory

    def __call__(self, x: Tensor, out: Tensor) -> bool:
        """Whether these shapes and kinds are computed; `out` is untouched where not."""
        if not self.takes(x, out):
            return False
        self._function(*self._arguments(x, out))
        return True

    def takes(self, x: Tensor, out: Tensor) -> bool:
        """Whether the product can be had of these."""
        rows, (outputs, inputs) = x.shape[0], self.shape
        fitting = x.shape == (rows, inputs) and out.shape == (rows, outputs)
        return rows <= MOST_ROWS and fitting and is_plain(x, out)

    def bind(self, x: Tensor, out: Tensor) -> Callable[[], object]:
        """A call that computes it of buffers that stay where they are. Raises ValueError for what does not fit."""
        if not self.takes(x, out):
            raise ValueError(f"rows {list(x.shape)} into {list(out.shape)}, or not contiguous float32")
        return held(self._function, self._arguments(x, out), (*self._kept, x, out))

    def fields(self) -> tuple[int | None, ...]:
        """As `struct product` of `transformer.c` has them."""
        raise NotImplementedError

    def _arguments(self, x: Tensor, out: Tensor) -> tuple[int | None, ...]:
        raise NotImplementedError


class FewRows(RowsProduct):
    """With a weight as it is: contiguous `blocks` `[K / block, N, block]`, float32, or float16, whose rounding is then
    the only error; K a multiple of 16. `add`: to what is there.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, *, add: bool = False) -> None:
        self._function = needed().few_rows
        if weight.ndim != 3 or weight.dtype not in (float16, float32) or weight.shape[2] % WHOLE_INPUTS:
            raise ValueError("the weight is float16 or float32 [K / block, N, block], K a multiple of 16")
        if any(t is not None and not (t.is_contiguous() and t.device.type == "cpu") for t in (weight, bias)):
            raise ValueError("weight and bias are contiguous, on the processor")
        if bias is not None and (bias.dtype != float32 or bias.shape != weight.shape[1:2]):
            raise ValueError("the bias is float32 [N]")
        count, outputs, self._block = weight.shape
        self.shape = outputs, count * self._block
        self._kept = (weight, bias)
        self._weight_at, self._bias_at = weight.data_ptr(), None if bias is None else bias.data_ptr()
        self._half, self._add = int(weight.dtype == float16), int(add)

    def fields(self) -> tuple[int | None, ...]:
        """As `struct product` of `transformer.c` has them."""
        return (self._weight_at, None, self._bias_at, None, 0, *self.shape, self._block, self._half)

    def _arguments(self, x: Tensor, out: Tensor) -> tuple[int | None, ...]:
        sizes = (*self.shape, self._block, x.shape[0], self._half, self._add)
        return (self._weight_at, x.data_ptr(), self._bias_at, out.data_ptr(), *sizes)
