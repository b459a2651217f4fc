"""Books of several training processes stay one book: they learn from the vectors of all of them.

Each function is itself where there is one process. All processes must call it, in the same order.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor


def several() -> bool:
    """Whether this is one of several training processes."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def summed(values: Tensor) -> Tensor:
    """The sum over all processes, in place."""
    if several():
        dist.all_reduce(values)
    return values


def largest(number: int, device: torch.device) -> int:
    """The largest number of all processes."""
    if not several():
        return number
    value = torch.tensor(number, device=device)
    dist.all_reduce(value, dist.ReduceOp.MAX)
    return int(value)


def first(values: Tensor) -> Tensor:
    """What the first process has, in place."""
    if several():
        dist.broadcast(values, 0)
    return values


def joined(rows: Tensor) -> Tensor:
    """The rows `[m, D]` of all processes, one after the other `[M, D]`; each may have another m, 0 too."""
    if not several():
        return rows
    counts = [torch.zeros(1, dtype=torch.int64, device=rows.device) for _ in range(dist.get_world_size())]
    dist.all_gather(counts, torch.tensor([rows.shape[0]], device=rows.device))
    longest = int(torch.stack(counts).max())
    padded = torch.nn.functional.pad(rows, (0, 0, 0, longest - rows.shape[0]))
    parts = [torch.empty_like(padded) for _ in counts]
    dist.all_gather(parts, padded)
    return torch.cat([part[: int(count)] for part, count in zip(parts, counts, strict=True)])
