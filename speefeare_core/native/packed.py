"""Float32 weights in seven eighths of their room, without a bit lost, and products with them (`packed.h`)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, float32, int32

from speefeare_core.native import is_plain, library, needed
from speefeare_core.native.products import RowsProduct

WHOLE_INPUTS = 128
GROUP_BYTES = 448  # of 128 values
BLOCK, MOST_BLOCK = 512, 1024
FEW_APART, SOME_APART = 256, 16  # one value in so many, or so few of them, may lie beside the others
UP = 80  # power of two by which inputs are scaled


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

    def __init__(self, weight: Tensor, keep: Callable[[int], Tensor], factors: Tensor | None = None) -> None:
        """`keep(count)` gives the room, uint8 `[count]`; factors `[N]`: each output's weights are scaled by its own.

        Raises ValueError for a weight that cannot be packed.
        """
        outputs, inputs = weight.shape
        self.outputs, self.inputs, self.block = outputs, inputs, block_of(inputs)
        if factors is not None and not (is_plain(factors) and factors.shape == (outputs,)):
            raise ValueError(f"factors {list(factors.shape)}")
        if self.block == 0 or weight.dtype != float32 or weight.device.type != "cpu":
            raise ValueError(f"weight {list(weight.shape)}, {weight.dtype}")
        count = weight.numel() // WHOLE_INPUTS * GROUP_BYTES
        room = max(SOME_APART, weight.numel() // FEW_APART)
        self.bytes = keep(count)
        self.scales = torch.empty(inputs // self.block, outputs)
        apart = torch.empty(room, 3, dtype=int32)
        found = needed().pack(
            *(weight.data_ptr(), *weight.stride(), None if factors is None else factors.data_ptr()),
            *(outputs, inputs, self.block),
            *(self.bytes.data_ptr(), self.scales.data_ptr(), apart.data_ptr(), room),
        )
        if found < 0:
            raise ValueError("values that are no numbers, or too far from each other")
        self.apart = apart[:found].clone()

    def unpacked(self) -> Tensor:
        """The weight, bit for bit."""
        groups = self.bytes.view(int32).view(-1, 7, 16)
        free = groups >> 27 & 15
        last = (free[:, :6] << torch.arange(0, 24, 4, dtype=int32)[:, None]).sum(dim=1, dtype=int32)
        last += ((free[:, 6] & 7) << 24) + ((free[:, 6] & 8) << 28)
        whole = torch.cat([groups & -0x78000001, last[:, None]], dim=1).view(float32)
        scaled = whole.double().view(-1, self.outputs, self.block) * self.scales.double()[..., None] * 2.0**UP
        weight = scaled.transpose(0, 1).reshape(self.outputs, self.inputs).float()
        weight[self.apart[:, 0], self.apart[:, 1]] = self.apart[:, 2].view(float32)
        return weight


class PackedRows(RowsProduct):
    """With a packed weight. `add`: to what is there."""

    def __init__(self, weight: Packed, bias: Tensor | None, *, add: bool = False) -> None:
        self._function = needed().packed_rows
        if bias is not None and not (is_plain(bias) and bias.shape == (weight.outputs,)):
            raise ValueError("the bias is float32 [N], contiguous, on the processor")
        self.shape = weight.outputs, weight.inputs
        self._weight, self._add, self._kept = weight, int(add), (weight, bias)
        self._bias_at = None if bias is None else bias.data_ptr()

    def fields(self) -> tuple[int | None, ...]:
        """As `struct product` of `transformer.c` has them."""
        its = self._weight
        places = (its.bytes.data_ptr(), its.scales.data_ptr(), self._bias_at, its.apart.data_ptr())
        return (*places, its.apart.shape[0], *self.shape, its.block, 0)

    def _arguments(self, x: Tensor, out: Tensor) -> tuple[int | None, ...]:
        its = self._weight
        places = (its.bytes.data_ptr(), its.scales.data_ptr(), x.data_ptr(), self._bias_at, out.data_ptr())
        return (*places, *self.shape, its.block, x.shape[0], self._add, its.apart.data_ptr(), its.apart.shape[0])
