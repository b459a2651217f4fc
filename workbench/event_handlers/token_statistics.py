"""From what the engine says of tokens to `ctx.tokens`."""

from __future__ import annotations

from workbench.context import Context
from workbench.engine import protocol
from workbench.engine.topics import token_statistics as told
from workbench.event_handlers.topic import Topic
from workbench.state.token_statistics import BookEntries, BookMap, Corpus, OtherCodes
from workbench.verbs.token_statistics import COLUMN, compare_with_recording


def _progress(ctx: Context, event: told.StatisticsProgress) -> None:
    if event.request_id in ctx.tokens.wanted.requests.values():
        ctx.tokens.set_progress(event.stage, event.done)


def _described(ctx: Context, event: told.BooksDescribed) -> None:
    if not ctx.tokens.expects("entries", event.request_id):
        return
    refs = (event.norms, event.neighbours, event.distances, event.points)
    if any(ref is None for ref in refs):
        ctx.tokens.update(no_entries=event.reason)
        return
    arrays = [ctx.client.array(ref) for ref in refs if ref is not None]
    ctx.tokens.update(entries=BookEntries(*arrays, event.shares, event.kept))


def _mapped(ctx: Context, event: told.BookMapped) -> None:
    if ctx.tokens.expects("map", event.request_id):
        ctx.tokens.maps[event.book] = BookMap(ctx.client.array(event.points), event.kept)
        ctx.tokens.changed.emit()


def _counted(ctx: Context, event: told.CorpusCounted) -> None:
    if not ctx.tokens.expects("corpus", event.request_id):
        return
    counts = ctx.client.array(event.counts)
    ctx.tokens.update(corpus=Corpus(event.folder, counts, event.files, event.seconds, event.skipped))
    if event.skipped:
        more = f" ({len(event.skipped)} files were left out)" if len(event.skipped) > 1 else ""
        ctx.engine.add_message(event.skipped[0] + more)


def _encoded(ctx: Context, event: told.OtherEncoded) -> None:
    if ctx.tokens.expects("other", event.request_id):
        groups = tuple(ctx.client.array(ref) for ref in event.groups)
        ctx.tokens.update(other=OtherCodes(event.path, groups, event.frame_rates_hz, event.length_s))


def _ended(ctx: Context, event: protocol.Event) -> None:
    key = ctx.tokens.ended(event.request_id)
    if key and isinstance(event, protocol.Failed):
        ctx.tokens.failed.add(key)  # not asked for again by itself
        ctx.tokens.changed.emit()


def _codec_changed(ctx: Context) -> None:
    against = ctx.tokens.against
    ctx.tokens.forget_codec()
    if against and not against.startswith(COLUMN):
        compare_with_recording(ctx, against)


def _clip_changed(ctx: Context) -> None:
    ctx.tokens.forget_clip()


def _engine_died(ctx: Context) -> None:
    ctx.tokens.wanted.requests.clear()
    ctx.tokens.set_progress("", 0.0)


TOPIC = Topic(
    {
        told.StatisticsProgress: _progress,
        told.BooksDescribed: _described,
        told.BookMapped: _mapped,
        told.CorpusCounted: _counted,
        told.OtherEncoded: _encoded,
    },
    ended=_ended,
    codec_changed=_codec_changed,
    clip_changed=_clip_changed,
    engine_died=_engine_died,
)
