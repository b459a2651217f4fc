"""Takes of every kind in words: what a number is called, its sound file, and why a codec does not have it."""

from __future__ import annotations

from speefeare_core.codec import CodecInfo
from workbench.state.derived_takes import TakeKey, number_of, terms_of
from workbench.state.takes import Take, takes, why_no_depth


def title_of(info: CodecInfo, key: TakeKey) -> str:
    """In front of a line: "Depth 3", "Book 3 added", "Missing at depth 3", "Book 3 alone", "Edited, depth 3"."""
    if key.kind == "take":
        return _take(info, key.of).label
    if key.kind == "alone":
        return f"Book {key.of} alone"
    if key.kind == "added":
        return f"Book {key.of} added"
    if key.kind == "residual":
        return f"Left over after book {key.of}" if key.of else "Not quantised"
    name = _take(info, key.of).name
    return f"Missing at {name}" if key.kind == "missing" else f"Edited, {name}"


def name_of(info: CodecInfo, key: TakeKey) -> str:
    """In sentences: "depth 3", "what book 3 added", "what is missing at depth 3", "book 3 alone"."""
    if key.kind == "take":
        return _take(info, key.of).name
    if key.kind == "alone":
        return f"book {key.of} alone"
    if key.kind == "added":
        return f"what book {key.of} added"
    if key.kind == "residual":
        return f"what book {key.of} left over" if key.of else "latents that nothing has quantised"
    name = _take(info, key.of).name
    return f"what is missing at {name}" if key.kind == "missing" else f"the edited codes at {name}"


def slug_of(key: TakeKey) -> str:
    """Of its sound file, without the ending; a codec's own takes have slugs of their own."""
    column = f"column_{key.column}_" if key.column else ""
    return f"{column}{'depth' if key.kind == 'take' else key.kind}_{key.of:02d}"


def why_not(info: CodecInfo, key: TakeKey) -> str:
    """Why a codec has no such take, one sentence; empty where it has one."""
    every = takes(info)
    if key.kind == "take":
        return "" if key.of < len(every) else _no_depth(info, key.of, len(every) - 1)
    if key.kind == "alone":
        return _why_not_alone(info, key.of)
    if key.kind == "residual":
        return _why_not_left_over(info, key.of)
    if not 1 <= key.of < len(every):
        return _no_depth(info, key.of, len(every) - 1)
    if key.kind == "added" and every[key.of].depth != key.of:
        if not info.books:
            return f"{info.name} has no codebooks, so there is nothing that a book added."
        return why_no_depth(info) or f"{every[key.of].label} is no depth, so no book added anything there."
    return ""


def needed_for(key: TakeKey) -> tuple[int, ...]:
    """The numbers of the takes that a difference is made of; empty for what is decoded."""
    number = number_of(key.kind, key.of, key.column)
    return tuple(term for term, _ in terms_of(number) or () if term)


def _take(info: CodecInfo, of: int) -> Take:
    """The take, or one that stands for a number that the codec does not have."""
    every = takes(info)
    return every[of] if 0 <= of < len(every) else Take(of, str(of), f"depth {of}", slug=f"depth_{of:02d}")


def _why_not_alone(info: CodecInfo, book: int) -> str:
    if not info.books:
        return f"{info.name} has no codebooks, so none can be heard alone."
    if not 1 <= book <= info.depth:
        return f"Book {book} does not exist in {info.name}: choose 1 to {info.depth}."
    if info.depth > 1 and info.depth_mode == "none":
        return f"{info.name} needs all its books together, so none can be heard alone."
    return ""


def _why_not_left_over(info: CodecInfo, books: int) -> str:
    if not info.books:
        return f"{info.name} quantises nothing, so nothing is left over."
    return "" if books <= info.depth else f"{info.name} has {info.depth} books, so none is number {books}."


def _no_depth(info: CodecInfo, depth: int, last: int) -> str:
    return why_no_depth(info) or f"Depth {depth} does not exist in {info.name}: choose 0 (the original) to {last}."
