"""Marks and notes on the clip: moments or stretches with a name, in seconds of the clip.

A mark remembers which version was heard when it was set. One that is set in a blind trial shows the label it was heard
under (A, B, C …) and nothing else until the labels are revealed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from PySide6.QtCore import QObject, Signal

from speefeare_core.errors import SpeefeareError

NEAR_S = 0.02  # a mark this near to the cursor is the one under it


@dataclass(frozen=True)
class Mark:
    """A moment at `time_s`, or the stretch [time_s, end_s)."""

    id: int  # stays the same when it is moved or renamed; counts from 1
    time_s: float
    name: str = ""  # what the person wrote
    end_s: float | None = None
    heard: int | None = None  # number of the take that was heard (`derived_takes`); None: not known
    heard_words: str = ""  # that take in words: "mimi-24 · depth 3"
    label: str = ""  # what it was called in a blind trial; empty: set with open eyes
    trial: int = 0  # which trial that was, from 1

    @property
    def title(self) -> str:
        """Its name, or a name for one without."""
        return self.name or f"Mark {self.id}"


class MarksState(QObject):
    """The marks of the open clip, by time; those of clips that were open before come back with their clip."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.path = ""  # the clip that they belong to
        self.trial = 0  # number of the blind trial begun last
        self.hidden_trials: frozenset[int] = frozenset()  # those whose labels were not revealed yet
        self._marks: dict[str, tuple[Mark, ...]] = {}

    # -- reading ----------------------------------------------------------------------------------------------------
    @property
    def marks(self) -> tuple[Mark, ...]:
        """Those of the open clip, by time."""
        return self._marks.get(self.path, ())

    def get(self, mark_id: int) -> Mark | None:
        """The mark with this id, if there is one."""
        return next((mark for mark in self.marks if mark.id == mark_id), None)

    def at(self, time_s: float, within_s: float = NEAR_S) -> Mark | None:
        """The mark nearest to a time, no farther from it than `within_s`."""
        found = min(self.marks, key=lambda mark: abs(mark.time_s - time_s), default=None)
        return found if found is not None and abs(found.time_s - time_s) <= within_s + 1e-9 else None

    def after(self, time_s: float) -> Mark | None:
        """The first mark later than a time."""
        return next((mark for mark in self.marks if mark.time_s > time_s + 1e-6), None)

    def before(self, time_s: float) -> Mark | None:
        """The last mark earlier than a time."""
        return next((mark for mark in reversed(self.marks) if mark.time_s < time_s - 1e-6), None)

    def is_hidden(self, mark: Mark) -> bool:
        """Whether only its label may be shown."""
        return mark.trial in self.hidden_trials

    def heard_as(self, mark: Mark) -> str:
        """Which version was heard, as far as it may be told: "B", or "mimi-24 · depth 3 (was B)"."""
        if self.is_hidden(mark):
            return mark.label
        return f"{mark.heard_words} (was {mark.label})" if mark.label else mark.heard_words

    def new_id(self) -> int:
        """An id that no mark of this clip has."""
        return max((mark.id for mark in self.marks), default=0) + 1

    # -- writing ----------------------------------------------------------------------------------------------------
    def show(self, path: str) -> None:
        """Another clip is open (empty: none): its marks take the place of those shown."""
        if path != self.path:
            self.path = path
            self.changed.emit()

    def put(self, mark: Mark, path: str | None = None) -> None:
        """Add a mark, or change the one with its id. `path`: of which clip (None: the open one)."""
        self._set(path, [*self._without(mark.id, path), mark])

    def remove(self, mark_id: int, path: str | None = None) -> None:
        """Take a mark away, if it is there."""
        self._set(path, self._without(mark_id, path))

    def begin_trial(self) -> int:
        """A blind trial begins: marks that carry its number are hidden until `reveal`."""
        self.trial += 1
        self.hidden_trials |= {self.trial}
        return self.trial

    def reveal(self) -> None:
        """All labels may be told from now on."""
        if self.hidden_trials:
            self.hidden_trials = frozenset()
            self.changed.emit()

    @property
    def has_hidden(self) -> bool:
        """Whether a mark of the open clip still hides what was heard."""
        return any(self.is_hidden(mark) for mark in self.marks)

    def _without(self, mark_id: int, path: str | None) -> list[Mark]:
        return [mark for mark in self._marks.get(self.path if path is None else path, ()) if mark.id != mark_id]

    def _set(self, path: str | None, marks: list[Mark]) -> None:
        where = self.path if path is None else path
        self._marks[where] = tuple(sorted(marks, key=lambda mark: (mark.time_s, mark.id)))
        if where == self.path:
            self.changed.emit()

    # -- documents --------------------------------------------------------------------------------------------------
    def to_json(self) -> dict[str, Any]:
        """The marks of the open clip, JSON-ready: {"marks": [{…}], "trial": n, "hidden_trials": [n]}."""
        used = {mark.trial for mark in self.marks if mark.trial}
        return {
            "marks": [asdict(mark) for mark in self.marks],
            "trial": self.trial,
            "hidden_trials": sorted(used & self.hidden_trials),
        }

    def set_json(self, data: Any, path: str | None = None) -> None:
        """The inverse, for the clip at `path` (None: the open one); what was there is replaced.

        Raises `SpeefeareError` for data that holds no marks; nothing is changed then.
        """
        marks, trial, hidden = marks_from(data)
        self.trial = max(self.trial, trial)
        self.hidden_trials |= hidden
        self._set(path, list(marks))


