"""STOI: short-time objective intelligibility (Taal et al., IEEE TASLP 19(7), 2011), by the package `pystoi`.

The mean correlation of clipped, normalised third-octave envelopes over 384 ms segments of the frames that hold speech,
about 0 to 1. Computed at 10 kHz inside the package.
"""

from __future__ import annotations

import warnings

import numpy as np

from speefeare_core.audio import Samples
from speefeare_core.evaluation.metrics.metric import Measured, Metric, is_silent, missing_package


def measure(reference: Samples, decoded: Samples, rate_hz: int) -> Measured:
    """Two aligned recordings `[T]` → STOI."""
    try:
        from pystoi import stoi
    except ImportError as error:
        raise missing_package("STOI", "pystoi") from error
    if is_silent(reference) or is_silent(decoded):
        return Measured(None, "STOI is not defined for silence.")
    with warnings.catch_warnings():
        # The package warns and answers 1e-5 where fewer than 30 frames hold speech: that is no measurement.
        warnings.simplefilter("error", RuntimeWarning)
        try:
            value = float(stoi(reference.astype(np.float64), decoded.astype(np.float64), rate_hz))
        except (RuntimeWarning, ValueError):
            return Measured(None, "STOI needs about 0.4 s of speech.")
    return Measured(value) if np.isfinite(value) else Measured(None, "STOI is not defined here.")


METRIC = Metric("stoi", "STOI", "", True, measure, "Taal et al. 2011", "pystoi", "pystoi")
