"""Prepared: weights rearranged for inference, kept for as long as the modules stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from torch import nn

Made = TypeVar("Made")


class Prepared(Generic[Made]):
    """What `make` makes of modules, made when it is first wanted and again after every change of a weight.

    A copy of a module begins without.
    """

    def __init__(self, make: Callable[[Sequence[nn.Module]], Made]) -> None:
        self._make = make
        self._made: tuple[list[tuple[int, int]], Made] | None = None

    def of(self, parts: Sequence[nn.Module]) -> Made:
        """What the modules hold now."""
        weights = [weight for part in parts for weight in part.parameters()]
        if any(weight.is_inference() for weight in weights):  # these do not tell whether they have changed
            return self._make(parts)
        now = [(weight.data_ptr(), weight._version) for weight in weights]
        if self._made is None or self._made[0] != now:
            self._made = now, self._make(parts)
        return self._made[1]

    def __deepcopy__(self, memo: object) -> Prepared[Made]:
        return Prepared(self._make)

    def __reduce__(self) -> tuple[type[Prepared[Made]], tuple[Callable[[Sequence[nn.Module]], Made]]]:
        return Prepared, (self._make,)
