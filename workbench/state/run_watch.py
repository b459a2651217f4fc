"""What is seen and heard of training runs: their whole histories, and the two checkpoints that are compared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from speefeare_core.training.run_history import RunHistory

ORIGINAL, A, B = 0, 1, 2  # what is heard
SIDES = ("the original", "A", "B")


@dataclass(frozen=True)
class Side:
    """One side of the comparison: a checkpoint of a run."""

    folder: str = ""  # of the run; empty: the one that is looked at
    step: int | None = None  # None: the newest, also when a newer one comes


class RunWatch(QObject):
    """Nothing here is asked for; `verbs.run_watch` does that."""

    grew = Signal(str)  # folder: there is more of its history
    compared = Signal()  # other checkpoints, another clip, or what is heard
    playing_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.histories: dict[str, RunHistory] = {}
        self.sides: dict[int, Side] = {A: Side(), B: Side(step=0)}
        self.clip = 0  # of the validation clips
        self.heard = A
        self.loop = True
        self.match = True  # bring A and B to the loudness of the original
        self.request = 0  # id of the PlaySounds under way; 0: none
        self.playing = False
        self.sounding = False  # it does by now: the engine says where
        self.position_s = 0.0
        self.length_s = 0.0
        self.gains_db: tuple[float, ...] = ()

    def history(self, folder: str) -> RunHistory:
        """The history of a run, as far as it was read."""
        if folder not in self.histories:
            self.histories[folder] = RunHistory(Path(folder))
        return self.histories[folder]

    def keep_only(self, folders: set[str]) -> None:
        """Forget the histories of runs that nobody looks at."""
        for folder in [folder for folder in self.histories if folder not in folders]:
            del self.histories[folder]

    def set_side(self, side: int, chosen: Side) -> None:
        """Compare another checkpoint."""
        if self.sides[side] != chosen:
            self.sides[side] = chosen
            self.compared.emit()

    def set_clip(self, clip: int) -> None:
        """Compare on another validation clip."""
        if clip != self.clip:
            self.clip = clip
            self.compared.emit()

    def set_heard(self, heard: int) -> None:
        """Hear the original, A or B."""
        if heard != self.heard:
            self.heard = heard
            self.compared.emit()

    def set_playing(self, playing: bool, request: int = 0) -> None:
        """Sounds of this request play, or nothing does."""
        self.request, self.sounding = request, False
        if playing != self.playing:
            self.playing = playing
            self.playing_changed.emit()
