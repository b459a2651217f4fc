"""The table of long work that the window may ask for beyond the clip itself: one row a request.

A row names a function `work(desk, number, request) -> Work` as "module:function", imported at its first use. The
function is a generator on the task thread that yields between chunks, emits its events with `number`, and raises
`SpeefeareError` for what people should read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from speefeare_core.codec import Codec
from speefeare_core.errors import SpeefeareError
from speefeare_core.lazy import load_named
from workbench.engine import protocol
from workbench.engine.server.tasks import Work

if TYPE_CHECKING:
    from workbench.engine.server.clip import BasisFit, Clip
    from workbench.engine.server.player import Player

SOON, LATER = 1, 4  # urgencies: as a depth that a person waits for, or after everything else


@dataclass(frozen=True)
class Desk:
    """What work may use."""

    emit: Callable[[protocol.Event], None]
    call: Callable[[Callable[[], None]], None]  # have something done on the engine's main loop
    player: Player  # use it through `call` only
    codec: Codec
    open_clip: Clip | None
    fit: BasisFit  # the fixed basis of the codec's latents

    @property
    def clip(self) -> Clip:
        """The open clip. Raises `SpeefeareError` where there is none."""
        if self.open_clip is None:
            raise SpeefeareError("There is no open clip; open a sound file first.")
        return self.open_clip


@dataclass(frozen=True)
class Answer:
    """One row. `voids`: older tasks of this kind stop when a new one comes; empty: none do."""

    work: str
    kind: str
    urgency: int = SOON
    voids: str = ""
    of_clip: bool = True  # void when the clip or the codec changes

    def start(self, desk: Desk, number: int, request: protocol.Request) -> Work:
        """The work of one request."""
        make: Any = load_named(self.work)
        yield from make(desk, number, request)


ANSWERS: dict[type[protocol.Request], Answer] = {}
