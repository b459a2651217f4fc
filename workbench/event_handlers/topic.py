"""What one topic listens to. In a module of its own, so that topics and their table can both import it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workbench.context import Context
from workbench.engine.messages import Event

Handler = Callable[[Context, Any], None]


@dataclass(frozen=True)
class Topic:
    """What one topic listens to: functions of the context and the event."""

    handlers: dict[type[Event], Handler]
    ended: Handler | None = None  # Done, Failed, Voided of any request
    codec_changed: Callable[[Context], None] | None = None  # another codec: its results are void
    clip_changed: Callable[[Context], None] | None = None  # another clip (or the same under another codec)
    engine_died: Callable[[Context], None] | None = None
