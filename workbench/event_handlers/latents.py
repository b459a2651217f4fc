"""What the engine says of latents: paths and values of frames come in; another codec or clip makes them void."""

from __future__ import annotations

from typing import Any

from workbench.context import Context
from workbench.engine import protocol
from workbench.engine.topics.latents import FramesDescribed, LatentsTraced
from workbench.event_handlers.topic import Topic
from workbench.state.latents import FrameValues, LatentPath, SpaceChoice, TraceKey


def _traced(ctx: Context, event: LatentsTraced) -> None:
    key = ctx.latents.requests.get(event.request_id)
    if isinstance(key, TraceKey):
        array = ctx.client.array
        after = None if event.after is None else array(event.after)
        found = LatentPath(
            event.path, array(event.before), after, event.frame_rate_hz, event.axis_names, event.basis, event.snr_db
        )
        ctx.latents.add_trace(key, found)


def _described(ctx: Context, event: FramesDescribed) -> None:
    if event.request_id in ctx.latents.requests:
        values = ctx.client.array(event.values)
        ctx.latents.add_values(event.path, FrameValues(event.key, event.title, event.unit, values, event.names))


def _ended(ctx: Context, event: Any) -> None:
    wish = ctx.latents.requests.pop(event.request_id, None)
    if wish is None:
        return
    if isinstance(event, protocol.Done) and not isinstance(wish, TraceKey):
        ctx.latents.answered.add(wish)
    if isinstance(event, protocol.Failed):
        where = wish.path if isinstance(wish, TraceKey) else f"{wish[1]} {wish[0]}"
        ctx.latents.problems[where] = event.sentence
        if isinstance(wish, TraceKey) and wish.path != ctx.clip.data.path:
            others = tuple(path for path in ctx.latents.others if path != wish.path)
            ctx.latents.update(others=others)
        elif isinstance(wish, TraceKey) and wish.space != SpaceChoice() and wish == ctx.latents.key(wish.path):
            if ctx.codec.info is not None:
                ctx.latents.chosen_spaces.pop(ctx.codec.info.source or ctx.codec.info.name, None)
            ctx.latents.update(space=SpaceChoice(), depth=None)  # what cannot be fitted is not kept
    if ctx.clip.complete and not ctx.latents.requests and not ctx.clip.depth_requests:
        ctx.clip.set_progress("", 1.0)
    ctx.latents.changed.emit()


def _codec_changed(ctx: Context) -> None:
    state, info = ctx.latents, ctx.codec.info
    state.requests.clear()
    state.space = (
        state.chosen_spaces.get(info.source or info.name, SpaceChoice()) if info is not None else SpaceChoice()
    )
    state.depth = None
    state.forget()


def _clip_changed(ctx: Context) -> None:
    state, path = ctx.latents, ctx.clip.data.path
    state.requests.clear()
    state.forget(path)  # the file may have changed


def _engine_died(ctx: Context) -> None:
    ctx.latents.requests.clear()


TOPIC = Topic(
    {LatentsTraced: _traced, FramesDescribed: _described},
    ended=_ended,
    codec_changed=_codec_changed,
    clip_changed=_clip_changed,
    engine_died=_engine_died,
)
