"""A clip of the engine in this process: no pipe, no thread, every event in a list."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

from speefeare_core.codec import Codec
from workbench.engine import protocol
from workbench.engine.server.clip import Clip, Listener


def finished(work: Iterator[Any]) -> Any:
    """Run a generator to its end; its value."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


class OneClip:
    """A clip and what it said."""

    def __init__(self, codec: Codec, path: Path) -> None:
        self.events: list[protocol.Event] = []
        self.heard: dict[int, Any] = {}
        self.gone: list[int] = []
        listener = Listener(self.events.append, lambda samples, rate: None, self.heard.__setitem__, self.gone.append)
        self.clip: Clip = finished(Clip.open(codec, no_fit, listener, 1, str(path), lambda: None))

    def of(self, kind: type) -> list[Any]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


def no_fit() -> Generator[None, None, None]:
    """A codec whose latents are not drawn."""
    yield
