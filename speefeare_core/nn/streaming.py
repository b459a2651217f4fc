"""StreamModule: a causal module that can be run whole or piece by piece with the same result.

The state is a value: `step` takes it and gives the next one back, and the module itself keeps none, so one set of
weights serves any number of streams. A state is None, a tensor, or a tuple of states.

What lies before the first sample is silence with `initial_state`, and what `forward` pads with `begin`; the two differ
where a module mirrors its input at the edges. `finish` pads the end as `forward` does.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from torch import Tensor, nn

ModuleState = Any  # None | Tensor [batch, ...] | tuple[ModuleState, ...]


class StreamModule(nn.Module, ABC):
    """`forward(x)` computes whole signals `[B, C, T]`; `begin`, `step` and `finish` over its pieces give the same.

    `rate` is how many samples come out for one that goes in; pieces are whole multiples of what gives whole samples,
    except the last one, which `finish` takes at any length. `begin_samples` is the least length of the first piece.
    """

    rate: Fraction = Fraction(1)
    begin_samples: int = 1

    @abstractmethod
    def initial_state(self, batch: int) -> ModuleState:
        """The state after endless zeros (of this module's input), for `batch` signals, on the device of the weights."""

    @abstractmethod
    def step(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """One piece `[B, C, n]` (n a multiple of the stride) and the state before it → output and the state after."""

    def begin(self, x: Tensor) -> tuple[Tensor, ModuleState]:
        """The first piece `[B, C, n]` of a recording, n ≥ `begin_samples` → output and the state after."""
        return self.step(x, self.initial_state(x.shape[0]))

    def finish(self, x: Tensor, state: ModuleState) -> Tensor:
        """The last piece `[B, C, n]` of a recording, of any length n ≥ 1 → output."""
        out, _ = self.step(x, state)
        return out


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


class StreamSequential(nn.Sequential, StreamModule):
    """One stream module after the other, named "0", "1", …; the state is the tuple of their states."""

    def __init__(self, *modules: StreamModule) -> None:
        super().__init__(*modules)
        self.rate = math.prod((part.rate for part in modules), start=Fraction(1))
        needed, rate = Fraction(1), Fraction(1)
        for part in modules:
            needed = max(needed, part.begin_samples / rate)
            rate *= part.rate
        self.begin_samples = math.ceil(needed)

    def __iter__(self) -> Iterator[StreamModule]:
        for part in super().__iter__():
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

    def begin(self, x: Tensor) -> tuple[Tensor, ModuleState]:
        """The first piece through all parts."""
        after = []
        for part in self:
            x, part_state = part.begin(x)
            after.append(part_state)
        return x, tuple(after)

    def finish(self, x: Tensor, state: ModuleState) -> Tensor:
        """The last piece through all parts."""
        for part, before in zip(self, state, strict=True):
            x = part.finish(x, before)
        return x


class Residual(StreamModule):
    """x + block(x), or shortcut(x) + block(x), for modules that keep the rate; the state is the pair of theirs."""

    def __init__(self, block: StreamModule, shortcut: StreamModule | None = None) -> None:
        super().__init__()
        self.block = block
        self.shortcut = shortcut
        self.begin_samples = max(block.begin_samples, shortcut.begin_samples if shortcut is not None else 1)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` → `[B, C, T]`."""
        skipped = x if self.shortcut is None else self.shortcut(x)
        out: Tensor = skipped + self.block(x)
        return out

    def initial_state(self, batch: int) -> ModuleState:
        """The states of both ways."""
        return self.block.initial_state(batch), None if self.shortcut is None else self.shortcut.initial_state(batch)

    def step(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """`[B, C, n]` → `[B, C, n]` and the states after it."""
        inner, skip = state
        y, inner = self.block.step(x, inner)
        skipped = x
        if self.shortcut is not None:
            skipped, skip = self.shortcut.step(x, skip)
        return skipped + y, (inner, skip)

    def begin(self, x: Tensor) -> tuple[Tensor, ModuleState]:
        """The first piece both ways."""
        y, inner = self.block.begin(x)
        skipped, skip = (x, None) if self.shortcut is None else self.shortcut.begin(x)
        return skipped + y, (inner, skip)

    def finish(self, x: Tensor, state: ModuleState) -> Tensor:
        """The last piece both ways."""
        inner, skip = state
        return (x if self.shortcut is None else self.shortcut.finish(x, skip)) + self.block.finish(x, inner)
