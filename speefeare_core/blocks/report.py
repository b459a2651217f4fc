"""SeamReport: what `seam.measure_seam` found, as plain data that travels between processes. Needs no torch."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SeamReport:
    """Blocks against one call, on one recording. Plain data; levels are books, shallow first.

    The audio is compared for the same tokens, so it tells of the decoder alone; `round_trip_snr_db` of both.
    """

    codec: str
    block_s: float
    context_s: tuple[float, float]  # the longer of encoder and decoder, before and after
    length_s: float
    seams: int
    tokens_near: tuple[float, ...]  # share of equal tokens
    tokens_away: tuple[float, ...]
    latents_max: float | None  # of a codec without books: largest difference over the largest value
    audio_max_near: float
    audio_max_away: float
    audio_snr_near_db: float
    audio_snr_away_db: float
    round_trip_snr_db: float

    def sentence(self) -> str:
        """For people."""
        if self.tokens_near:
            least, most = min(self.tokens_near), min(self.tokens_away)
            told = f"{least:.1%} of the tokens near a seam and {most:.1%} away from it are those of one call"
        else:
            told = f"latents differ by {self.latents_max or 0.0:.1e} of their range"
        return (
            f"Blocks of {self.block_s:.3g} s: {told} (worst book); audio of the same tokens"
            f" {_db(self.audio_snr_near_db)} SNR near, {_db(self.audio_snr_away_db)} away, at most"
            f" {max(self.audio_max_near, self.audio_max_away):.1e} off."
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; what is infinite becomes None."""
        values = dataclasses.asdict(self)
        return {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in values.items()
        }


def _db(value: float) -> str:
    return f"{value:.0f} dB" if math.isfinite(value) else "∞ dB"
