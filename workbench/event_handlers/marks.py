"""Marks follow the clip; picked takes belong to a codec."""

from __future__ import annotations

from workbench.context import Context
from workbench.event_handlers.topic import Topic
from workbench.state.derived_takes import key_of


def _clip_changed(ctx: Context) -> None:
    ctx.marks.show(ctx.clip.data.path)


def _codec_changed(ctx: Context) -> None:
    kept = frozenset(number for number in ctx.playback.picked if key_of(number).column)
    ctx.playback.update(picked=kept)


TOPIC = Topic({}, codec_changed=_codec_changed, clip_changed=_clip_changed)
