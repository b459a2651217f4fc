"""Noise inside a decoder (SNAC) that is the same at every decode."""

from __future__ import annotations

import torch
from torch import Tensor

from speefeare_core.nn.dac import NoiseBlock
from speefeare_core.nn.streaming import ModuleState


class PatternNoise(NoiseBlock):
    """x + level · noise · linear(x). In training the noise is new each time.

    Otherwise it was drawn once, so that a decode is always the same, and repeats after `period` samples, so that blocks
    of a recording get the noise that the whole would.
    """

    pattern: Tensor  # [period]

    def __init__(self, channels: int, period: int, seed: int) -> None:
        super().__init__(channels)
        drawn = torch.randn(period, generator=torch.Generator().manual_seed(seed))
        self.register_buffer("pattern", drawn, persistent=False)

    def noise(self, first: int, count: int) -> Tensor:
        """`[count]` from the sample `first` on."""
        return self.pattern[torch.arange(first, first + count, device=self.pattern.device) % self.pattern.shape[0]]

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` → `[B, C, T]`."""
        return super().forward(x) if self.training else self._added(x, 0)

    def initial_state(self, batch: int) -> ModuleState:
        """How many samples have gone by."""
        return self.pattern.new_zeros(batch)

    def push(self, x: Tensor, state: ModuleState, last: bool) -> tuple[Tensor, ModuleState]:
        """The next piece."""
        return self._added(x, int(state[0])), state + x.shape[-1]

    def _added(self, x: Tensor, first: int) -> Tensor:
        if self.level == 0.0:
            return x
        out: Tensor = x + self.level * self.noise(first, x.shape[-1]) * self.linear(x)
        return out
