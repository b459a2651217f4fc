"""PESQ-WB: perceptual evaluation of speech quality, wide band (ITU-T P.862.2), by the package `pesq`.

MOS-LQO = 0.999 + 4 / (1 + exp(−1.3669 · PESQ + 3.8224)), from 1.04 to 4.64. Always computed at 16 kHz: other rates
are resampled first. It finds its own delays a second time, which does no harm after alignment.
"""

from __future__ import annotations

import numpy as np

from speefeare_core.audio import Audio, Samples
from speefeare_core.evaluation.metrics.metric import Measured, Metric, is_silent, missing_package

RATE_HZ = 16_000
SHORTEST_S = 0.25  # the model has no speech to look at below this


def measure(reference: Samples, decoded: Samples, rate_hz: int) -> Measured:
    """Two aligned recordings `[T]` → MOS-LQO."""
    try:
        from pesq import NoUtterancesError, PesqError, pesq
    except ImportError as error:
        raise missing_package("PESQ", "pesq") from error
    if is_silent(reference) or is_silent(decoded):
        return Measured(None, "PESQ is not defined for silence.")
    x, y = (Audio(part[None], rate_hz).resampled(RATE_HZ).samples[0] for part in (reference, decoded))
    if len(x) < SHORTEST_S * RATE_HZ:
        return Measured(None, f"PESQ needs at least {SHORTEST_S} s.")
    try:
        value = float(pesq(RATE_HZ, x, y, "wb"))
    except NoUtterancesError:
        return Measured(None, "PESQ found no speech.")
    except (PesqError, ValueError) as error:
        return Measured(None, f"PESQ gave up: {error}.")
    return Measured(value) if np.isfinite(value) else Measured(None, "PESQ found no speech.")


METRIC = Metric("pesq_wb", "PESQ-WB", "MOS-LQO", True, measure, "ITU-T P.862.2", "pesq", "pesq")
