"""A whole signal through a stream module in blocks: the same result, in bounded memory, the work inside the cache."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from speefeare_core.nn.streaming import StreamModule


def run_in_blocks(module: StreamModule, x: Tensor, block: int) -> Tensor:
    """`module(x)` of a recording `[B, C, T]`, in blocks of `block` samples, a multiple of what gives whole outputs.

    One call of `forward` where the module needs the whole or the recording is too short to begin in pieces.
    """
    least, length = module.begin_needs(1), x.shape[-1]
    # Layers that look ahead mirror the end, so that the last block must be a long one.
    if not module.in_pieces or length < (least if module.causal else max(least, block) + block):
        whole: Tensor = module(x)
        return whole
    first = max(least, block) if length >= block else least
    ends = [*range(first, length - (0 if module.causal else block) + 1, block)]
    out, state = module.begin(x[..., :first])
    parts = [out]
    for start, end in pairwise(ends):
        out, state = module.step(x[..., start:end], state)
        parts.append(out)
    if not module.causal or ends[-1] < length:
        parts.append(module.finish(x[..., ends[-1] :], state))
    return torch.cat(parts, dim=-1) if len(parts) > 1 else parts[0]
