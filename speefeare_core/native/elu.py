"""ELU of buffers that stay where they are (`elu.c`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from speefeare_core.native import held, is_plain, needed

Step = Callable[[], object]


def elu(source: Tensor, target: Tensor) -> Step:
    """A call that writes the ELU of `source` into `target`, which may be the source: both contiguous float32."""
    if not is_plain(source, target) or source.shape != target.shape:
        raise ValueError("both are contiguous float32 of one shape")
    return held(needed().elu, (source.data_ptr(), target.data_ptr(), source.numel()), (source, target))


def elu_around(x: Tensor, power: Tensor, targets: Sequence[Tensor]) -> tuple[Step, list[Step]]:
    """What comes before and after `power.exp_()`: min(x, 0) into `power`; max(x, power - 1) into each of the targets.

    The bits are those of torch's clamp, sub and maximum. All are contiguous float32 of one shape.
    """
    if not is_plain(x, power, *targets) or any(t.shape != x.shape for t in (power, *targets)):
        raise ValueError("all are contiguous float32 of one shape")
    at, power_at, count, found = x.data_ptr(), power.data_ptr(), x.numel(), needed()
    begin = held(found.elu_begin, (at, power_at, count), (x, power))
    ends = [held(found.elu_end, (at, power_at, t.data_ptr(), count), (x, power, t)) for t in targets]
    return begin, ends
