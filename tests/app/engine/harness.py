"""Talking to an engine in tests: ask, wait for the answer, never for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import soundfile

from workbench.engine import protocol
from workbench.engine.client import EngineClient

LIMIT_S = 90.0
ENDS = (protocol.Done, protocol.Failed, protocol.Voided)
AnyEvent = TypeVar("AnyEvent", bound=protocol.Event)


class Talk:
    """A client and everything its engine has said."""

    def __init__(self, client: EngineClient) -> None:
        self.client = client
        self.events: list[protocol.Event] = []

    def until(self, found: Callable[[], Any], limit_s: float = LIMIT_S) -> Any:
        """Poll until `found()` is true; its value."""
        limit = time.monotonic() + limit_s
        while not (value := found()):
            assert time.monotonic() < limit, f"nothing came of it; the last events: {self.events[-5:]}"
            self.events += self.client.poll()
            time.sleep(0.002)
        return value

    def next(self, kind: type[AnyEvent], request_id: int | None = None) -> AnyEvent:
        """The first event of a kind (of one request), waiting for it."""

        def found() -> AnyEvent | None:
            chosen = (event for event in self.events if isinstance(event, kind))
            return next((event for event in chosen if request_id in (None, event.request_id)), None)

        event: AnyEvent = self.until(found)
        return event

    def end(self, request_id: int) -> protocol.Event:
        """How a request ended."""
        return self.until(lambda: next(iter(self.ends(request_id)), None))

    def ends(self, request_id: int) -> list[protocol.Event]:
        """Done, Failed or Voided of a request, so far."""
        return [event for event in self.events if isinstance(event, ENDS) and event.request_id == request_id]

    def ask(self, request: protocol.Request) -> list[protocol.Event]:
        """Send and wait; the events of this request. It must be done."""
        number = self.client.send(request)
        end = self.end(number)
        assert isinstance(end, protocol.Done), end
        return [event for event in self.events if event.request_id == number]

    def refused(self, request: protocol.Request) -> str:
        """Send and wait; the sentence with which it failed."""
        end = self.end(self.client.send(request))
        assert isinstance(end, protocol.Failed), end
        return end.sentence

    def position(self) -> float:
        """Where the player is."""
        assert self.client.player_status is not None
        return self.client.player_status["position"]


def speech_file(folder: Path, seconds: float = 1.0, rate_hz: int = 16_000, name: str = "clip.wav") -> Path:
    """Noise with a moving colour: like nothing else at any other delay."""
    draw = np.random.default_rng(3)
    noise = draw.standard_normal(round(seconds * rate_hz))
    smooth = np.convolve(noise, np.hanning(17) / 8, "same") * 0.25
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * 1.3 * np.arange(len(smooth)) / rate_hz)
    path = folder / name
    soundfile.write(path, (smooth * swell).astype(np.float32), rate_hz, subtype="FLOAT")
    return path
