"""A training batch: the audio of its examples, and where each is from. Without torch."""

from __future__ import annotations

from dataclasses import dataclass

from speefeare_core.audio import Samples


@dataclass(frozen=True)
class Place:
    """Where one example of a batch is from, and what was done to it.

    Sample `offset + n` of the example is sample `start + n * speed` of the clip, for n in 0 … `filled` − 1; zeros are
    around it. All positions are samples at the rate of the run.
    """

    clip: str  # "source/clip": unique in a run, the same in every run on the same data
    start: int  # first sample of the clip that is heard
    length: int  # samples of the clip that are heard
    offset: int  # first sample of the example that is not padding
    filled: int  # samples of the example that are not padding
    speed: float = 1.0  # above 1: faster and higher
    gain: float = 1.0  # factor, negative where the sign is turned
    phase: float = 0.0  # radians by which all phases are turned
    tilt: float = 0.0  # a of x[n] + a x[n − 1]
    noise_db: float | None = None  # RMS level of added noise, dBFS


@dataclass(frozen=True)
class Batch:
    """What one step trains on."""

    audio: Samples  # [B, 1, T] float32
    places: tuple[Place, ...]  # B of them
