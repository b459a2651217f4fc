"""Numbers too small to matter (below 1.2e-38) as zero: a CPU takes a hundred times as long for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def denormals_as_zero() -> Iterator[None]:
    """Inside, this thread computes without denormal numbers; afterwards as before.

    ELU and its slope give them wherever a unit is far below zero: a step of SoundStream took twice as long once its
    network had such units.
    """
    before = float(torch.tensor(1e-40) * 1.0) == 0.0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
