"""A moving average of a network's weights, which the finished codec has instead of the last ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


class MovingAverage:
    """w̄ ← d · w̄ + (1 − d) · w after every step, for every number of the state dict, codebooks included.

    Whole numbers and flags are those of the network itself. Mimi's checkpoint is such an average (arXiv 2410.00037,
    section 3.3.4).
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self._module = module
        self._mean: dict[str, Tensor] = {}
        self.reset()

    def reset(self) -> None:
        """Begin again at the weights as they are."""
        self._mean = {name: value.detach().clone() for name, value in self._module.state_dict().items()}

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights of now."""
        for name, value in self._module.state_dict().items():
            if value.is_floating_point():
                self._mean[name].lerp_(value, 1 - self.decay)
            else:
                self._mean[name].copy_(value)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Inside, the module has the averaged weights."""
        now = {name: value.detach().clone() for name, value in self._module.state_dict().items()}
        self._module.load_state_dict(self._mean)
        try:
            yield
        finally:
            self._module.load_state_dict(now)

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return self._mean

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` gave."""
        for name, value in state.items():
            self._mean[name].copy_(value)
