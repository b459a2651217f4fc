"""What the engine says of the sounds of training runs that are compared."""

from __future__ import annotations

from typing import Any

from workbench.context import Context
from workbench.engine import protocol
from workbench.engine.topics.sounds import SoundsEnded, SoundsReady
from workbench.event_handlers.topic import Topic


def _ready(ctx: Context, event: SoundsReady) -> None:
    if event.request_id == ctx.run_watch.request:
        ctx.run_watch.sounding = True
        ctx.run_watch.length_s, ctx.run_watch.gains_db = event.length_s, event.gains_db
        ctx.run_watch.compared.emit()


def _sounds_ended(ctx: Context, event: SoundsEnded) -> None:
    if event.request_id == ctx.run_watch.request:
        ctx.run_watch.set_playing(False)


def _ended(ctx: Context, event: Any) -> None:
    failed = isinstance(event, (protocol.Failed, protocol.Voided))
    if failed and event.request_id and event.request_id == ctx.run_watch.request:
        ctx.run_watch.set_playing(False)


def _engine_died(ctx: Context) -> None:
    ctx.run_watch.set_playing(False)


TOPIC = Topic({SoundsReady: _ready, SoundsEnded: _sounds_ended}, ended=_ended, engine_died=_engine_died)
