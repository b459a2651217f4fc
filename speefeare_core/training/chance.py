"""The random numbers of each step: they hang on the step alone, so that a resumed run draws what it would have drawn.

Everything that a step draws (depths, k-means starts, replaced entries, dropout, noise) comes from torch's generators,
which are seeded anew before each step by (seed, process, step, attempt). Nothing of them needs to be kept.
"""

from __future__ import annotations

import numpy as np
import torch

_TOGETHER = 2**31 - 1  # instead of a rank: for what all processes must draw alike


def seed_step(seed: int, rank: int, step: int, attempt: int = 0) -> None:
    """Seed torch for a step. `attempt` counts how often the run was rolled back to before this step."""
    torch.manual_seed(_number(seed, rank, step, attempt))


def together(seed: int, step: int, attempt: int = 0) -> float:
    """A number from 0 to 1 that every process draws alike in this step."""
    return float(np.random.default_rng(_number(seed, _TOGETHER, step, attempt)).random())


def _number(*parts: int) -> int:
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> np.uint64(1))
