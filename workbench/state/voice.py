"""Pitch and formants of the takes that they were asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal


@dataclass(frozen=True)
class Voice:
    """float32 `[N, 5]`: pitch and four formants in Hz at (i + ½) · `step_s`; rows from `rows_done` on are missing."""

    tracks: NDArray[Any]
    rows_done: int
    step_s: float


class VoiceState(QObject):
    """By number of the take."""

    changed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.voices: dict[int, Voice] = {}
        self.requests: dict[int, int] = {}  # take → id of the request under way
        self.failed: set[int] = set()  # takes that are not asked for again

    def put(self, take: int, voice: Voice) -> None:
        """More of a take is measured."""
        self.voices[take] = voice
        self.changed.emit(take)

    def forget(self, take: int | None = None) -> None:
        """Another clip, codec or sound of a take."""
        takes = list(self.voices) if take is None else [take]
        for found in (self.voices, self.requests):
            for number in takes if take is not None else list(found):
                found.pop(number, None)  # type: ignore[attr-defined]
        self.failed = set() if take is None else self.failed - {take}
        for number in takes:
            self.changed.emit(number)
