"""The residual ladder of the clip, and how it is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from speefeare_core.evaluation.ladder_rows import LadderRow
from speefeare_core.evaluation.ladder_words import LadderParts

Array = NDArray[Any]


@dataclass(frozen=True)
class Ladder:
    """Energies ‖r‖² `[F, R]` up to `frames_done`, with their means `levels` (see `evaluation.mean_pyramid`)."""

    rows: tuple[LadderRow, ...]
    energies: Array | None
    levels: Array | None
    frames_done: int
    frame_rate_hz: float
    means: tuple[float, ...]
    parts: LadderParts
    words: tuple[str, ...]


class LadderState(QObject):
    """Nothing here is asked for; `verbs.ladder` does that."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.ladder: Ladder | None = None
        self.request = 0  # id of the WantLadder under way; 0: none
        self.problem = ""  # why the last one failed

    def set_ladder(self, ladder: Ladder | None) -> None:
        """There is more of it, or none any more."""
        self.ladder = ladder
        self.changed.emit()

    def forget(self) -> None:
        """Another clip or codec."""
        self.request, self.problem = 0, ""
        self.set_ladder(None)
