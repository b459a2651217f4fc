"""What is known of tokens as such: the entries of the books, a corpus, the clip's own counts, a second set of codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class BookEntries:
    """See `workbench.engine.topics.token_statistics.BooksDescribed`."""

    norms: Array  # [K, N]
    neighbours: Array  # [K, N, n]
    distances: Array  # [K, N, n]
    points: Array  # [K, N, 2]
    shares: tuple[tuple[float, float], ...]
    kept: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class BookMap:
    """Points `[N, 2]` on a map that keeps neighbours together, and the share of them that it does keep."""

    points: Array
    kept: float


@dataclass(frozen=True, eq=False)
class Corpus:
    """Counts `[K, N]`. `folder` is empty for the shipped sample."""

    folder: str
    counts: Array
    files: int
    seconds: float
    skipped: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What it is, in words."""
        length = f"{self.seconds / 60:.1f} min" if self.seconds >= 120 else f"{self.seconds:.1f} s"
        return f"{self.files} file{'s' * (self.files != 1)}, {length}" if self.folder else f"shipped sample, {length}"


@dataclass(frozen=True, eq=False)
class OtherCodes:
    """Another recording under the same codec: one int32 `[K_g, F_g]` for each frame rate."""

    path: str
    groups: tuple[Array, ...]
    rates_hz: tuple[float, ...]
    length_s: float


@dataclass(eq=False)
class Wanted:
    """Requests under way by what they are for: "entries", "map", "corpus", "other"."""

    requests: dict[str, int] = field(default_factory=dict)
    stage: str = ""
    done: float = 0.0


class TokenStatistics(QObject):
    """Of the loaded codec and the open clip."""

    changed = Signal()
    progress_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.entries: BookEntries | None = None
        self.no_entries = ""  # why there are none; empty: they were not asked for, or they are there
        self.maps: dict[int, BookMap] = {}  # by book, from 0
        self.corpus: Corpus | None = None
        self.corpus_folder = ""  # the one that was chosen
        self.other: OtherCodes | None = None
        self.against = ""  # what the clip is compared with: a path, "column:N", or nothing
        self.clip_counts: dict[int, Array] = {}  # [N] by book, from 0; made when they are asked for
        self.failed: set[str] = set()  # what was asked for and could not be done: not asked for again by itself
        self.wanted = Wanted()

    def update(self, **values: object) -> None:
        """Set some of the fields and say so."""
        for name, value in values.items():
            setattr(self, name, value)
        self.changed.emit()

    def expects(self, key: str, request_id: int) -> bool:
        """Whether this is the request that counts for `key`."""
        return self.wanted.requests.get(key, 0) == request_id != 0

    def expect(self, key: str, request_id: int) -> None:
        """From now on this request counts."""
        self.wanted.requests[key] = request_id
        self.changed.emit()

    def ended(self, request_id: int) -> str:
        """A request is over; what it was for, empty: none of ours."""
        for key, request in list(self.wanted.requests.items()):
            if request == request_id:
                del self.wanted.requests[key]
                self.set_progress("", 0.0)
                self.changed.emit()
                return key
        return ""

    def set_progress(self, stage: str, done: float) -> None:
        """What is being computed; empty: nothing."""
        self.wanted.stage, self.wanted.done = stage, done
        self.progress_changed.emit()

    def forget_codec(self) -> None:
        """Another codec: nothing that was counted or described is of it. What was chosen stays chosen."""
        self.maps.clear()
        self.clip_counts.clear()
        self.failed.clear()
        self.wanted = Wanted()
        against = self.against if self.against.startswith("column:") else ""
        self.update(entries=None, no_entries="", corpus=None, other=None, against=against)

    def forget_clip(self) -> None:
        """Other codes."""
        self.clip_counts.clear()
        self.changed.emit()
