"""Min/max envelopes for drawing waveforms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.engine.memory import SharedArray

BLOCK_SAMPLES = 256
_PIECE = 4096  # blocks at a time


def peaks(samples: NDArray[np.float32]) -> SharedArray:
    """`[C, T]` → float32 `[2, n]`: the least and the greatest sample of each block of 256, over all channels."""
    length = samples.shape[1]
    whole = length // BLOCK_SAMPLES
    shared = SharedArray.create((2, -(-length // BLOCK_SAMPLES)), np.float32)
    for start in range(0, whole, _PIECE):
        stop = min(start + _PIECE, whole)
        piece = samples[:, start * BLOCK_SAMPLES : stop * BLOCK_SAMPLES].reshape(samples.shape[0], -1, BLOCK_SAMPLES)
        shared.array[0, start:stop] = piece.min(axis=(0, 2))
        shared.array[1, start:stop] = piece.max(axis=(0, 2))
    if length % BLOCK_SAMPLES:
        rest = samples[:, whole * BLOCK_SAMPLES :]
        shared.array[:, whole] = rest.min(), rest.max()
    return shared
