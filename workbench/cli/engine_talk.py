"""Asking an engine and waiting for what it says, for commands that run in a terminal."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import TypeVar

from speefeare_core.cli.console import Console
from speefeare_core.errors import SpeefeareError
from workbench.engine import protocol
from workbench.engine.client import EngineClient

PAUSE_S = 0.02
GONE = "The engine has stopped unexpectedly; run the command again, and `speefeare doctor` if it happens again."
AnyEvent = TypeVar("AnyEvent", bound=protocol.Event)


class EngineTalk:
    """One engine and what it has said. Notices are shown at once and kept; nothing waits for ever in silence."""

    def __init__(self, client: EngineClient, console: Console) -> None:
        self.client = client
        self.events: list[protocol.Event] = []
        self._console = console

    def listen(self) -> None:
        """Take in what was said, after a short pause. Raises `SpeefeareError` where the engine has died."""
        time.sleep(PAUSE_S)
        for event in self.client.poll():
            if isinstance(event, protocol.Progress):
                self._console.progress(event.done / event.total if event.total else 0.0, event.stage)
            elif isinstance(event, protocol.Notice):
                self._console.note(event.sentence)
            self.events.append(event)
        if not self.client.alive:
            raise SpeefeareError(GONE)

    def ask(self, request: protocol.Request) -> list[protocol.Event]:
        """Send, wait for the end; the events of this request. Raises `SpeefeareError` where it failed."""
        number = self.client.send(request)
        while True:
            said = [event for event in self.events if event.request_id == number]
            for event in said:
                if isinstance(event, protocol.Failed):
                    raise SpeefeareError(event.sentence)
                if isinstance(event, (protocol.Done, protocol.Voided)):
                    self._console.clear()
                    return said
            self.listen()

    def last(self, kind: type[AnyEvent]) -> AnyEvent | None:
        """The newest event of a kind, if there is one."""
        return next((event for event in reversed(self.events) if isinstance(event, kind)), None)

    def expect(self, kind: type[AnyEvent], limit_s: float) -> AnyEvent | None:
        """The newest event of a kind, waited for so long; None: it did not come."""
        limit = time.monotonic() + limit_s
        while (event := self.last(kind)) is None and time.monotonic() < limit:
            self.listen()
        return event

    @property
    def notices(self) -> tuple[str, ...]:
        """All sentences that nobody asked for."""
        return tuple(event.sentence for event in self.events if isinstance(event, protocol.Notice))


@contextlib.contextmanager
def engine_talk(console: Console) -> Iterator[EngineTalk]:
    """A fresh engine, which ends with the block, whatever happens in it."""
    client = EngineClient()
    client.start()
    try:
        yield EngineTalk(client, console)
    finally:
        console.clear()
        client.stop()
