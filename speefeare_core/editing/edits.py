"""What can be done to the tokens of a clip, as plain data. Needs neither numpy nor torch.

A clip is a grid: one row a book, one cell a frame of that book. An edit touches a `Region` of it. Frames are those of
the fastest book; of a slower book (SNAC) those cells are touched whose middle lies in the region. The edits of a list
are done one after the other, each on what the ones before it left. A cell is one of three:

- quantised: its book adds the entry that the code names (where every cell begins, and what each edit that writes a
  code makes it again);
- silent: its book adds nothing there (`Zero`);
- continuous: its book adds what the encoder asked it for, before the nearest entry took its place (`Continuous`).

What "adds" means is the same for all quantisers: books are summed, and the decoder hears the sum. Residual books (DAC,
EnCodec, SoundStream) are summed as they are; split books (Mimi) each in the space of their half, which is projected
and then summed; factorised books (DAC, SNAC) after the projection of the entry to the width of the latents. A codec
without books (a VAE) has one row of latent vectors, in which frames can be zeroed, shuffled, frozen, copied and
swapped, but which has no index to set and no neighbours.

The encoder is not run again: later books keep the codes that they found for the unedited clip, and their entries are
added to whatever the edited ones now say.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal, NoReturn, get_args

Fit = Literal["cut", "repeat", "stretch"]
FITS: tuple[Fit, ...] = get_args(Fit)


@dataclass(frozen=True)
class Region:
    """A rectangle: frames [start, stop) of the fastest book (stop None: to the end) × books from 0 (empty: all)."""

    start: int = 0
    stop: int | None = None
    books: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.start < 0 or (self.stop is not None and self.stop <= self.start):
            raise ValueError(f"no frames from {self.start} to {self.stop}")
        if any(book < 0 for book in self.books):
            raise ValueError(f"no books {self.books}")


@dataclass(frozen=True)
class Edit:
    """What all have in common."""

    kind: ClassVar[str] = ""
    region: Region


@dataclass(frozen=True)
class SetIndex(Edit):
    """Every cell gets the code `index`. It must be an entry of every book of the region."""

    kind: ClassVar[str] = "set"
    index: int = 0


@dataclass(frozen=True)
class Zero(Edit):
    """The books add nothing here: as if the entry were the zero vector, which need not be among the entries.

    A book that is zeroed over the whole clip is left out, as `Codec.decode(books=…)` leaves it out; that is possible
    for every codec that decodes single books. Zeroed for a while, it needs a codec that decodes latents.
    """

    kind: ClassVar[str] = "zero"


@dataclass(frozen=True)
class Shuffle(Edit):
    """The codes of each book change places in time, within the region; silence moves with its cell.

    The order follows from `seed` alone (`seeded.permutation`), on every computer. `together`: books of one frame rate
    share one order, so that whole frames move; otherwise each book has its own.
    """

    kind: ClassVar[str] = "shuffle"
    seed: int = 0
    together: bool = False


@dataclass(frozen=True)
class Freeze(Edit):
    """Every cell gets the code that its book has in the frame `at` (of the fastest book; None: the region's first)."""

    kind: ClassVar[str] = "freeze"
    at: int | None = None


@dataclass(frozen=True)
class Copy(Edit):
    """Cells get the codes of another clip, read from its frame `at` on (None: from the same frame).

    `source` is the key of one of the list's sources; empty: this clip itself, as it is before this edit. Where the
    source has no frame any more, cells stay as they are.
    """

    kind: ClassVar[str] = "copy"
    source: str = ""
    at: int | None = None


@dataclass(frozen=True)
class Swap(Edit):
    """Books of this clip make way for the same books of another one: "content of A with the voice of B".

    With A open, swapping the acoustic books gives the content of A and the voice of B; swapping the semantic books
    gives the other half of the exchange. Clips differ in length: `fit` "cut" leaves this clip's own codes where the
    other has ended, "repeat" begins the other anew, "stretch" reads the other evenly slower or faster, so that both
    begin and end together (frame ⌊f · F_other / F_own⌋ in the row's own frames).
    """

    kind: ClassVar[str] = "swap"
    source: str = ""
    fit: Fit = "cut"


@dataclass(frozen=True)
class Neighbours(Edit):
    """Each code makes way for one of its `k` nearest entries, itself not among them, drawn evenly by `seed`.

    Nearest by the distance that the book itself searches by (`Codec.book_entries`, Euclidean); of equal ones the lower
    index. k = 1 is always the nearest one. `k` must be less than the entries of every book of the region.
    """

    kind: ClassVar[str] = "neighbours"
    k: int = 1
    seed: int = 0


@dataclass(frozen=True)
class Continuous(Edit):
    """The books add what the encoder asked them for, instead of the nearest entry.

    - Residual and split books: the residual that reaches the book. Nothing is left over for the books after it (of its
      half), so they add nothing there: from this book on the quantiser is open.
    - Factorised books: the residual as it comes through the few dimensions in which the book is searched, and back
      (`out_proj(in_proj(r))`). The books after it are searched again for what that leaves over, where their own cells
      are quantised as the encoder left them.
    - A single book: the latents themselves.

    The residual is that of the unedited clip, whatever edits did to the books before it.
    """

    kind: ClassVar[str] = "continuous"


@dataclass(frozen=True)
class Restore(Edit):
    """The cells are as the encoder made them: the first codes, quantised."""

    kind: ClassVar[str] = "restore"


KINDS: dict[str, type[Edit]] = {
    kind.kind: kind for kind in (SetIndex, Zero, Shuffle, Freeze, Copy, Swap, Neighbours, Continuous, Restore)
}


@dataclass(frozen=True)
class Source:
    """Another clip that edits read from: a sound file, encoded with the same codec."""

    key: str
    path: str


@dataclass(frozen=True)
class EditList:
    """Edits in the order in which they are done, where they read from, and the switches of the books.

    `continuous` are the books (from 0) whose switch stands at continuous: after all edits, all of their cells that are
    not silent are continuous.
    """

    edits: tuple[Edit, ...] = ()
    continuous: tuple[int, ...] = ()
    sources: tuple[Source, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing."""
        return not self.edits and not self.continuous

    def path_of(self, key: str) -> str:
        """The sound file of a source. Raises KeyError for a key that the list does not have."""
        return next((source.path for source in self.sources if source.key == key), None) or _missing(key)

    def used_sources(self) -> tuple[str, ...]:
        """Keys of the sources that edits read from, in the order of their first use."""
        keys = (edit.source for edit in self.edits if isinstance(edit, Copy | Swap))
        return tuple(dict.fromkeys(key for key in keys if key))

    def adding(self, edit: Edit) -> EditList:
        """One edit more, at the end."""
        return dataclasses.replace(self, edits=(*self.edits, edit))

    def without(self, index: int) -> EditList:
        """One edit less; sources that nobody reads any more go too."""
        left = dataclasses.replace(self, edits=self.edits[:index] + self.edits[index + 1 :])
        used = left.used_sources()
        return dataclasses.replace(left, sources=tuple(source for source in self.sources if source.key in used))

    def reading_from(self, path: str) -> tuple[EditList, str]:
        """The list with this sound file among its sources, and its key there."""
        known = next((source.key for source in self.sources if source.path == path), None)
        if known is not None:
            return self, known
        taken = {source.key for source in self.sources}
        key = next(name for name in _names() if name not in taken)
        return dataclasses.replace(self, sources=(*self.sources, Source(key, path))), key

    def switching(self, book: int, continuous: bool) -> EditList:
        """One book's switch turned."""
        others = {other for other in self.continuous if other != book}
        return dataclasses.replace(self, continuous=tuple(sorted(others | ({book} if continuous else set()))))


def _names() -> Iterator[str]:
    """b, c … z, b2, c2 …: the clip itself is a."""
    for count in itertools.count(1):
        for letter in "bcdefghijklmnopqrstuvwxyz":
            yield letter if count == 1 else f"{letter}{count}"


def _missing(key: str) -> NoReturn:
    raise KeyError(key)
