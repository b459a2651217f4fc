"""The training runs that are known, how each is doing, and which of them is looked at.

The run folders are the truth: what is here is read from them, so a window that was closed or killed finds every run
again. `verbs.training.poll` keeps it up to date on the frame clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from speefeare_core.training.jobs.status import ACTIVE
from speefeare_core.training.run_summary import RunSummary, RunTail


@dataclass
class Run:
    """One run folder. `tail` follows its log; `status` is one of `jobs.status.STATES`."""

    folder: str  # absolute
    status: str = "new"
    words: str = ""  # the status in one plain sentence
    recipe: str = ""
    tail: RunTail = field(init=False)
    born: float = 0.0  # when it was begun, seconds since 1970
    next_look: float = 0.0  # on the monotonic clock: when it is read on

    def __post_init__(self) -> None:
        self.tail = RunTail(Path(self.folder))

    @property
    def name(self) -> str:
        """For lists: the folder's own name."""
        return Path(self.folder).name

    @property
    def summary(self) -> RunSummary:
        """Its figures as last read."""
        return self.tail.summary

    @property
    def active(self) -> bool:
        """Whether a process is at it, or will be."""
        return self.status in ACTIVE


class RunsState(QObject):
    """`runs` by folder, the newest first; `chosen` is the one that is looked at, `beside` those laid over it."""

    changed = Signal()  # other runs, or another status of one
    moved = Signal(str)  # folder: its log went on
    chosen_changed = Signal()
    panel_wanted = Signal(str)  # the key of a panel that says more

    def __init__(self) -> None:
        super().__init__()
        self.runs: dict[str, Run] = {}
        self.chosen = ""
        self.beside: tuple[str, ...] = ()
        self.births: dict[str, float] = {}  # by folder: when it was begun, for those that are taken in next
        self.wanted = ""  # a folder that is looked at as soon as it holds a run
        self.next_scan = 0.0  # on the monotonic clock: when run folders are looked for again

    @property
    def run(self) -> Run | None:
        """The one that is looked at."""
        return self.runs.get(self.chosen)

    def set_runs(self, folders: list[str]) -> None:
        """These are known now, in this order; what was read of those that stay, stays."""
        if list(self.runs) != folders:
            self._take(folders)
        if self.wanted in self.runs:
            wanted, self.wanted = self.wanted, ""
            self.choose(wanted)

    def _take(self, folders: list[str]) -> None:
        self.runs = {folder: self.runs.get(folder) or self._new(folder) for folder in folders}
        self.beside = tuple(folder for folder in self.beside if folder in self.runs)
        if self.chosen not in self.runs:
            self.chosen = ""
            self.chosen_changed.emit()
        self.changed.emit()

    def _new(self, folder: str) -> Run:
        return Run(folder, born=self.births.get(folder, 0.0))

    def set_status(self, folder: str, status: str, words: str = "", recipe: str = "") -> None:
        """Where it was another one, everybody hears of it."""
        run = self.runs.get(folder)
        if run is not None and (run.status, run.words) != (status, words):
            run.status, run.words, run.recipe = status, words, recipe
            self.changed.emit()

    def choose(self, folder: str) -> None:
        """Look at a run (empty: none)."""
        if folder != self.chosen and (not folder or folder in self.runs):
            self.chosen = folder
            self.beside = tuple(other for other in self.beside if other != folder)
            self.chosen_changed.emit()

    def lay_beside(self, folder: str, on: bool) -> None:
        """Lay a run over the one that is looked at, or take it away."""
        rest = tuple(other for other in self.beside if other != folder)
        wanted = (*rest, folder) if on and folder in self.runs and folder != self.chosen else rest
        if wanted != self.beside:
            self.beside = wanted
            self.chosen_changed.emit()
