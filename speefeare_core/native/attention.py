"""Attention of a step's rows over a ring of keys and values (`attention.c`)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from speefeare_core.native import is_plain, needed

GROUP, LANES, MOST_DEPTH, WHOLE_DEPTH = 4, 8, 256, 32


def fits(depth: int) -> bool:
    """Whether heads of this width can be had."""
    return depth <= MOST_DEPTH and depth % WHOLE_DEPTH == 0


def attention(projected: Tensor, turns: Tensor, mask: Tensor, ring: Tensor, out: Tensor) -> Callable[[int], None]:
    """`run(slot)`: queries and keys are turned, keys and values written from this slot on, and looked up.

    projected `[T, 3, H, D]` (queries and keys are overwritten), turns `[T, 2, 1, D / 2]` complex, mask `[T, S]` added
    to the scores, ring `[2, H, S, D]`, out `[T, H, D]`, all contiguous.
    """
    found = needed()
    rows, _, heads, depth = projected.shape
    slots = ring.shape[2]
    turning = torch.view_as_real(turns)
    shapes = [tuple(t.shape) for t in (turning, mask, ring, out)]
    wanted = [(rows, 2, 1, depth // 2, 2), (rows, slots), (2, heads, slots, depth), (rows, heads, depth)]
    if not fits(depth) or shapes != wanted or not is_plain(projected, turning, mask, ring, out):
        raise ValueError(f"shapes {shapes}, not {wanted}, or not contiguous float32")
    scores = ring.new_zeros(GROUP * (slots + LANES))
    kept = (projected, turning, mask, ring, scores, out)
    given, function = [tensor.data_ptr() for tensor in kept], found.attention

    def run(slot: int) -> None:
        _ = kept  # so that their memory stays
        function(*given, rows, heads, slots, depth, slot)

    return run
