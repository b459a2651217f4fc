"""Marks and notes with time stamps: set, name, move, delete, jump. Everything that changes one can be undone."""

from __future__ import annotations

from dataclasses import replace

from workbench import commands
from workbench.context import Context
from workbench.state.marks import Mark
from workbench.state.playback import label_of
from workbench.verbs.compare import words_of


def add_mark(ctx: Context, time_s: float | None = None, name: str = "", end_s: float | None = None) -> Mark | None:
    """Set a mark at a time (None: at the cursor), or over [time_s, end_s); None where no clip is open.

    It remembers what is heard: a depth, or in a blind trial its label alone.
    """
    if not ctx.clip.is_open:
        return None
    length_s = ctx.clip.data.length_s
    start_s = min(max(cursor_s(ctx) if time_s is None else time_s, 0.0), length_s)
    if end_s is not None:
        start_s, end_s = sorted((start_s, min(max(end_s, 0.0), length_s)))
    number, playback = ctx.playback.depth, ctx.playback
    blind = number in playback.blind_order
    mark = Mark(
        ctx.marks.new_id(),
        start_s,
        name.strip(),
        end_s,
        number,
        words_of(ctx, number),
        label_of(playback.blind_order.index(number)) if blind else "",
        ctx.marks.trial if blind else 0,
    )
    path = ctx.marks.path
    ctx.history.do("add mark", lambda: ctx.marks.put(mark, path), lambda: ctx.marks.remove(mark.id, path))
    return mark


def add_region_mark(ctx: Context, name: str = "") -> Mark | None:
    """Set a mark over the loop region; where there is none, at the cursor."""
    loop, rate = ctx.playback.loop, ctx.clip.data.rate_hz
    if loop is None or not rate:
        return add_mark(ctx, None, name)
    return add_mark(ctx, loop[0] / rate, name, loop[1] / rate)


def name_mark(ctx: Context, mark_id: int, name: str) -> None:
    """Write what is to be said at this moment."""
    before = ctx.marks.get(mark_id)
    if before is not None and before.name != name.strip():
        _change(ctx, f"rename {before.title}", before, replace(before, name=name.strip()))


def move_mark(ctx: Context, mark_id: int, time_s: float | None = None) -> None:
    """Move a mark to a time (None: to the cursor); a stretch keeps its length."""
    before = ctx.marks.get(mark_id)
    if before is None:
        return
    length_s = ctx.clip.data.length_s
    width = 0.0 if before.end_s is None else before.end_s - before.time_s
    start_s = min(max(cursor_s(ctx) if time_s is None else time_s, 0.0), max(0.0, length_s - width))
    if start_s != before.time_s:
        end_s = None if before.end_s is None else start_s + width
        _change(ctx, f"move {before.title}", before, replace(before, time_s=start_s, end_s=end_s))


def delete_mark(ctx: Context, mark_id: int) -> None:
    """Take a mark away."""
    mark, path = ctx.marks.get(mark_id), ctx.marks.path
    if mark is not None:
        ctx.history.do(
            f"delete {mark.title}",
            lambda: ctx.marks.remove(mark_id, path),
            lambda: ctx.marks.put(mark, path),
        )


def jump_to_mark(ctx: Context, mark_id: int) -> None:
    """Move the cursor to a mark; a stretch becomes the loop region."""
    mark, rate = ctx.marks.get(mark_id), ctx.clip.data.rate_hz
    if mark is None or not rate:
        return
    commands.seek(ctx, round(mark.time_s * rate))
    if mark.end_s is not None:
        commands.set_loop(ctx, round(mark.time_s * rate), round(mark.end_s * rate))
    view = ctx.time_view
    if not view.start_s <= mark.time_s < view.end_s:
        half = (view.end_s - view.start_s) / 2
        view.set_range(mark.time_s - half, mark.time_s + half)


def step_mark(ctx: Context, step: int) -> None:
    """Jump to the next mark (1) or the one before (−1), seen from the cursor."""
    mark = ctx.marks.after(cursor_s(ctx)) if step > 0 else ctx.marks.before(cursor_s(ctx))
    if mark is not None:
        jump_to_mark(ctx, mark.id)


def mark_under_cursor(ctx: Context) -> Mark | None:
    """The mark at the cursor, if there is one."""
    return ctx.marks.at(cursor_s(ctx))


def delete_mark_here(ctx: Context) -> None:
    """Take away the mark at the cursor; where there is none, that is said."""
    mark = mark_under_cursor(ctx)
    if mark is None:
        ctx.engine.add_message("There is no mark at the cursor; jump to one first with [ or ].")
    else:
        delete_mark(ctx, mark.id)


def loop_between_marks(ctx: Context) -> None:
    """Loop from the last mark at or before the cursor to the next one after it; the clip's ends count as marks."""
    rate, here = ctx.clip.data.rate_hz, cursor_s(ctx)
    if not rate or not ctx.marks.marks:
        ctx.engine.add_message("There is no mark to loop between; K sets one at the cursor.")
        return
    under = ctx.marks.at(here) or ctx.marks.before(here)
    later = ctx.marks.after(max(here, under.time_s if under else 0.0))
    start_s, end_s = under.time_s if under else 0.0, later.time_s if later else ctx.clip.data.length_s
    commands.set_loop(ctx, round(start_s * rate), round(end_s * rate))


def reveal_marks(ctx: Context) -> None:
    """Show what was heard at marks that were set in blind trials."""
    ctx.marks.reveal()


def cursor_s(ctx: Context) -> float:
    """Where the cursor stands, in seconds."""
    rate = ctx.clip.data.rate_hz
    return ctx.playback.position / rate if rate else 0.0


def _change(ctx: Context, words: str, before: Mark, after: Mark) -> None:
    path = ctx.marks.path
    ctx.history.do(words, lambda: ctx.marks.put(after, path), lambda: ctx.marks.put(before, path))
