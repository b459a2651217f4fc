"""Comparing: from codec to codec, back to what was heard before, picks for blind trials, loops by keys, and words."""

from __future__ import annotations

from workbench import commands
from workbench.context import Context
from workbench.state.derived_takes import key_of, number_of
from workbench.state.take_names import title_of
from workbench.state.takes import Take


def codec_title(ctx: Context, column: int) -> str:
    """The name of the codec (0), or of a further one; empty where there is none."""
    if column == 0:
        return ctx.codec.info.name if ctx.codec.info is not None else ""
    found = ctx.columns.columns.get(column)
    return found.title if found is not None else ""


def takes_of(ctx: Context, column: int) -> tuple[Take, ...]:
    """What can be heard of a codec, the original first; empty until it is loaded."""
    if column == 0:
        return ctx.codec.takes
    found = ctx.columns.columns.get(column)
    return found.takes if found is not None else ()


def take_words(ctx: Context, number: int) -> str:
    """A take without its codec: "Depth 3", "Edited, depth 3", "Original"."""
    key = key_of(number)
    info = ctx.codec.info if key.column == 0 else getattr(ctx.columns.columns.get(key.column), "info", None)
    if number == 0:
        return "Original"
    return title_of(info, key) if info is not None else f"Take {key.of}"


def words_of(ctx: Context, number: int) -> str:
    """A take with its codec: "mimi-24 · Depth 3"."""
    name = "" if number == 0 else codec_title(ctx, key_of(number).column)
    return " · ".join(part for part in (name, take_words(ctx, number)) if part)


def hear_before(ctx: Context) -> None:
    """Hear what was heard before, at the same sample: back and forth between two versions (or two labels)."""
    playback = ctx.playback
    before = playback.heard_before
    if playback.blind and before not in playback.blind_order:
        return
    if before != playback.depth and not commands.why_no_take(ctx, before):
        commands.select_depth(ctx, before)


def step_codec(ctx: Context, step: int) -> None:
    """Hear the same row of the next codec beside this one; at the original, all books of the first or the last."""
    if ctx.playback.blind:
        commands.step_depth(ctx, step)
        return
    columns = [0, *ctx.columns.columns]
    key = key_of(ctx.playback.depth)
    if ctx.playback.depth == 0:
        hear_row(ctx, columns[0] if step > 0 else columns[-1], ctx.codec.full)
        return
    at = columns.index(key.column) + step if key.column in columns else 0
    if 0 <= at < len(columns):
        hear_row(ctx, columns[at], key.of)


def hear_row(ctx: Context, column: int, row: int) -> None:
    """Hear a row (from 1) of a codec; where it has fewer, its last one."""
    last = len(takes_of(ctx, column)) - 1
    row = max(row, 1)  # of a codec that is still being loaded it is heard when it is there
    commands.select_depth(ctx, number_of("take", min(row, last) if last > 0 else row, column))


def toggle_pick(ctx: Context, number: int | None = None) -> None:
    """Pick a take for blind trials (None: the one that is heard), or no longer. With none picked they are about all."""
    if ctx.playback.blind:
        return
    number = ctx.playback.depth if number is None else number
    if key_of(number).kind not in ("take", "edited"):
        ctx.engine.add_message("Differences are not compared blind; pick the original, a depth or edited codes.")
        return
    ctx.playback.update(picked=ctx.playback.picked ^ {number})


def pick_none(ctx: Context) -> None:
    """Blind trials are about all takes again."""
    ctx.playback.update(picked=frozenset())


def set_loop_start(ctx: Context) -> None:
    """Loop from the cursor to the end of the region; where that lies before it, to the end of the clip."""
    _set_loop_edge(ctx, first=True)


def set_loop_end(ctx: Context) -> None:
    """Loop to the cursor, from the start of the region; where that lies after it, from the start of the clip."""
    _set_loop_edge(ctx, first=False)


def _set_loop_edge(ctx: Context, first: bool) -> None:
    if not ctx.clip.is_open:
        return
    here, length = ctx.playback.position, ctx.clip.data.length_samples
    start, end = ctx.playback.loop or (0, length)
    if first:
        start, end = here, end if end > here else length
    else:
        start, end = start if start < here else 0, here
    if end > start:
        commands.set_loop(ctx, start, end)