_KINDS: Mapping[str, tuple[type, ...]] = {
    "id": (int,),
    "time_s": (int, float),
    "name": (str,),
    "end_s": (int, float, type(None)),
    "heard": (int, type(None)),
    "heard_words": (str,),
    "label": (str,),
    "trial": (int,),
}
assert set(_KINDS) == {row.name for row in fields(Mark)}


def marks_from(data: Any) -> tuple[tuple[Mark, ...], int, frozenset[int]]:
    """Marks, the last trial and the hidden ones, out of `to_json`. Raises `SpeefeareError` for anything else."""
    if not isinstance(data, dict) or not isinstance(data.get("marks"), list):
        raise SpeefeareError("The marks of this document cannot be read: their list is missing.")
    marks = tuple(_mark_from(row, place) for place, row in enumerate(data["marks"], 1))
    if len({mark.id for mark in marks}) < len(marks):
        raise SpeefeareError("The marks of this document cannot be read: two of them have the same id.")
    trial, hidden = data.get("trial", 0), data.get("hidden_trials", [])
    if not _is_count(trial) or not isinstance(hidden, list) or not all(_is_count(number) for number in hidden):
        raise SpeefeareError("The marks of this document cannot be read: their blind trials are not numbers.")
    return marks, max([trial, *(mark.trial for mark in marks)]), frozenset(hidden)


def _mark_from(row: Any, place: int) -> Mark:
    if not isinstance(row, dict):
        raise SpeefeareError(f"Mark {place} of this document is not an object with a time.")
    known = {name: value for name, value in row.items() if name in _KINDS}
    for name, value in known.items():
        if not isinstance(value, _KINDS[name]) or isinstance(value, bool):
            raise SpeefeareError(f"Mark {place} of this document has a {name} that is no such thing: {value!r:.40}.")
    if not {"id", "time_s"} <= set(known):
        raise SpeefeareError(f"Mark {place} of this document lacks its id or its time.")
    mark = Mark(**known)
    times = [mark.time_s, *([] if mark.end_s is None else [mark.end_s])]
    if mark.id < 1 or not all(0 <= seconds < 1e9 for seconds in times) or times != sorted(times):
        raise SpeefeareError(f"Mark {place} of this document lies outside of any clip.")
    return mark


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
