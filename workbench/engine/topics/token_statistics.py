"""What is said about tokens as such: entries of the books, counts of a corpus, the codes of another recording."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.engine.memory import ArrayRef
from workbench.engine.messages import Event, Request


@dataclass(frozen=True)
class DescribeBooks(Request):
    """What the entries of the codec's books are → BooksDescribed."""


@dataclass(frozen=True)
class MapBook(Request):
    """A flat map of a book's entries that keeps neighbours together → BookMapped."""

    book: int  # from 0


@dataclass(frozen=True)
class CountCorpus(Request):
    """Count the tokens of all sound files in a folder, or of the shipped sample (empty) → CorpusCounted."""

    folder: str = ""


@dataclass(frozen=True)
class EncodeOther(Request):
    """Encode another recording with the codec, beside the clip → OtherEncoded."""

    path: str


@dataclass(frozen=True)
class StatisticsProgress(Event):
    """How far one of these requests is."""

    stage: str
    done: float  # 0 to 1


@dataclass(frozen=True)
class BooksDescribed(Event):
    """Of K books with at most N entries; what a smaller book does not have is NaN, in `neighbours` −1.

    Neighbours and points are of the space in which a book is searched (`Codec.book_entries`), norms of the one in which
    books are summed (`Codec.entry_energies`). None: the codec's books hold no entries; `reason` says so.
    """

    norms: ArrayRef | None = None  # float32 [K, N]
    neighbours: ArrayRef | None = None  # int32 [K, N, n], nearest first; n is 0 where books are too large
    distances: ArrayRef | None = None  # float32 [K, N, n]
    points: ArrayRef | None = None  # float32 [K, N, 2] on the two principal axes of each book
    shares: tuple[tuple[float, float], ...] = ()  # of the variance on each axis
    kept: tuple[float, ...] = ()  # share of the nearest neighbours that are neighbours on the map too
    reason: str = ""


@dataclass(frozen=True)
class BookMapped(Event):
    """The map of one book."""

    book: int  # from 0
    points: ArrayRef  # float32 [N, 2]
    kept: float


@dataclass(frozen=True)
class CorpusCounted(Event):
    """What is frequent for this codec."""

    folder: str  # empty: the shipped sample
    counts: ArrayRef  # int64 [K, N], 0 beyond a smaller book
    files: int
    seconds: float
    skipped: tuple[str, ...]  # why files could not be read


@dataclass(frozen=True)
class OtherEncoded(Event):
    """One int32 [K_g, F_g] for each frame rate, in book order."""

    path: str
    groups: tuple[ArrayRef, ...]
    frame_rates_hz: tuple[float, ...]
    length_s: float
