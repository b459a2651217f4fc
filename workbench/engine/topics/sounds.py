"""Sound files beside the clip, compared like takes: one cursor, several sounds, and one of them is heard."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.engine.messages import Event, Request


@dataclass(frozen=True)
class PlaySounds(Request):
    """Play sound files over one cursor → SoundsReady, and at their end SoundsEnded. No clip need be open.

    What was playing waits, and goes on where it was; a newer PlaySounds (or PlayOnce, AuditionCode) takes their place
    with a cross-fade. Sounds that are shorter than the longest end in silence.
    """

    paths: tuple[str, ...]
    heard: int = 0  # index into `paths`
    start_s: float = 0.0
    loop: bool = False
    match: bool = True  # bring the others to the loudness of the first, by 20 dB at most


@dataclass(frozen=True)
class HearSound(Request):
    """Which of them is heard, at the same sample and by a cross-fade of 5 ms."""

    heard: int


@dataclass(frozen=True)
class SeekSounds(Request):
    """Move their cursor."""

    second: float


@dataclass(frozen=True)
class StopSounds(Request):
    """Stop them."""


@dataclass(frozen=True)
class SoundsReady(Event):
    """They play. `sounds_s` of the player's status is where."""

    length_s: float
    gains_db: tuple[float, ...]


@dataclass(frozen=True)
class SoundsEnded(Event):
    """They were heard to their end, stopped, or gave way to something else; `request_id` is that of PlaySounds."""
