"""Float32 weights in seven eighths of their room, without a bit lost, and products with them (`packed.c`)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, float32, int32

from speefeare_core.native import held, is_plain, library, needed

MOST_ROWS = 16
WHOLE_INPUTS = 128
GROUP_BYTES = 448  # of 128 values
BLOCK, MOST_BLOCK = 512, 1024
FEW_APART, SOME_APART = 256, 16  # one value in so many, or so few of them, may lie beside the others
UP = 80  # power of two by which inputs are scaled
ROOM = 1 << 10  # bytes behind, which a product may ask for


@cache
def can_pack() -> bool:
    """Whether this processor has what it takes."""
    found = library()
    return found is not None and bool(found.can_pack())


def block_of(inputs: int) -> int:
    """How many inputs of a weight lie together; 0 where they cannot be packed."""
    if inputs % BLOCK == 0:
        return BLOCK
    fitting = [size for size in range(WHOLE_INPUTS, MOST_BLOCK + 1, WHOLE_INPUTS) if inputs % size == 0]
    return max(fitting, default=0)


class Packed:
    """A packed weight `[N, K]`: bytes, a scale for each block of a line, and the few values that lie beside."""

    def __init__(self, weight: Tensor, keep: Callable[[int], Tensor]) -> None:
        """`keep(count)` gives the room, uint8 `[count]`. Raises ValueError for a weight that cannot be packed."""
        outputs, inputs = weight.shape
        self.outputs, self.inputs, self.block = outputs, inputs, block_of(inputs)
        if self.block == 0 or weight.dtype != float32 or weight.device.type != "cpu":
            raise ValueError(f"weight {list(weight.shape)}, {weight.dtype}")
        count = weight.numel() // WHOLE_INPUTS * GROUP_BYTES
        room = max(SOME_APART, weight.numel() // FEW_APART)
        self.bytes = keep(count + ROOM)
        self.scales = torch.empty(inputs // self.block, outputs)
        apart = torch.empty(room, 3, dtype=int32)
        found = needed().pack(
            *(weight.data_ptr(), *weight.stride(), outputs, inputs, self.block),
            *(self.bytes.data_ptr(), self.scales.data_ptr(), apart.data_ptr(), room),
        )
        if found < 0:
            raise ValueError("values that are no numbers, or too far from each other")
        self.apart = apart[:found].clone()

    def unpacked(self) -> Tensor:
        """The weight, bit for bit."""
        groups = self.bytes[: self.outputs * self.inputs // WHOLE_INPUTS * GROUP_BYTES].view(int32).view(-1, 7, 16)
        free = groups >> 27 & 15
        last = (free[:, :6] << torch.arange(0, 24, 4, dtype=int32)[:, None]).sum(dim=1, dtype=int32)
        last += ((free[:, 6] & 7) << 24) + ((free[:, 6] & 8) << 28)
        whole = torch.cat([groups & -0x78000001, last[:, None]], dim=1).view(float32)
        scaled = whole.double().view(-1, self.outputs, self.block) * self.scales.double()[..., None] * 2.0**UP
        weight = scaled.transpose(0, 1).reshape(self.outputs, self.inputs).float()
        weight[self.apart[:, 0], self.apart[:, 1]] = self.apart[:, 2].view(float32)
        return weight


class PackedRows:
    """`product(x, out)` computes `out = x @ weight.T + bias` for `x` `[M, K]`, `out` `[M, N]`, and says whether it did.

    It does for up to 16 rows in contiguous float32 buffers; `add`: to what is there.
    """

    def __init__(self, weight: Packed, bias: Tensor | None, *, add: bool = False) -> None:
        self._function = needed().packed_rows
        if bias is not None and not (is_plain(bias) and bias.shape == (weight.outputs,)):
            raise ValueError("the bias is float32 [N], contiguous, on the processor")
        self._weight, self._bias, self._add = weight, bias, int(add)

    def __call__(self, x: Tensor, out: Tensor) -> bool:
        """Whether these shapes and kinds are computed; `out` is untouched where not."""
        if not self.takes(x, out):
            return False
        self._function(*self._arguments(x, out))
        return True

    def takes(self, x: Tensor, out: Tensor) -> bool:
        """Whether the product can be had of these."""
        rows = x.shape[0]
        fitting = x.shape == (rows, self._weight.inputs) and out.shape == (rows, self._weight.outputs)
        return rows <= MOST_ROWS and fitting and is_plain(x, out)

    def bind(self, x: Tensor, out: Tensor) -> Callable[[], object]:
        """A call that computes it of buffers that stay where they are. Raises ValueError for what does not fit."""
        if not self.takes(x, out):
            raise ValueError(f"rows {list(x.shape)} into {list(out.shape)}, or not contiguous float32")
        return held(self._function, self._arguments(x, out), (self._weight, self._bias, x, out))

    @property
    def shape(self) -> tuple[int, int]:
        """`[N, K]`."""
        return self._weight.outputs, self._weight.inputs

    def fields(self) -> tuple[int | None, ...]:
        """As `struct product` has them."""
        its = self._weight
        bias_at = None if self._bias is None else self._bias.data_ptr()
        sizes = (its.apart.shape[0], its.outputs, its.inputs, its.block, 0)
        return (its.bytes.data_ptr(), its.scales.data_ptr(), bias_at, its.apart.data_ptr(), *sizes)

    def _arguments(self, x: Tensor, out: Tensor) -> tuple[int | None, ...]:
        its, bias = self._weight, self._bias
        return (
            *(its.bytes.data_ptr(), its.scales.data_ptr(), x.data_ptr(), None if bias is None else bias.data_ptr()),
            *(out.data_ptr(), its.outputs, its.inputs, its.block, x.shape[0], self._add),
            *(its.apart.data_ptr(), its.apart.shape[0]),
        )
