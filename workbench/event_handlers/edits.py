"""From what the engine says of edited tokens to `ctx.edits`."""

from __future__ import annotations

from workbench.context import Context
from workbench.engine import protocol
from workbench.engine.topics.edits import EditsApplied
from workbench.event_handlers.topic import Topic
from workbench.state.derived_takes import key_of
from workbench.state.edits import place_of
from workbench.verbs import edits


def _applied(ctx: Context, event: EditsApplied) -> None:
    if event.request_id == ctx.edits.request:
        array = ctx.client.array
        ctx.edits.set_applied(
            tuple(array(ref) for ref in event.codes), tuple(array(ref) for ref in event.cells), event.changed
        )


def _ended(ctx: Context, event: protocol.Event) -> None:
    if not ctx.edits.request or event.request_id != ctx.edits.request:
        return
    ctx.edits.request = 0
    if isinstance(event, protocol.Failed):
        ctx.edits.to_play = None
        ctx.edits.set_problem(event.sentence)
    elif isinstance(event, protocol.Voided):  # not by a newer list: that has another number
        ctx.edits.to_play = None
        for number in [number for number in ctx.clip.data.renders if key_of(number).kind == "edited"]:
            ctx.clip.remove_render(number)  # it is of the list before
        ctx.edits.set_problem("Computing was cancelled; W decodes the edits when they are to be heard.")
    ctx.edits.progress_changed.emit()


def _clip_changed(ctx: Context) -> None:
    ctx.edits.go_to(place_of(ctx.clip.data.path, ctx.codec.info))
    if not ctx.edits.edits.is_empty:
        edits.send(ctx)


def _engine_died(ctx: Context) -> None:
    ctx.edits.request = 0
    ctx.edits.to_play = None


TOPIC = Topic({EditsApplied: _applied}, ended=_ended, clip_changed=_clip_changed, engine_died=_engine_died)
