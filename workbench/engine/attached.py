"""Arrays of the engine that the window has mapped, by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from workbench.engine.memory import ArrayRef, SharedArray
from workbench.engine.protocol import Event, LiveFrozen


class Attached:
    """Maps the arrays of events as these arrive, before the engine can replace them; forgets them with the clip."""

    def __init__(self) -> None:
        self._arrays: dict[str, NDArray[Any]] = {}
        self._frozen: list[str] = []  # of the minute that was frozen last; another takes its place

    def add_all(self, event: Event) -> bool:
        """Map what the event refers to; False where some of it is gone."""
        if isinstance(event, LiveFrozen):
            for name in self._frozen:
                self._arrays.pop(name, None)
            self._frozen = [ref.name for ref in _refs(event)]
        try:
            for ref in _refs(event):
                self.array(ref)
        except FileNotFoundError:
            return False
        return True

    def array(self, ref: ArrayRef) -> NDArray[Any]:
        """The array itself. Raises FileNotFoundError where it is gone and was never mapped."""
        if ref.name not in self._arrays:
            self._arrays[ref.name] = SharedArray.attach(ref).array
        return self._arrays[ref.name]

    def clear(self) -> None:
        """Forget all; each mapping goes with the last array that shows it."""
        self._arrays.clear()
        self._frozen.clear()


def _refs(event: Event) -> Iterator[ArrayRef]:
    for field in dataclasses.fields(event):
        value = getattr(event, field.name)
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, ArrayRef):
                yield item
