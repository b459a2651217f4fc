"""Tokens as such: have entries described, a corpus counted, a second recording or codec compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from speefeare_core.statistics.counts import count
from workbench import commands
from workbench.context import Context
from workbench.engine.topics.token_statistics import CountCorpus, DescribeBooks, EncodeOther, MapBook
from workbench.state.derived_takes import key_of
from workbench.widgets.code_rows import CodeRow, rows_of

COLUMN = "column:"  # in front of a column's number where something to compare with is meant


def want_entries(ctx: Context) -> None:
    """Have norms, neighbours and maps of all books made, where they are not there and not under way."""
    state = ctx.tokens
    there = state.entries is not None or bool(state.no_entries)
    asked = "entries" in state.wanted.requests or "entries" in state.failed
    if not there and not asked and _has_books(ctx) and ctx.engine.status == "ready":
        state.expect("entries", ctx.client.send(DescribeBooks()))


def map_book(ctx: Context, book: int) -> None:
    """Have a map of neighbours made of one book, from 0."""
    state = ctx.tokens
    if book not in state.maps and "map" not in state.wanted.requests and _has_books(ctx):
        if commands.engine_is_there(ctx):
            state.expect("map", ctx.client.send(MapBook(book)))


def count_corpus(ctx: Context, folder: str | Path = "") -> None:
    """Count the tokens of all sound files under a folder; empty: of the shipped sample. Kept between two starts."""
    ctx.tokens.corpus_folder = str(folder)
    if ctx.codec.info is not None and not ctx.codec.info.books:
        ctx.engine.add_message(f"{ctx.codec.info.name} has no codebooks, so there are no tokens to count.")
    elif _has_books(ctx) and commands.engine_is_there(ctx):
        ctx.tokens.corpus = None
        ctx.tokens.expect("corpus", ctx.client.send(CountCorpus(str(folder))))


def want_corpus(ctx: Context) -> None:
    """Have the chosen corpus counted, where it is not and nobody is at it."""
    state = ctx.tokens
    if state.corpus is None and "corpus" not in state.wanted.requests and "corpus" not in state.failed:
        if _has_books(ctx) and ctx.engine.status == "ready":
            count_corpus(ctx, state.corpus_folder)


def compare_with_recording(ctx: Context, path: str | Path) -> None:
    """Compare the clip's tokens with those of another recording under the same codec."""
    if _has_books(ctx) and commands.engine_is_there(ctx):
        ctx.tokens.update(other=None, against=str(path))
        ctx.tokens.expect("other", ctx.client.send(EncodeOther(str(path))))


def compare_with_column(ctx: Context, number: int) -> None:
    """Compare the clip's tokens with those of a further codec on it."""
    ctx.tokens.update(against=f"{COLUMN}{number}")


def code_rows(ctx: Context) -> tuple[CodeRow, ...]:
    """The rows of the open clip, in book order; empty where its codes are not there (yet)."""
    data, info = ctx.clip.data, ctx.codec.info
    return rows_of(info, data.codes, data.code_rates_hz) if info is not None else ()


def code_row(ctx: Context, book: int) -> CodeRow | None:
    """The open clip's tokens of a book, from 0, where they are there."""
    return next((row for row in code_rows(ctx) if row.book == book + 1), None)


def heard_books(ctx: Context) -> tuple[int, ...] | None:
    """The books, from 0, that are in what is heard; None: all of them, or it is no decode of these codes."""
    key = key_of(ctx.playback.depth)
    if key.column or key.kind not in ("take", "edited", "alone", "added"):
        return None
    return (key.of - 1,) if key.kind in ("alone", "added") else ctx.codec.books_of(key.of)


def other_rows(ctx: Context) -> tuple[CodeRow, ...]:
    """The rows that the clip is compared with; empty where there are none (yet)."""
    state, info = ctx.tokens, ctx.codec.info
    if state.against.startswith(COLUMN):
        column = ctx.columns.columns.get(int(state.against.removeprefix(COLUMN)))
        if column is None or column.info is None:
            return ()
        return rows_of(column.info, column.codes, column.code_rates_hz)
    if state.other is None or info is None:
        return ()
    return rows_of(info, state.other.groups, state.other.rates_hz)


def same_books(ctx: Context) -> bool:
    """Whether an index means the same on both sides of the comparison."""
    state, info = ctx.tokens, ctx.codec.info
    if not state.against.startswith(COLUMN):
        return True
    column = ctx.columns.columns.get(int(state.against.removeprefix(COLUMN)))
    return column is not None and info is not None and column.info is not None and column.info.source == info.source


def clip_counts(ctx: Context, row: CodeRow) -> NDArray[Any]:
    """How often the clip uses each entry of the book of a row; counted once (a few milliseconds for hours)."""
    kept = ctx.tokens.clip_counts
    if row.book - 1 not in kept:
        kept[row.book - 1] = count(row.codes, row.size)
    return kept[row.book - 1]


def _has_books(ctx: Context) -> bool:
    return ctx.codec.info is not None and bool(ctx.codec.info.books)
