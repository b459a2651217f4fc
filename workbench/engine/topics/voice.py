"""Pitch and formants of a take."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.engine.memory import ArrayRef
from workbench.engine.messages import Event, Request


@dataclass(frozen=True)
class WantVoice(Request):
    """Measure pitch and formants of a take that can be heard → VoiceReady, sent again as it grows."""

    take: int


@dataclass(frozen=True)
class VoiceReady(Event):
    """float32 [N, 5]: pitch and the first four formants in Hz at (i + ½) · step, NaN where nothing is voiced."""

    take: int
    tracks: ArrayRef
    rows_done: int
    step_s: float
