"""Hearing: any take by its number, a moment of the clip, one code alone."""

from __future__ import annotations

from workbench import commands
from workbench.context import Context
from workbench.engine.topics.audition import AuditionCode, PlayOnce


def select(ctx: Context, number: int) -> None:
    """Hear (and show) any take; see `workbench.state.derived_takes`. One that does not exist is told."""
    commands.select_depth(ctx, number)


def play_once(ctx: Context, start: int, end: int, take: int | None = None) -> None:
    """Hear samples [start, end) once, of the take that is chosen or of another. The cursor stays where it is."""
    length = ctx.clip.data.length_samples
    start, end = max(0, int(start)), min(int(end), length)
    if not ctx.clip.is_open or end <= start or not commands.engine_is_there(ctx):
        return
    number = ctx.playback.depth if take is None else take
    if commands.why_no_take(ctx, number):
        ctx.engine.add_message(commands.why_no_take(ctx, number))
        return
    ctx.client.send(PlayOnce(start, end, number))
    if number not in ctx.clip.data.renders:
        commands.want_depth(ctx, number)


def play_moment(ctx: Context, second: float, length_s: float = 0.3, take: int | None = None) -> None:
    """Hear the clip around a moment, which is in the middle."""
    rate = ctx.clip.data.rate_hz
    half = length_s / 2
    play_once(ctx, round((second - half) * rate), round((second + half) * rate), take)


def audition_code(ctx: Context, book: int, frame: int, column: int = 0, edited: bool = False) -> None:
    """Hear one code alone: `book` from 0, `frame` of that book's own frames. See `AuditionCode`."""
    if ctx.clip.is_open and commands.engine_is_there(ctx):
        ctx.client.send(AuditionCode(book, frame, column, edited))
