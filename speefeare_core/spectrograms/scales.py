"""Frequency axes: Hz to a place between 0 and 1, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LOG_FROM_HZ = 40.0  # where a logarithmic axis begins
Numbers = NDArray[Any]


@dataclass(frozen=True)
class ScaleInfo:
    """`warp` and `unwarp` map Hz to units of the scale and back; `from_hz`: the lowest frequency shown."""

    title: str
    warp: Callable[[Any], Any]
    unwarp: Callable[[Any], Any]
    tip: str
    from_hz: float = 0.0

    def share(self, frequency_hz: Any, top_hz: float) -> Any:
        """Where a frequency lies, 0 at the lower end and 1 at `top_hz`; below the lower end it is negative."""
        low, high = self.warp(self.from_hz), self.warp(top_hz)
        return (self.warp(np.maximum(frequency_hz, 1e-3)) - low) / (high - low)

    def frequency(self, share: Any, top_hz: float) -> Any:
        """The inverse of `share`."""
        low, high = self.warp(self.from_hz), self.warp(top_hz)
        return self.unwarp(low + np.asarray(share) * (high - low))


SCALES: dict[str, ScaleInfo] = {
    "linear": ScaleInfo("Linear", lambda f: np.asarray(f, float), lambda v: v, "Equal steps in Hz."),
    "log": ScaleInfo("Log", lambda f: np.log2(f), lambda v: 2.0**v, "Equal steps are octaves.", LOG_FROM_HZ),
    # O'Shaughnessy 1987
    "mel": ScaleInfo(
        "Mel",
        lambda f: 2595.0 * np.log10(1.0 + np.asarray(f) / 700.0),
        lambda v: 700.0 * (10.0 ** (np.asarray(v) / 2595.0) - 1.0),
        "Equal steps sound equally far apart in pitch.",
    ),
    # Glasberg & Moore 1990
    "erb": ScaleInfo(
        "ERB",
        lambda f: 21.4 * np.log10(1.0 + 0.00437 * np.asarray(f)),
        lambda v: (10.0 ** (np.asarray(v) / 21.4) - 1.0) / 0.00437,
        "Equal steps are equal numbers of auditory filters.",
    ),
}
