"""What is said about takes beyond their sound: differences, measures, and takes that had to make room."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.engine.messages import Event, Request


@dataclass(frozen=True)
class MeasureRenders(Request):
    """Measure takes that can be heard already → one RenderMeasured each; differences are left out."""

    numbers: tuple[int, ...]


@dataclass(frozen=True)
class RenderMeasured(Event):
    """One point of a rate–distortion plot: the take before its level matching against the clip's original, aligned, at
    the clip's rate and over all channels. None where a measure is not defined (silence, a clip that is too short)."""

    depth: int
    bitrate_kbps: float  # 0 for continuous latents, which have no rate until somebody quantises them
    si_sdr_db: float | None
    snr_db: float | None  # 10 log10(|x|² / |x − y|²)
    mel_distance_db: float | None  # `speefeare_core.evaluation.metrics.mel_distance`


@dataclass(frozen=True)
class DifferenceReady(Event):
    """A difference can be heard: the sum of `terms` ((number, weight), …), all of which came as RenderReady before.

    It is summed where it is read (`workbench.state.mixed.Mixed`), here and in the window; no array is sent.
    """

    depth: int
    terms: tuple[tuple[int, float], ...]
    level_db: float  # its energy relative to the original's; -inf where it is silent


@dataclass(frozen=True)
class RenderDropped(Event):
    """A take was forgotten (its column was removed, or a long clip had no more room); WantDepth makes it again."""

    depth: int
