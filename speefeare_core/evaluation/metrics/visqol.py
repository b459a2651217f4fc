"""ViSQOL v3 in speech mode, by the package `visqol-python`: how alike two gammatone spectrograms look, patch by patch.

MOS-LQO from 1 to 5, by the deep lattice model of the official release (google/visqol, Chinen et al., arXiv 2004.09584);
without it speech scores read one to two too high, so it is always asked for. Computed at 16 kHz: other rates are
resampled first. Speech mode looks at the band up to 8 kHz, and at frames with speech only.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from speefeare_core.audio import Audio, Samples
from speefeare_core.evaluation.metrics.metric import Measured, Metric, is_silent, missing_package

RATE_HZ = 16_000
SHORTEST_S = 1.0  # its patches are 0.4 s long, and one of them is no score


def measure(reference: Samples, decoded: Samples, rate_hz: int) -> Measured:
    """Two aligned recordings `[T]` → MOS-LQO."""
    try:
        api = _api()
    except ImportError as error:
        raise missing_package("ViSQOL", "visqol-python[lattice]") from error
    if is_silent(reference) or is_silent(decoded):
        return Measured(None, "ViSQOL is not defined for silence.")
    x, y = (Audio(part[None], rate_hz).resampled(RATE_HZ).samples[0] for part in (reference, decoded))
    if len(x) < SHORTEST_S * RATE_HZ:
        return Measured(None, f"ViSQOL needs at least {SHORTEST_S:g} s.")
    try:
        value = float(api.measure_from_arrays(x.astype(np.float64), y.astype(np.float64), RATE_HZ).moslqo)
    except (ValueError, RuntimeError, IndexError) as error:
        return Measured(None, f"ViSQOL gave up: {error}.")
    return Measured(value) if np.isfinite(value) else Measured(None, "ViSQOL found no speech.")


@lru_cache(maxsize=1)
def _api() -> Any:
    from visqol import VisqolApi

    api = VisqolApi()
    api.create(mode="speech", use_lattice_model=True)
    return api


METRIC = Metric(
    "visqol", "ViSQOL", "MOS-LQO", True, measure, "arXiv 2004.09584", "visqol-python[lattice]", "visqol", first=False
)
