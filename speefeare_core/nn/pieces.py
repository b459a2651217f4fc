"""Long signals through a network piece by piece, without computing anything twice, whether or not it looks ahead.

Each layer keeps the end of its input that later outputs still need. A causal layer gives as many outputs as inputs; one
that looks ahead gives the first outputs late and the rest at the end. The result is that of the whole signal, in
bounded memory, and on a CPU the work stays inside the cache: above all, no fresh memory has to be fetched layer by
layer.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from speefeare_core.nn.streaming import ModuleState, StreamModule

CPU_ELEMENTS = 1 << 19  # of the widest signal in a piece: it and what is made of it stay in the cache
GPU_ELEMENTS = 1 << 27


def is_plain(x: Tensor, *weights: Tensor | None) -> bool:
    """Whether to compute by plain tensor operations: where gradients are wanted, or a graph is being traced."""
    if torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None:
        return True
    return torch.is_grad_enabled() and (x.requires_grad or any(w is not None and w.requires_grad for w in weights))


class PieceModule(StreamModule):
    """A layer that takes its signal in pieces; where it is causal, it streams."""

    density: float = 1.0  # elements of its widest signal for each input sample (of all channels together)

    @abstractmethod
    def push(self, x: Tensor, state: ModuleState, last: bool) -> tuple[Tensor, ModuleState]:
        """One piece `[B, C, n]` and the state before it → the outputs that are complete, and the state after.

        With `last` the signal ends here, and the outputs that were waiting come too. Without gradients only; `x` may be
        overwritten.
        """

    @abstractmethod
    def needs(self, first: int, last: int) -> tuple[int, int]:
        """The first and the last input sample that the outputs `first` to `last` depend on."""

    def step(self, x: Tensor, state: ModuleState) -> tuple[Tensor, ModuleState]:
        """One piece of a stream. A layer that looks ahead gives its first outputs late."""
        return self.push(x, state, False)


def needs_through(modules: Sequence[PieceModule], first: int, last: int) -> tuple[int, int]:
    """`needs` of modules one after the other: their exact receptive field."""
    for module in reversed(modules):
        first, last = module.needs(first, last)
    return first, last


def in_pieces(modules: Sequence[PieceModule], x: Tensor) -> Tensor:
    """`[B, C, T]` through the modules one after the other, each in pieces of its own size."""
    elements = CPU_ELEMENTS if x.device.type == "cpu" else GPU_ELEMENTS
    flow: Iterable[tuple[Tensor, bool]] = iter([(x, True)])
    for module in modules:
        flow = _stage(module, flow, x.shape[0], elements)
    parts = [part for part, _ in flow]
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=-1)


def _stage(
    module: PieceModule, pieces: Iterable[tuple[Tensor, bool]], batch: int, elements: int
) -> Iterator[tuple[Tensor, bool]]:
    state = module.initial_state(batch)
    for piece, last in regroup(pieces, max(1, int(elements / (batch * module.density)))):
        out, state = module.push(piece, state, last)
        if out.shape[-1] or last:
            yield out, last


def regroup(pieces: Iterable[tuple[Tensor, bool]], size: int) -> Iterator[tuple[Tensor, bool]]:
    """Pieces of any length → pieces of `size` samples, each with whether it is the last.

    The last has half of that to one and a half (a short signal is one piece): torch computes very short pieces by other
    kernels, which round in another way.
    """
    waiting: list[Tensor] = []
    count, most = 0, size + size // 2
    for piece, last in pieces:
        waiting.append(piece)
        count += piece.shape[-1]
        if count <= most and not last:
            continue
        joined = waiting[0] if len(waiting) == 1 else torch.cat(waiting, dim=-1)
        while joined.shape[-1] > most:
            yield joined[..., :size], False
            joined = joined[..., size:]
        if last:
            yield joined, True
        waiting, count = [joined], joined.shape[-1]
