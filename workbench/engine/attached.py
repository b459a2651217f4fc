"""Arrays of the engine that the window has mapped, by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from workbench.engine.memory import ArrayRef, SharedArray
from workbench.engine.protocol import Event, LiveFrozen, PeaksReady, RenderReady, SpectrogramReady
from workbench.engine.topics.columns import ColumnCodesReady
from workbench.engine.topics.edits import EditsApplied
from workbench.engine.topics.takes import RenderDropped
from workbench.engine.topics.token_statistics import CorpusCounted, OtherEncoded

_OF_TAKES = (RenderReady, PeaksReady, SpectrogramReady)


class Attached:
    """Maps the arrays of events as these arrive, before the engine can replace them; forgets them with the clip.

    An event about the same thing (the same take, the minute that was frozen last) takes the place of the one before:
    its arrays are forgotten, so that a clip whose takes are made again and again does not grow.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, NDArray[Any]] = {}
        self._last: dict[tuple[type[Event], int], list[str]] = {}

    def add_all(self, event: Event) -> bool:
        """Map what the event refers to; False where some of it is gone."""
        if isinstance(event, RenderDropped):
            for kind in _OF_TAKES:
                self._replace((kind, event.depth), [])
        about = _about(event)
        if about is not None:
            self._replace(about, [ref.name for ref in _refs(event)])
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
        self._last.clear()

    def _replace(self, about: tuple[type[Event], int], names: list[str]) -> None:
        for name in self._last.pop(about, []):
            if name not in names:
                self._arrays.pop(name, None)
        if names:
            self._last[about] = names


def _about(event: Event) -> tuple[type[Event], int] | None:
    """What an event replaces its forerunner in; None for what is kept as long as the clip."""
    match event:
        case LiveFrozen() | EditsApplied() | OtherEncoded() | CorpusCounted():
            return type(event), 0
        case RenderReady() | PeaksReady() | SpectrogramReady():
            return type(event), event.depth
        case ColumnCodesReady():
            return ColumnCodesReady, event.column
    return None


def _refs(event: Event) -> Iterator[ArrayRef]:
    for field in dataclasses.fields(event):
        value = getattr(event, field.name)
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, ArrayRef):
                yield item
