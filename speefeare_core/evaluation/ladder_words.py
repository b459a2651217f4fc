"""What of a residual ladder a codec has, and in plain sentences what it does not have. Loads without torch."""

from __future__ import annotations

from dataclasses import dataclass

from speefeare_core.codec import CodecInfo


@dataclass(frozen=True)
class LadderParts:
    """What there is beside the decode and what it lacks of the original, which every codec has."""

    rows: bool  # the energies of what is left over
    added: bool  # depths that differ by one book
    alone: bool  # single books can be decoded
    residual: bool  # what is left over can be decoded


def words_about(info: CodecInfo, parts: LadderParts) -> tuple[str, ...]:
    """How the rows are to be read, and why something is missing."""
    name = info.name
    if not info.books and info.latent_dim:
        return (
            f"{name} has continuous latents: nothing is quantised, so there are no books and nothing is left over."
            " There is the decode, and what it lacks of the original.",
        )
    if not info.books:
        return (f"{name} sends packets of bytes: no books, no latents. There is the decode, and what it lacks.",)
    words = []
    if not parts.rows:
        words.append(f"{name} does not show the latents that its books quantise, so what they left over is not known.")
    elif info.depth_mode == "split":
        words.append(
            f"The semantic and the acoustic books of {name} both begin with the whole latent, each in a space of its"
            " own: two ladders, each relative to its own first row."
        )
    elif info.depth_mode == "parallel":
        words.append(
            f"The books of {name} stand side by side, and none refines another: a row is what the books up to it do not"
            " speak of."
        )
    if info.depth == 1:
        words.append(f"{name} has a single book: what it added is the decode, and the ladder has one step.")
    elif not parts.added:
        words.append(f"{name} has no depths that differ by one book, so no book's addition can be heard.")
    if parts.rows and len({book.frame_rate_hz for book in info.books}) > 1:
        words.append(
            f"The books of {name} have several frame rates: rows stand at {info.frame_rate_hz:g} Hz, and a slower book"
            " takes the same away from all frames that it spans."
        )
    if not parts.alone:
        words.append(f"{name} decodes its first books only, so that no book can be heard alone.")
    if not parts.residual:
        words.append(f"{name} decodes codes only, so that what is left over cannot be heard by itself.")
    return tuple(words)


def words_about_growth(books: tuple[int, ...]) -> tuple[str, ...]:
    """What it means where books, from 0, leave more than they were given."""
    if not books:
        return ()
    named = ", ".join(str(book + 1) for book in books[:6]) + (" …" if len(books) > 6 else "")
    many = "Books" if len(books) > 1 else "Book"
    leave = "leave" if len(books) > 1 else "leaves"
    return (f"{many} {named} {leave} more than there was before: the entries do not fit these latents.",)
