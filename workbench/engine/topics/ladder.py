"""The residual ladder of the clip: the energy of what each book left of the latents, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass

from speefeare_core.evaluation.ladder_rows import LadderRow
from speefeare_core.evaluation.ladder_words import LadderParts
from workbench.engine.memory import ArrayRef
from workbench.engine.messages import Event, Request


@dataclass(frozen=True)
class WantLadder(Request):
    """Climb the ladder of the open clip under its codec → LadderReady, sent again as it grows."""


@dataclass(frozen=True)
class LadderReady(Event):
    """Energies ‖r‖² of F frames in R rows. Without rows (`rows` empty) `words` say why there are none."""

    rows: tuple[LadderRow, ...]
    energies: ArrayRef | None  # float32 [F, R]
    levels: ArrayRef | None  # its means, see speefeare_core.evaluation.mean_pyramid; None: it is short
    frames_done: int
    frame_rate_hz: float
    means: tuple[float, ...]  # of the frames that are done, one a row
    parts: LadderParts
    words: tuple[str, ...]  # how the rows are to be read, and what does not exist
