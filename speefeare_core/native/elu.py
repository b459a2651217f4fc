"""ELU of buffers that stay where they are (`elu.c`)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from speefeare_core.native import held, is_plain, needed


def elu(source: Tensor, target: Tensor) -> Callable[[], object]:
    """A call that writes the ELU of `source` into `target`, which may be the source: both contiguous float32."""
    if not is_plain(source, target) or source.shape != target.shape:
        raise ValueError("both are contiguous float32 of one shape")
    return held(needed().elu, (source.data_ptr(), target.data_ptr(), source.numel()), (source, target))
