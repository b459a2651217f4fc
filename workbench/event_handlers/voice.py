"""What the engine says of pitch and formants."""

from __future__ import annotations

from typing import Any

from workbench.context import Context
from workbench.engine import protocol
from workbench.engine.topics.voice import VoiceReady
from workbench.event_handlers.topic import Topic
from workbench.state.voice import Voice


def _ready(ctx: Context, event: VoiceReady) -> None:
    if ctx.voice.requests.get(event.take) == event.request_id:
        ctx.voice.put(event.take, Voice(ctx.client.array(event.tracks), event.rows_done, event.step_s))


def _ended(ctx: Context, event: Any) -> None:
    for take, request in list(ctx.voice.requests.items()):
        if request == event.request_id:
            del ctx.voice.requests[take]
            if isinstance(event, protocol.Failed):
                ctx.voice.failed.add(take)


def _forget(ctx: Context) -> None:
    ctx.voice.forget()


def _engine_died(ctx: Context) -> None:
    ctx.voice.requests.clear()


TOPIC = Topic({VoiceReady: _ready}, _ended, _forget, _forget, _engine_died)
