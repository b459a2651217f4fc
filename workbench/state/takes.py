"""Takes: what can be heard of a clip under a codec, numbered. Plain data for both processes; nothing of Qt or torch.

Number 0 is the original. What follows hangs on what depth means for the codec:

- residual: 1 to K are the depths.
- split (Mimi): 1 to K too, and then the semantic and the acoustic books alone, where no depth is the same.
- parallel: 1 is all books, 2 to K + 1 leave one out.
- one book, or none (continuous latents, packets): 1 is the decode.
"""

from __future__ import annotations

from dataclasses import dataclass

from speefeare_core.codec import CodecInfo


@dataclass(frozen=True)
class Take:
    """One version to hear. `books` are counted from 0; None: the codec has none, or it is the original."""

    number: int
    title: str  # on its button
    name: str  # in sentences: "depth 3", "the decode"
    books: tuple[int, ...] | None = None
    bitrate_kbps: float = 0.0
    remark: str = ""  # what else it is, in two words
    wide: bool = False  # stands apart from the depths
    slug: str = ""  # of its sound file

    @property
    def label(self) -> str:
        """In front of a line: "Depth 3", "Acoustic alone"."""
        if self.title == str(self.number):
            return f"Depth {self.number}"
        return f"{self.title} {self.remark}".strip()

    @property
    def depth(self) -> int | None:
        """How many books from the first on it is made of; None where it is not made so."""
        if self.books is None or self.books != tuple(range(len(self.books))):
            return None
        return len(self.books)


def takes(info: CodecInfo) -> tuple[Take, ...]:
    """All takes of a codec, the original first; a take's place is its number."""
    original = Take(0, "Original", "the original", wide=True, slug="depth_00")
    every = tuple(range(info.depth))
    if info.depth < 2 or info.depth_mode == "none":
        return (original, _take(info, 1, "Decode", "the decode", every or None, wide=True, slug="depth_01"))
    if info.depth_mode == "parallel":
        full = _take(info, 1, "All books", "all books", every, wide=True, slug="all_books")
        fewer = (
            _take(
                info,
                book + 2,
                f"Without {book + 1}",
                f"all books but book {book + 1}",
                tuple(other for other in every if other != book),
                slug=f"without_book_{book + 1:02d}",
            )
            for book in every
        )
        return (original, full, *fewer)
    found = [original]
    alone = _alone(info) if info.depth_mode == "split" else {}
    for depth in range(1, info.depth + 1):
        books = every[:depth]
        remark = next((f"{role} alone" for role, these in alone.items() if these == books), "")
        found.append(_take(info, depth, str(depth), f"depth {depth}", books, remark=remark, slug=f"depth_{depth:02d}"))
    known = {take.books for take in found}
    for role, books in alone.items():
        if books not in known:
            name = f"the {role} books alone" if len(books) > 1 else f"the {role} book alone"
            slug = f"{role}_alone"
            found.append(_take(info, len(found), role.capitalize(), name, books, remark="alone", slug=slug))
    return tuple(found)


def full_take(info: CodecInfo) -> int:
    """The number of the take with every book."""
    return next(take.number for take in takes(info)[1:] if take.books is None or len(take.books) == info.depth)


def why_no_depth(info: CodecInfo) -> str:
    """Why no depth can be chosen, one sentence; empty where it can."""
    if not info.books and info.latent_dim:
        return f"{info.name} has continuous latents and no codebooks, so there is no depth to choose."
    if not info.books:
        return f"{info.name} has no codebooks, so there is no depth to choose."
    if info.depth == 1:
        return f"{info.name} has a single codebook, so there is no depth to choose."
    if info.depth_mode == "parallel":
        return f"The books of {info.name} stand side by side: instead of a depth, one of them can be left out."
    if info.depth_mode == "none":
        return f"{info.name} needs all its books together, so there is no depth to choose."
    return ""


def _take(info: CodecInfo, number: int, title: str, name: str, books: tuple[int, ...] | None, **more: object) -> Take:
    kbps = sum(info.books[book].bits * info.books[book].frame_rate_hz for book in books or ()) / 1000.0
    return Take(number, title, name, books, kbps, **more)  # type: ignore[arg-type]


def _alone(info: CodecInfo) -> dict[str, tuple[int, ...]]:
    """The books of each role, where there are several roles."""
    found: dict[str, tuple[int, ...]] = {}
    for index, book in enumerate(info.books):
        found[book.role] = (*found.get(book.role, ()), index)
    return found if len(found) > 1 else {}
