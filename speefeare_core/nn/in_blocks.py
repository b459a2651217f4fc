"""A whole signal through a stream module in blocks: the same result, in bounded memory, the work inside the cache."""

from __future__ import annotations

from itertools import pairwise, takewhile

import torch
from torch import Tensor

from speefeare_core.nn.streaming import StreamModule, StreamSequential


def run_in_blocks(module: StreamModule, x: Tensor, block: int) -> Tensor:
    """`module(x)` of a recording `[B, C, T]`, in blocks of `block` samples, a multiple of what gives whole outputs.

    One call of `forward` where the module needs the whole or the recording is too short to begin in pieces; of parts
    one after the other, those that come before the first that needs the whole still run in blocks.
    """
    if isinstance(module, StreamSequential) and not module.in_pieces:
        parts = list(module)
        front = list(takewhile(lambda part: part.in_pieces, parts))
        if front:
            x = run_in_blocks(StreamSequential(*front), x, block)
        for part in parts[len(front) :]:
            x = part(x)
        return x
    least, length = module.begin_needs(1), x.shape[-1]
    # Layers that look ahead mirror the end, so that the last block must be a long one.
    if not module.in_pieces or length < (least if module.causal else max(least, block) + block):
        whole: Tensor = module(x)
        return whole
    first = max(least, block) if length >= block else least
    ends = [*range(first, length - (0 if module.causal else block) + 1, block)]
    out, state = module.begin(x[..., :first])
    outputs = [out]
    for start, end in pairwise(ends):
        out, state = module.step(x[..., start:end], state)
        outputs.append(out)
    if not module.causal or ends[-1] < length:
        outputs.append(module.finish(x[..., ends[-1] :], state))
    return torch.cat(outputs, dim=-1) if len(outputs) > 1 else outputs[0]
