"""Noise inside a decoder (SNAC) that is the same at every decode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor

from speefeare_core.nn.dac import NoiseBlock
from speefeare_core.nn.streaming import ModuleState

_begun: ContextVar[int] = ContextVar("begun", default=0)


@contextmanager
def noise_from(frame: int) -> Iterator[None]:
    """Inside, the first sample of a decode has the noise of this frame of the recording."""
    token = _begun.set(frame)
    try:
        yield
    finally:
        _begun.reset(token)


class PatternNoise(NoiseBlock):
    """x + level · noise · linear(x). In training the noise is new each time.

    Otherwise it was drawn once, so that a decode is always the same, and repeats after `frames` frames of `samples`
    samples. Blocks of a recording get the noise that the whole would with `noise_from`.
    """

    pattern: Tensor  # [frames·samples]

    def __init__(self, channels: int, frames: int, samples: int, seed: int) -> None:
        super().__init__(channels)
        self.samples = samples
        drawn = torch.randn(frames * samples, generator=torch.Generator().manual_seed(seed))
        self.register_buffer("pattern", drawn, persistent=False)

    def noise(self, first: int, count: int) -> Tensor:
        """`[count]` from the sample `first` of this decode on."""
        first += _begun.get() * self.samples
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
