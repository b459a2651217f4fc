"""StreamModule: a causal module that can be run whole or piece by piece with the same result.

The state is a value: `step` takes it and gives the next one back, and the module itself keeps none, so one set of
weights serves any number of streams. A state is None, a tensor, or a tuple of states.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

ModuleState = Any  # None | Tensor [batch, ...] | tuple[ModuleState, ...]


class StreamModule(nn.Module, ABC):
    """`forward(x)` computes whole signals `[B, C, T]`; `step` over consecutive pieces of x gives the same, joined."""

    @abstractmethod
    def initial_state(self, batch: int) -> ModuleState:
        """The state before the first sample, for `batch` signals, on the device of the weights."""

    @abstractmethod
    def step(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """One piece `[B, C, n]` (n a multiple of the stride) and the state before it → output and the state after."""


class Pointwise(StreamModule):
    """A module that looks at one sample at a time (an activation, a norm over channels): its state is None."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` → whatever the module makes of each sample."""
        out: Tensor = self.module(x)
        return out

    def initial_state(self, batch: int) -> ModuleState:
        """None."""
        return None

    def step(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """The same as `forward`."""
        return self.forward(x), None


class StreamSequential(StreamModule):
    """One stream module after the other; the state is the tuple of their states."""

    def __init__(self, *modules: StreamModule) -> None:
        super().__init__()
        self.parts = nn.ModuleList(modules)

    def __iter__(self) -> Iterator[StreamModule]:
        for part in self.parts:
            assert isinstance(part, StreamModule)
            yield part

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` through all parts."""
        for part in self:
            x = part(x)
        return x

    def initial_state(self, batch: int) -> ModuleState:
        """The states of the parts."""
        return tuple(part.initial_state(batch) for part in self)

    def step(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """`[B, C, n]` through all parts, each with its own state."""
        after = []
        for part, before in zip(self, state, strict=True):
            x, part_state = part.step(x, before)
            after.append(part_state)
        return x, tuple(after)


class Residual(StreamModule):
    """x + inner(x), for an inner module that keeps channels and rate; the state is the inner one's."""

    def __init__(self, inner: StreamModule) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` → `[B, C, T]`."""
        out: Tensor = x + self.inner(x)
        return out

    def initial_state(self, batch: int) -> ModuleState:
        """The inner state."""
        return self.inner.initial_state(batch)

    def step(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """`[B, C, n]` → `[B, C, n]` and the inner state after it."""
        y, after = self.inner.step(x, state)
        return x + y, after
