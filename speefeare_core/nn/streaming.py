"""StreamModule: a causal module that can be run whole or piece by piece with the same result.

The state is a value: `step` takes it and gives the next one back, and the module itself keeps none, so one set of
weights serves any number of streams. A state is None, a tensor, or a tuple of states.

What lies before the first sample is silence with `initial_state`, and what `forward` pads with `begin`; the two differ
where a module mirrors its input at the edges. `finish` pads the end as `forward` does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from torch import Tensor, nn

from speefeare_core.nn.rows import joined_rows

ModuleState = Any  # None | Tensor [batch, ...] | tuple[ModuleState, ...]


class StreamModule(nn.Module, ABC):
    """`forward(x)` computes whole signals `[B, C, T]`; `begin`, `step` and `finish` over its pieces give the same.

    A causal module gives n outputs for n inputs (times its rate); one that looks ahead gives the first outputs later
    and the rest at the end. What is not `in_pieces` needs the whole signal at once and has `forward` alone.
    """

    in_pieces: bool = True
    causal: bool = True
    takes_elu: bool = False  # `begin`, `step` and `finish` take `elu=True`: the ELU of x, while it is copied anyway

    def begin_needs(self, outputs: int) -> int:
        """How many input samples `begin` needs at least, to give this many outputs (≥ 1)."""
        return outputs

    @abstractmethod
    def initial_state(self, batch: int) -> ModuleState:
        """The state after endless zeros (of this module's input), for `batch` signals, on the device of the weights."""

    @abstractmethod
    def step(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """One piece `[B, C, n]` (n a multiple of the stride) and the state before it → output and the state after."""

    def begin(self, x: Tensor) -> tuple[Tensor, ModuleState]:
        """The first piece `[B, C, n]` of a recording, n ≥ `begin_needs(1)` → output and the state after."""
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
    """One stream module after the other, named "0", "1", …; the state is the tuple of their states.

    `runs` says which neighbours take a long piece in shorter ones, joined again after them: where signals are long and
    narrow the work should stay inside the cache, where they are short and wide few large products are faster.
    """

    def __init__(self, *modules: StreamModule) -> None:
        super().__init__(*modules)
        self.in_pieces = all(part.in_pieces for part in modules)
        self.causal = all(part.causal for part in modules)
        self.runs: tuple[Run, ...] = (Run(0, len(modules), None),)

    def begin_needs(self, outputs: int) -> int:
        """What the first part needs so that the last gives them."""
        for part in reversed(list(self)):
            outputs = part.begin_needs(outputs)
        return outputs

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
        return self._go(x, state, last=False)

    def begin(self, x: Tensor) -> tuple[Tensor, ModuleState]:
        """The first piece through all parts."""
        return self._go(x, None, last=False)

    def finish(self, x: Tensor, state: ModuleState) -> Tensor:
        """The last piece through all parts."""
        out, _ = self._go(x, state, last=True)
        return out

    def _go(self, x: Tensor, state: ModuleState, last: bool) -> tuple[Tensor, ModuleState]:
        """One piece; without a state the first one, with `last` the last one."""
        parts = list(self)
        after: list[ModuleState] = []
        for run in self.runs:
            states: Sequence[ModuleState] | None = None if state is None else state[run.first : run.end]
            outputs = []
            pieces = _cut(x, run.piece)
            for index, piece in enumerate(pieces):
                y, states = _through(parts[run.first : run.end], piece, states, last and index == len(pieces) - 1)
                outputs.append(y)
            x = joined_rows(outputs)
            after += states or []
        return x, tuple(after)


class Run(NamedTuple):
    """Parts `first` to `end` (excluded), which take pieces of so many samples (None: as they come)."""

    first: int
    end: int
    piece: int | None


def _cut(x: Tensor, piece: int | None) -> list[Tensor]:
    """Pieces of a signal; what is left over goes with the last one, since layers that look ahead mirror its end."""
    if piece is None or x.shape[-1] < 2 * piece or x.device.type != "cpu":
        return [x]
    ends = [*range(piece, x.shape[-1] - piece + 1, piece), x.shape[-1]]
    return [x[..., start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _through(
    parts: list[StreamModule], x: Tensor, states: Sequence[ModuleState] | None, last: bool
) -> tuple[Tensor, list[ModuleState]]:
    after: list[ModuleState] = []
    elu: dict[str, Any] = {}
    for index, part in enumerate(parts):
        before = None if states is None else states[index]
        if _is_elu(part) and not x.requires_grad and x.device.type == "cpu":
            if index + 1 < len(parts) and parts[index + 1].takes_elu:
                elu = {"elu": True}
            else:
                x = joined_rows([x], elu=True)
            after.append(None)
            continue
        if last:
            assert states is not None
            x = part.finish(x, before, **elu)
        else:
            x, before = part.begin(x, **elu) if states is None else part.step(x, before, **elu)
        elu = {}
        after.append(before)
    return x, after


def _is_elu(part: StreamModule) -> bool:
    return isinstance(part, Pointwise) and isinstance(part.module, nn.ELU) and part.module.alpha == 1


class Residual(StreamModule):
    """x + block(x), or shortcut(x) + block(x), for modules that keep the rate.

    The state: that of the block, that of the shortcut, and what the shortcut is ahead of a block that looks ahead.
    """

    def __init__(self, block: StreamModule, shortcut: StreamModule | None = None) -> None:
        super().__init__()
        self.block = block
        self.shortcut = shortcut
        ways = [block] if shortcut is None else [block, shortcut]
        self.in_pieces = all(way.in_pieces for way in ways)
        self.causal = all(way.causal for way in ways)

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, T]` → `[B, C, T]`."""
        skipped = x if self.shortcut is None else self.shortcut(x)
        out: Tensor = skipped + self.block(x)
        return out

    def begin_needs(self, outputs: int) -> int:
        """What the slower way needs."""
        return max(
            self.block.begin_needs(outputs), outputs if self.shortcut is None else self.shortcut.begin_needs(outputs)
        )

    def initial_state(self, batch: int) -> ModuleState:
        """The states of both ways."""
        skip = None if self.shortcut is None else self.shortcut.initial_state(batch)
        return self.block.initial_state(batch), skip, None

    def step(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """`[B, C, n]` → `[B, C, n]` and the states after it."""
        inner, skip, ahead = state
        y, inner = self.block.step(x, inner)
        skipped = x
        if self.shortcut is not None:
            skipped, skip = self.shortcut.step(x, skip)
        out, ahead = _added(y, skipped, ahead)
        return out, (inner, skip, ahead)

    def begin(self, x: Tensor) -> tuple[Tensor, ModuleState]:
        """The first piece both ways."""
        y, inner = self.block.begin(x)
        skipped, skip = (x, None) if self.shortcut is None else self.shortcut.begin(x)
        out, ahead = _added(y, skipped, None)
        return out, (inner, skip, ahead)

    def finish(self, x: Tensor, state: ModuleState) -> Tensor:
        """The last piece both ways."""
        inner, skip, ahead = state
        skipped = x if self.shortcut is None else self.shortcut.finish(x, skip)
        out, _ = _added(self.block.finish(x, inner), skipped, ahead)
        return out


def _added(y: Tensor, skipped: Tensor, ahead: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Their sum as far as y goes, and what is left of the other."""
    if ahead is not None:
        skipped = joined_rows([ahead, skipped])
    count = y.shape[-1]
    if y.requires_grad or y.data_ptr() == skipped.data_ptr():
        y = skipped[..., :count] + y
    else:
        y = y.add_(skipped[..., :count])
    return y, skipped[..., count:].clone() if skipped.shape[-1] > count else None
