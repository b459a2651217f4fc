"""What a plan is made of: parts that read and write buffers which never move, as lists of steps without arguments.

A step is a torch function with its tensors bound, so that running a plan is one loop over calls. Rows lie as `[T, C]`,
one signal, time before channels.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from speefeare_core import native
from speefeare_core.native.elu import elu

Step = Callable[[], object]
TRIALS = 3
FEW = 1 << 14  # values whose ELU is not worth four calls
CALL_S = 1e-5  # what another call costs in a step, where nothing but the weights is in the cache


class Part:
    """`rows` rows from where they are written to `output` `[T, C]`, valid until the next step.

    `memory` is all that is carried from one step to the next, tensors that are changed in place.
    """

    output: Tensor

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.memory: list[Tensor] = []

    def begin(self, x: Tensor) -> Tensor:
        """A whole beginning of a recording, `[T', Cin]` → `[T'', Cout]` for any T', and the memory after it."""
        raise NotImplementedError

    def run(self) -> None:
        """One step."""
        for step in self.steps:
            step()


class EluPart(Part):
    """ELU of rows, into `target` (which may be the source)."""

    def __init__(self, source: Tensor, target: Tensor) -> None:
        super().__init__()
        self.output = target
        self.steps = elu_steps(source, target)

    def begin(self, x: Tensor) -> Tensor:
        """The ELU."""
        return torch.nn.functional.elu(x)


_elu: Callable[..., Tensor] = torch._C._nn.elu  # takes `out`, which torch.nn.functional.elu does not


def elu_steps(source: Tensor, target: Tensor) -> list[Step]:
    """ELU from one buffer into another or into itself.

    By exp, which takes a third of the time of expm1 and is as good where the result is not multiplied up; of few values
    in one call. By our own loop, which does the former in one go, where it is there.
    """
    if native.is_there() and native.is_plain(source, target):
        return [elu(source, target)]
    if source.numel() <= FEW:
        return [partial(_elu, source, out=target)]
    below = torch.empty_like(target) if source.data_ptr() == target.data_ptr() else target
    return [
        partial(torch.clamp, source, max=0, out=below),
        partial(torch.exp, below, out=below),
        partial(below.sub_, 1),
        partial(torch.maximum, source, below, out=target),
    ]


class PointwisePart(Part):
    """A module that looks at one sample at a time, `[B, C, T]` → `[B, C, T]`, from a source of its own."""

    def __init__(self, module: torch.nn.Module, source: Tensor) -> None:
        super().__init__()
        self._module = module
        self._source = source
        self.output = torch.empty_like(source)
        self.steps = [self._go]

    def _go(self) -> None:
        self.output.copy_(self.begin(self._source))

    def begin(self, x: Tensor) -> Tensor:
        """The module's."""
        out: Tensor = self._module(x.t()[None])[0].t()
        return out


def quickest(candidates: Sequence[list[Step]]) -> list[Step]:
    """Whichever list of steps takes the least time here and now; the buffers they write are scratch until then."""
    if len(candidates) == 1:
        return candidates[0]
    best = [float("inf")] * len(candidates)
    calls = [CALL_S * len(steps) for steps in candidates]
    for _ in range(TRIALS + 1):
        for index, steps in enumerate(candidates):
            started = time.perf_counter()
            for step in steps:
                step()
            best[index] = min(best[index], time.perf_counter() - started + calls[index])
    return candidates[best.index(min(best))]


def shift_steps(buffer: Tensor, keep: int) -> list[Step]:
    """The last `keep` rows of a buffer to its front."""
    if keep == 0:
        return []
    head, tail = buffer[:keep], buffer[buffer.shape[0] - keep :]
    if buffer.shape[0] >= 2 * keep:
        return [partial(head.copy_, tail)]
    between = torch.empty_like(head)
    return [partial(between.copy_, tail), partial(head.copy_, between)]
