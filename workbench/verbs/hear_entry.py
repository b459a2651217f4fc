"""An entry of a book where it comes next in the clip: gone to, or heard alone."""

from __future__ import annotations

import numpy as np

from workbench import commands
from workbench.context import Context
from workbench.verbs import listen
from workbench.verbs.token_statistics import code_row
from workbench.widgets.code_rows import CodeRow


def go_to(ctx: Context, book: int, entry: int) -> None:
    """Set the cursor there, and play the moment where the clip does not play anyway. `book` from 0."""
    place = _next_frame(ctx, book, entry)
    if place is not None:
        seconds = (place[1] + 0.5) / place[0].frame_rate_hz
        commands.seek(ctx, round(seconds * ctx.clip.data.rate_hz))
        if not ctx.playback.playing:
            listen.play_moment(ctx, seconds)


def play_alone(ctx: Context, book: int, entry: int) -> None:
    """Hear that one code without the books above and below. `book` from 0."""
    place = _next_frame(ctx, book, entry)
    if place is not None:
        listen.audition_code(ctx, book, place[1])


def _next_frame(ctx: Context, book: int, entry: int) -> tuple[CodeRow, int] | None:
    """Its frame after the cursor, then from the start; where there is none, the window says so."""
    row, rate = code_row(ctx, book), ctx.clip.data.rate_hz
    found = np.flatnonzero(row.codes == entry) if row is not None and rate else np.zeros(0, np.int64)
    if row is None or not len(found):
        ctx.engine.add_message(
            f"Entry {entry} of book {book + 1} does not come in this clip: there is nothing to hear."
        )
        return None
    later = found[found > row.frame_at(ctx.playback.position / rate)]
    return row, int(later[0] if len(later) else found[0])
