"""What the engine says of the residual ladder; another clip or codec makes it void."""

from __future__ import annotations

from typing import Any

from workbench.context import Context
from workbench.engine import protocol
from workbench.engine.memory import ArrayRef
from workbench.engine.topics.ladder import LadderReady
from workbench.event_handlers.topic import Topic
from workbench.state.ladder import Array, Ladder


def _ready(ctx: Context, event: LadderReady) -> None:
    state = ctx.ladder
    if event.request_id != state.request:
        return
    before = state.ladder
    energies: Array | None
    if before is not None and before.energies is not None and event.energies is not None:
        energies, levels = before.energies, before.levels  # the same memory, with more in it
    else:
        energies, levels = _array(ctx, event.energies), _array(ctx, event.levels)
    state.set_ladder(
        Ladder(
            event.rows, energies, levels, event.frames_done, event.frame_rate_hz, event.means, event.parts, event.words
        )
    )


def _array(ctx: Context, ref: ArrayRef | None) -> Array | None:
    return None if ref is None else ctx.client.array(ref)


def _ended(ctx: Context, event: Any) -> None:
    state = ctx.ladder
    if not event.request_id or event.request_id != state.request:
        return
    state.request = 0
    if isinstance(event, protocol.Failed):
        state.problem = event.sentence
    elif isinstance(event, protocol.Voided):
        state.ladder = None  # what is there of it is not all
    state.changed.emit()
    if ctx.clip.complete and not ctx.clip.depth_requests:
        ctx.clip.set_progress("", 1.0)


def _forget(ctx: Context) -> None:
    ctx.ladder.forget()


def _engine_died(ctx: Context) -> None:
    ctx.ladder.request = 0


TOPIC = Topic(
    {LadderReady: _ready}, ended=_ended, codec_changed=_forget, clip_changed=_forget, engine_died=_engine_died
)
