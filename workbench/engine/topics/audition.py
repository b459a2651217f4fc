"""Short sounds beside the clip: a moment of a take, or one code alone. The cursor stays where it is."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.engine.messages import Event, Request


@dataclass(frozen=True)
class PlayOnce(Request):
    """Play samples [start, end) of a take once. What was playing waits, and goes on where it was.

    A take that is not made yet is heard as soon as it is. A newer PlayOnce (or AuditionCode) takes its place.
    """

    start: int
    end: int
    take: int = 0  # a number of `workbench.state.derived_takes`


@dataclass(frozen=True)
class AuditionCode(Request):
    """Hear one code of the clip alone → Auditioned, and it is played.

    The code is put into the middle of a short stretch of the codes that the codec writes for digital silence; what is
    heard is the decode of that stretch less the decode of the same stretch without it, so only what this code does.
    """

    book: int  # from 0
    frame: int  # of that book's own frames
    column: int = 0  # of a further codec on the clip (from 1)
    edited: bool = False  # of the edited codes


@dataclass(frozen=True)
class Auditioned(Event):
    """What is played for an AuditionCode."""

    book: int
    frame: int
    column: int
    code: int
    length_s: float
    gain_db: float  # by which it was raised or lowered to be heard well
