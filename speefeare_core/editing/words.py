"""An edit in words, for lists of edits and for “Undo …”."""

from __future__ import annotations

from pathlib import Path

from speefeare_core.codec import CodecInfo
from speefeare_core.editing.edits import Copy, Edit, EditList, Freeze, Neighbours, Region, SetIndex, Shuffle, Swap

_VERBS = {
    "zero": "zero {what}",
    "continuous": "{what} continuous",
    "restore": "restore {what}",
}


def words_of(edit: Edit, info: CodecInfo | None, edits: EditList) -> str:
    """ "shuffle books 2–4, 1.20–1.84 s"; without a codec, times are frames."""
    what = books_words(edit.region, info)
    return f"{_do(edit, what, edits)}, {time_words(edit.region, info)}"


def books_words(region: Region, info: CodecInfo | None) -> str:
    """ "book 1", "books 2–4", "books 1, 3", "all books"."""
    if info is not None and not info.books:
        return "latents"
    books = region.books
    if not books or (info is not None and len(books) == info.depth):
        return "all books" if info is None or info.depth != 1 else "book 1"
    if len(books) == 1:
        return f"book {books[0] + 1}"
    if books == tuple(range(books[0], books[-1] + 1)):
        return f"books {books[0] + 1}–{books[-1] + 1}"
    return "books " + ", ".join(str(book + 1) for book in books)


def time_words(region: Region, info: CodecInfo | None) -> str:
    """ "1.20–1.84 s", "from 1.20 s", "the whole clip"."""
    if not region.start and region.stop is None:
        return "the whole clip"
    if info is None:
        return f"frames {region.start}–{region.stop}" if region.stop is not None else f"from frame {region.start}"
    start = region.start / info.frame_rate_hz
    if region.stop is None:
        return f"from {start:.2f} s"
    return f"{start:.2f}–{region.stop / info.frame_rate_hz:.2f} s"


def _do(edit: Edit, what: str, edits: EditList) -> str:
    match edit:
        case SetIndex():
            return f"set {what} to {edit.index}"
        case Shuffle():
            return f"shuffle {what}{' together' if edit.together else ''}"
        case Freeze():
            return f"freeze {what}"
        case Neighbours():
            return f"{what} to {'the nearest entry' if edit.k == 1 else f'one of {edit.k} neighbours'}"
        case Swap():
            fit = {"cut": "", "repeat": ", repeated", "stretch": ", stretched"}[edit.fit]
            return f"{what} from {_source(edit.source, edits)}{fit}"
        case Copy():
            return f"copy {what} from {_source(edit.source, edits) if edit.source else 'this clip'}"
        case _:
            return _VERBS[edit.kind].format(what=what)


def _source(key: str, edits: EditList) -> str:
    return next((Path(source.path).name for source in edits.sources if source.key == key), key)
