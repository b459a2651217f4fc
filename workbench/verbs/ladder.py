"""What a person can do with the residual ladder: have it made, and hear its rungs.

The sounds of rung k, with x the original and y_k the decode with the first k books as it is heard (aligned with x and
matched to its loudness): x, y_k, what book k added (y_k − y_{k−1}), what is still missing (x − y_k), book k alone, and
what k books left of the latents, decoded by itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from workbench import commands
from workbench.context import Context
from workbench.engine.topics.ladder import WantLadder
from workbench.state.clip import Render
from workbench.state.derived_takes import Kind, key_of, number_of
from workbench.state.take_names import name_of


@dataclass(frozen=True)
class LadderSound:
    """One kind of sound of a rung."""

    kind: Kind | None  # None: the original
    title: str
    key: str  # on the keyboard
    tip: str


SOUNDS: tuple[LadderSound, ...] = (
    LadderSound(None, "Original", "0", "Hear the original x."),
    LadderSound("take", "Depth", "D", "Hear y, the decode with the first books, matched to the original's loudness."),
    LadderSound(
        "added", "Added", "A", "Hear what the last of these books added: y less the decode with one book less."
    ),
    LadderSound("missing", "Missing", "X", "Hear what is still missing: the original less y, both as loud as heard."),
    LadderSound("alone", "Alone", "S", "Hear this book alone: the decode of its entries and no others."),
    LadderSound("residual", "Left over", "E", "Hear what these books left of the latents, decoded by itself."),
)


def want(ctx: Context) -> None:
    """Have the ladder made where it is neither there nor under way, once the clip's codes are there."""
    state, info, clip = ctx.ladder, ctx.codec.info, ctx.clip
    if state.request or state.ladder is not None or state.problem or info is None or ctx.codec.loading:
        return
    if clip.in_engine and ctx.engine.status == "ready" and (clip.data.codes or not info.books):
        state.request = ctx.client.send(WantLadder())


def rung(ctx: Context) -> int:
    """The book or depth that is spoken of: that of the take that is heard, else of the one before, else the deepest."""
    last = _last(ctx)
    for number in (ctx.playback.depth, ctx.playback.heard_before):
        key = key_of(number)
        if key.of and not key.column and key.kind != "edited":
            return min(key.of, last)
    return last


def why_not(ctx: Context, kind: Kind | None, of: int | None = None) -> str:
    """Why a sound of a rung cannot be heard, one sentence; empty where it can."""
    of = rung(ctx) if of is None else of
    if kind is None:
        return ""
    problem = commands.why_no_take(ctx, number_of(kind, of))
    ladder = ctx.ladder.ladder
    if not problem and ladder is not None and ctx.codec.info is not None:
        there = {"alone": ladder.parts.alone, "residual": ladder.parts.residual}.get(kind, True)
        if not there:
            named = "its first books only" if kind == "alone" else "codes only"
            problem = f"{ctx.codec.info.name} decodes {named}, so this cannot be heard."
    return problem


def hear(ctx: Context, kind: Kind | None, of: int | None = None) -> None:
    """Hear a sound of a rung (None: that which is spoken of). While listening is blind nothing is told apart."""
    if ctx.playback.blind:
        ctx.engine.add_message("Listening is blind: reveal the labels first (R).")
        return
    of = rung(ctx) if of is None else of
    if kind is None:
        commands.select_depth(ctx, 0)
        return
    problem = why_not(ctx, kind, of)
    if problem:
        ctx.engine.add_message(problem)
        return
    commands.select_depth(ctx, number_of(kind, of))


def words_for(ctx: Context) -> str:
    """What is heard, exactly, and how the rows are to be read; empty while listening is blind."""
    if ctx.playback.blind or not ctx.clip.is_open:
        return ""
    key, info = key_of(ctx.playback.depth), ctx.codec.info
    words = []
    if info is not None and not key.column:
        original = key.kind == "take" and not key.of
        exactly = _EXACTLY["original" if original else key.kind]
        words.append(exactly.format(name=name_of(info, key), k=key.of, j=key.of - 1))
        words.append(_level_words(ctx.clip.data.renders.get(ctx.playback.depth), key.kind))
    found = ctx.ladder.ladder
    if found is not None and found.rows:
        words.extend(found.words)
    return " ".join(word for word in words if word)


def _level_words(render: Render | None, kind: Kind) -> str:
    if render is None:
        return "It is not made yet."
    if kind in ("added", "missing"):
        if not math.isfinite(render.level_db):
            return "It is silent." if render.level_db < 0 else ""
        return f"Its level is {render.level_db:.1f} dB of the original's.".replace("-", "−")
    return f"Gain {render.gain_db:+.1f} dB.".replace("-", "−") if render.gain_db else ""


def _last(ctx: Context) -> int:
    """The deepest rung: all books, or 1 for a codec that has one decode."""
    info = ctx.codec.info
    if info is None or info.depth_mode == "parallel" or info.depth < 2 or info.depth_mode == "none":
        return max(1, ctx.codec.full)
    return info.depth


_EXACTLY = {
    "original": "Heard: the original x.",
    "take": "Heard: y, {name}, aligned with the original x and matched to its loudness.",
    "added": "Heard: {name}: y at depth {k} less y at depth {j}, both matched to the loudness of x.",
    "missing": "Heard: {name}, x − y, with y matched to the loudness of x.",
    "alone": "Heard: {name}, the decode of its entries and no others, brought to the loudness of x.",
    "residual": "Heard: {name}, decoded by itself and brought to the loudness of x.",
    "edited": "Heard: {name}.",
}
