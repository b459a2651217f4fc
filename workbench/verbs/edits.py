"""What a person can do to the tokens of the clip. Every change can be undone; each is heard at once."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from speefeare_core.editing import edit_file
from speefeare_core.editing.edits import (
    Continuous,
    Copy,
    Edit,
    EditList,
    Fit,
    Freeze,
    Neighbours,
    Region,
    Restore,
    SetIndex,
    Shuffle,
    Swap,
    Zero,
)
from speefeare_core.editing.words import words_of
from speefeare_core.errors import SpeefeareError
from workbench import commands
from workbench.context import Context
from workbench.engine.topics.edits import SetEdits
from workbench.state.derived_takes import key_of, number_of
from workbench.verbs import listen

AROUND_S = 0.25  # heard before and after what was edited


def why_not(ctx: Context) -> str:
    """Why nothing can be edited, one sentence; empty where it can."""
    info = ctx.codec.info
    if not ctx.clip.is_open:
        return "Open a sound file to edit its tokens."
    if info is None:
        return "Open a codec to edit the tokens of the clip."
    if not info.books:
        what = "continuous latents and no codes" if info.latent_dim else "packets and no codes"
        return f"{info.name} has {what}, so there are no tokens to edit."
    return ""


# -- the selection ----------------------------------------------------------------------------------------------
def select(ctx: Context, region: Region | None) -> None:
    """Select a rectangle of cells; None: none."""
    ctx.edits.set_region(region)


def select_all(ctx: Context) -> None:
    """Every cell of every book."""
    if not why_not(ctx):
        ctx.edits.set_region(Region())


# -- edits of the selection -------------------------------------------------------------------------------------
def set_index(ctx: Context, index: int) -> None:
    """Every selected cell gets this code."""
    _on_region(ctx, lambda region: SetIndex(region, index))


def zero(ctx: Context) -> None:
    """The selected books add nothing there."""
    _on_region(ctx, Zero)


def shuffle(ctx: Context, together: bool = False) -> None:
    """The selected codes change places in time; again: another order."""
    _on_region(ctx, lambda region: Shuffle(region, _next_seed(ctx), together))


def freeze(ctx: Context) -> None:
    """The selected cells hold the code of the first of them."""
    _on_region(ctx, Freeze)


def neighbours(ctx: Context, k: int) -> None:
    """Each selected code makes way for one of its k nearest entries; again: others."""
    _on_region(ctx, lambda region: Neighbours(region, k, _next_seed(ctx)))


def open_books(ctx: Context) -> None:
    """The selected cells are not quantised."""
    _on_region(ctx, Continuous)


def restore(ctx: Context) -> None:
    """The selected cells are as the encoder made them."""
    _on_region(ctx, Restore)


def copy_from(ctx: Context, path: str | Path, at: int | None = None) -> None:
    """The selected cells get the codes of another sound file, from its frame `at` on (None: from the same frame)."""
    _from_source(ctx, path, lambda region, key: Copy(region, key, at), f"copy from {Path(path).name}")


def swap_with(ctx: Context, path: str | Path, fit: Fit = "cut") -> None:
    """The selected books make way for those of another sound file."""
    _from_source(ctx, path, lambda region, key: Swap(region, key, fit), f"swap books with {Path(path).name}")


def take_voice(ctx: Context, path: str | Path) -> None:
    """The content of this clip with the voice of another: all books but the first semantic ones (the first book, where
    a codec names none), over the whole clip, stretched to its length."""
    info = ctx.codec.info
    if info is None or info.depth < 2:
        ctx.engine.add_message("A voice can be taken over only where content and voice lie in different books.")
        return
    meaning = {index for index, book in enumerate(info.books) if book.role == "semantic"} or {0}
    others = tuple(book for book in range(info.depth) if book not in meaning)
    words = f"take the voice of {Path(path).name}"
    edits, key = ctx.edits.edits.reading_from(str(Path(path).expanduser().absolute()))
    _do(ctx, words, edits.adding(Swap(Region(0, None, others), key, "stretch")), None)


# -- the list ---------------------------------------------------------------------------------------------------
def add(ctx: Context, edit: Edit) -> None:
    """One edit more, at the end of the list."""
    edits = ctx.edits.edits
    _do(ctx, words_of(edit, ctx.codec.info, edits), edits.adding(edit), edit.region)


def remove(ctx: Context, index: int) -> None:
    """One edit less; those behind it are done without it."""
    edits = ctx.edits.edits
    if 0 <= index < len(edits.edits):
        edit = edits.edits[index]
        _do(ctx, f"remove edit: {words_of(edit, ctx.codec.info, edits)}", edits.without(index), edit.region)


def clear(ctx: Context) -> None:
    """No edits, and every book quantised."""
    if not ctx.edits.edits.is_empty:
        _do(ctx, "remove all edits", EditList(), None)


def switch_book(ctx: Context, book: int, continuous: bool) -> None:
    """One book, from 0, quantised or continuous over the whole clip."""
    edits = ctx.edits.edits
    if continuous != (book in edits.continuous):
        state = "continuous" if continuous else "quantised"
        _do(ctx, f"book {book + 1} {state}", edits.switching(book, continuous), None)


def save_list(ctx: Context, path: str | Path) -> None:
    """Write the list as JSON, for `speefeare edit`."""
    try:
        edit_file.write(path, ctx.edits.edits)
    except SpeefeareError as error:
        ctx.engine.add_message(str(error))


def open_list(ctx: Context, path: str | Path) -> None:
    """Read a list that was saved, in the place of the one there is."""
    if why_not(ctx):
        ctx.engine.add_message(why_not(ctx))
        return
    try:
        edits = edit_file.read(path)
    except SpeefeareError as error:
        ctx.engine.add_message(str(error))
        return
    _do(ctx, f"open the edits {Path(path).name}", edits, None)


# -- hearing ----------------------------------------------------------------------------------------------------
def base_take(ctx: Context) -> int:
    """The take of the codec whose edited form is meant: that which is heard, or was heard before, or the fullest."""
    for number in (ctx.playback.depth, ctx.playback.heard_before):
        key = key_of(number)
        if key.kind in ("take", "edited") and key.of and not key.column and key.of < len(ctx.codec.takes):
            return key.of
    return ctx.codec.full


def hears_edits(ctx: Context) -> bool:
    """Whether the edited codes are what is heard."""
    return key_of(ctx.playback.depth).kind == "edited"


def hear(ctx: Context, edited: bool) -> None:
    """Hear the edited codes, or the same take without the edits, at the same sample."""
    if edited and ctx.edits.edits.is_empty:
        ctx.engine.add_message("Nothing is edited yet: select cells and choose what happens to them.")
        return
    commands.select_depth(ctx, number_of("edited" if edited else "take", base_take(ctx)))


def toggle_hear(ctx: Context) -> None:
    """The one and the other."""
    hear(ctx, not hears_edits(ctx))


def play_region(ctx: Context) -> None:
    """Hear what is selected once, with a little before and after it."""
    rate = ctx.clip.data.rate_hz
    span = _span_s(ctx, ctx.edits.region)
    if rate and span is not None:
        listen.play_once(ctx, round(span[0] * rate), round(span[1] * rate))


# -- the engine -------------------------------------------------------------------------------------------------
def send(ctx: Context) -> None:
    """Have the list applied to the open clip, and its take made."""
    state = ctx.edits
    if not ctx.clip.in_engine or ctx.engine.status != "ready" or ctx.codec.info is None:
        return
    take = 0 if state.edits.is_empty else base_take(ctx)
    state.request = ctx.client.send(SetEdits(json.dumps(edit_file.to_dict(state.edits)), take))


def made(ctx: Context, number: int) -> None:
    """A take was made: if an edit waits to be heard in it, it is."""
    waiting = ctx.edits.to_play
    if waiting is not None and waiting[0] == number:
        ctx.edits.to_play = None
        rate = ctx.clip.data.rate_hz
        listen.play_once(ctx, round(waiting[1] * rate), round(waiting[2] * rate), number)


def _on_region(ctx: Context, make: object) -> None:
    problem = why_not(ctx)
    region = ctx.edits.region
    if not problem and region is None:
        problem = "Select cells first: drag over them, or Shift+Ctrl and an arrow."
    if problem:
        ctx.engine.add_message(problem)
        return
    assert callable(make)
    add(ctx, make(region))


def _from_source(ctx: Context, path: str | Path, make: object, words: str) -> None:
    region, problem = ctx.edits.region, why_not(ctx)
    if problem or region is None:
        ctx.engine.add_message(problem or "Select cells first: drag over them, or Shift+Ctrl and an arrow.")
        return
    assert callable(make)
    edits, key = ctx.edits.edits.reading_from(str(Path(path).expanduser().absolute()))
    _do(ctx, words, edits.adding(make(region, key)), region)


def _do(ctx: Context, words: str, after: EditList, region: Region | None) -> None:
    """Put a list in the place of the one there is. `region`: what is heard once, where nothing plays."""
    place, before = ctx.edits.place, ctx.edits.edits
    span = _span_s(ctx, region) if region is not None else None

    def put(edits: EditList) -> None:
        ctx.edits.set_list(place, edits)
        if place == ctx.edits.place:
            if edits.is_empty:  # before what was edited goes
                _heard_now(ctx, span)
            send(ctx)
            if not edits.is_empty:  # asked for after it can be made
                _heard_now(ctx, span)

    ctx.history.do(words, lambda: put(after), lambda: put(before))


def _heard_now(ctx: Context, span: tuple[float, float] | None) -> None:
    """Turn to what the list is about, and let its stretch be heard as soon as it is made."""
    edited = not ctx.edits.edits.is_empty
    number = number_of("edited" if edited else "take", base_take(ctx))
    if not ctx.playback.blind and ctx.playback.depth != number:
        commands.select_depth(ctx, number)
    quiet = ctx.edits.plays and not ctx.playback.playing and not ctx.playback.blind
    ctx.edits.to_play = (number, *span) if span is not None and edited and quiet else None


def _span_s(ctx: Context, region: Region | None) -> tuple[float, float] | None:
    """A region's time, with a little around it."""
    info, length = ctx.codec.info, ctx.clip.data.length_s
    if region is None or info is None:
        return None
    stop = length if region.stop is None else region.stop / info.frame_rate_hz
    return max(0.0, region.start / info.frame_rate_hz - AROUND_S), min(length, stop + AROUND_S)


def _next_seed(ctx: Context) -> int:
    """One that no edit of the list has yet."""
    seeds = [edit.seed for edit in ctx.edits.edits.edits if isinstance(edit, Shuffle | Neighbours)]
    return max(seeds, default=0) + 1


def from_document(ctx: Context, edits: EditList) -> None:
    """The list of a document that was opened, for the open clip, without a step to undo."""
    ctx.edits.forget_all()
    ctx.edits.set_list(ctx.edits.place, dataclasses.replace(edits))
    if not edits.is_empty:
        send(ctx)
