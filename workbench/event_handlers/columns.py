"""Columns, differences, measures, and takes that went: from what the engine says of them to the states."""

from __future__ import annotations

import math

from workbench import commands
from workbench.context import Context
from workbench.engine import protocol
from workbench.engine.messages import Event
from workbench.engine.topics.columns import ColumnAdded, ColumnCodesReady
from workbench.engine.topics.takes import DifferenceReady, RenderDropped, RenderMeasured
from workbench.event_handlers.topic import Topic
from workbench.state.clip import Render
from workbench.state.columns import Metrics
from workbench.state.derived_takes import key_of
from workbench.state.mixed import Mixed
from workbench.verbs.columns import ask_for


def _added(ctx: Context, event: ColumnAdded) -> None:
    if ctx.clip.expects(event.request_id):
        ctx.columns.change(event.column, info=event.info, computes_on=event.device)


def _codes(ctx: Context, event: ColumnCodesReady) -> None:
    if not ctx.clip.expects(event.request_id):
        return
    groups = tuple(ctx.client.array(ref) for ref in event.groups)
    ctx.columns.change(event.column, codes=groups, code_rates_hz=event.frame_rates_hz, ready=True)
    if key_of(ctx.playback.depth).column == event.column:  # it was chosen before it was there
        there = not commands.why_no_take(ctx, ctx.playback.depth)
        commands.select_depth(ctx, ctx.playback.depth if there else 0)


def _difference(ctx: Context, event: DifferenceReady) -> None:
    renders = ctx.clip.data.renders
    if not ctx.clip.expects(event.request_id) or any(term not in renders for term, _ in event.terms):
        return  # one of them went meanwhile, and this one with it
    mixed = Mixed([(renders[term].audio, weight) for term, weight in event.terms])
    render = Render(event.depth, mixed, si_sdr_db=math.nan, level_db=event.level_db)  # type: ignore[arg-type]
    ctx.clip.add_render(render)


def _dropped(ctx: Context, event: RenderDropped) -> None:
    ctx.clip.remove_render(event.depth)
    ctx.columns.set_metrics(event.depth, None)


def _measured(ctx: Context, event: RenderMeasured) -> None:
    if ctx.columns.measuring.pop(event.depth, None) == event.request_id:
        metrics = Metrics(event.bitrate_kbps, event.si_sdr_db, event.snr_db, event.mel_distance_db)
        ctx.columns.set_metrics(event.depth, metrics)


def _ended(ctx: Context, event: Event) -> None:
    state, request = ctx.columns, event.request_id
    for number, column in list(state.columns.items()):
        if request and column.request == request:
            problem = event.sentence if isinstance(event, protocol.Failed) else ""
            if isinstance(event, protocol.Voided) and not column.ready:
                problem = f"{column.title} was stopped before it could be heard; try it again."
            state.change(number, request=0, problem=problem)
            if problem and key_of(ctx.playback.depth).column == number:
                commands.select_depth(ctx, 0)
    for take in [take for take, asked in state.measuring.items() if asked == request]:
        del state.measuring[take]


def _clip_changed(ctx: Context) -> None:
    ctx.columns.forget_clip()
    for number in list(ctx.columns.columns):
        ask_for(ctx, number)


def _all_void(ctx: Context) -> None:
    """The engine works on no column any more."""
    ctx.columns.measuring.clear()
    for number in list(ctx.columns.columns):
        ctx.columns.change(number, request=0, ready=False)


TOPIC = Topic(
    {
        ColumnAdded: _added,
        ColumnCodesReady: _codes,
        DifferenceReady: _difference,
        RenderDropped: _dropped,
        RenderMeasured: _measured,
    },
    ended=_ended,
    codec_changed=_all_void,
    clip_changed=_clip_changed,
    engine_died=_all_void,
)
