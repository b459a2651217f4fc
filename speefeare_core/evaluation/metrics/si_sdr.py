"""SI-SDR: scale-invariant signal-to-distortion ratio (Le Roux et al., arXiv 1811.02508).

With x the reference, y the decode, a = <x, y> / <x, x>:  SI-SDR = 10 log10(|a x|² / |a x − y|²) in dB. Means are not
removed. A waveform metric: generative decoders score low on it without sounding bad.
"""

from __future__ import annotations

import numpy as np

from speefeare_core.audio import Samples
from speefeare_core.evaluation.metrics.metric import Measured, Metric, is_silent

LIMIT_DB = 100.0  # float32 audio has no more; a perfect copy would be infinite


def measure(reference: Samples, decoded: Samples, rate_hz: int) -> Measured:
    """Two aligned recordings `[T]` → dB, within ±100."""
    if is_silent(reference) or is_silent(decoded):
        return Measured(None, "SI-SDR is not defined for silence.")
    x, y = reference.astype(np.float64), decoded.astype(np.float64)
    target = (x @ y) / (x @ x) * x
    signal, noise = float(target @ target), float((target - y) @ (target - y))
    tiny = 10.0 ** (-LIMIT_DB / 10) * (signal + noise)
    return Measured(float(10 * np.log10(max(signal, tiny) / max(noise, tiny))))


METRIC = Metric("si_sdr", "SI-SDR", "dB", True, measure, "arXiv 1811.02508")
