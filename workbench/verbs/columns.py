"""Further codecs on the same clip: add, remove, and have their takes made and measured."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from workbench import commands
from workbench.context import Context
from workbench.engine.protocol import Cancel
from workbench.engine.topics.columns import AddColumn, RemoveColumn
from workbench.engine.topics.takes import MeasureRenders
from workbench.state.columns import Column
from workbench.state.derived_takes import key_of


def add_column(ctx: Context, source: str | Path, device: str = "auto") -> int:
    """Hear a further codec beside the first; can be undone. Its number; 0 where a column has this codec already."""
    source = str(source)
    if any(column.source == source for column in ctx.columns.columns.values()):
        ctx.engine.add_message(f"{Path(source).name or source} has a column already.")
        return 0
    number = ctx.columns.next_number
    column = Column(number, source, device)
    ctx.history.do(f"add column {column.title}", lambda: _put(ctx, column), lambda: _take_away(ctx, number))
    return number


def remove_column(ctx: Context, number: int) -> None:
    """Take a column away; can be undone."""
    column = ctx.columns.columns.get(number)
    if column is not None:
        again = Column(number, column.source, column.device)
        ctx.history.do(f"remove column {column.title}", lambda: _take_away(ctx, number), lambda: _put(ctx, again))


def set_columns(ctx: Context, wanted: Iterable[Column]) -> None:
    """These columns and no others, without a step to undo: a document was opened."""
    for number in list(ctx.columns.columns):
        _take_away(ctx, number)
    for column in wanted:
        _put(ctx, Column(column.number, column.source, column.device))


def retry_column(ctx: Context, number: int) -> None:
    """Ask the engine for a column again, after a problem."""
    column = ctx.columns.columns.get(number)
    if column is not None and not column.request:
        ask_for(ctx, number)


def want(ctx: Context, number: int) -> None:
    """Have any take made, with its spectrogram, where it is not there and not under way."""
    commands.want_depth(ctx, number)


def measure(ctx: Context) -> None:
    """Have every take that can be heard measured for the rate–distortion plot; call it as often as you like."""
    state = ctx.columns
    missing = tuple(
        number
        for number in sorted(ctx.clip.data.renders)
        if number
        and number not in state.metrics
        and number not in state.measuring
        and key_of(number).kind in ("take", "edited", "alone")
    )
    if missing and ctx.clip.in_engine and ctx.engine.status == "ready":
        request = ctx.client.send(MeasureRenders(missing))
        state.measuring.update(dict.fromkeys(missing, request))


def ask_for(ctx: Context, number: int) -> None:
    """Ask the engine for a column of the clip that it has open; without one it is asked when there is one."""
    column = ctx.columns.columns[number]
    if ctx.clip.in_engine and ctx.engine.status == "ready":
        request = ctx.client.send(AddColumn(number, column.source, column.device))
        ctx.columns.change(number, request=request, problem="")


def _put(ctx: Context, column: Column) -> None:
    ctx.columns.put(column)
    ask_for(ctx, column.number)


def _take_away(ctx: Context, number: int) -> None:
    column = ctx.columns.columns[number]
    if key_of(ctx.playback.depth).column == number:
        commands.select_depth(ctx, 0)
    ctx.columns.remove(number)
    if ctx.engine.status == "ready":
        if column.request:
            ctx.client.send(Cancel(column.request))
        for take, request in ctx.clip.depth_requests.items():
            if key_of(take).column == number:
                ctx.client.send(Cancel(request))
        ctx.client.send(RemoveColumn(number))
    for take in [take for take in ctx.clip.data.renders if key_of(take).column == number]:
        ctx.clip.remove_render(take)
