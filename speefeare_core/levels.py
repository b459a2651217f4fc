"""Loudness after ITU-R BS.1770-4, and the gain that brings one recording to the loudness of another."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from speefeare_core.audio import Samples

Floats = NDArray[np.float64]
BLOCK_S, STEP_S = 0.4, 0.1
ABSOLUTE_GATE_LUFS, RELATIVE_GATE_LU = -70.0, -10.0
_SURROUND_GAIN = 1.41  # of the fourth and fifth channel
_HIGH_PASS_A0_48K = 1.0049949  # the standard's table leaves this division out


def loudness_lufs(samples: Samples, rate_hz: int) -> float:
    """Integrated, gated loudness of `[C, T]` in LUFS; −inf for silence.

    Recordings shorter than the 0.4 s block of the standard are measured as one ungated block.
    """
    weighted = k_weighted(np.asarray(samples, np.float64), rate_hz)
    gains = np.ones(len(weighted))
    gains[3:5] = _SURROUND_GAIN
    size, step = round(BLOCK_S * rate_hz), STEP_S * rate_hz
    length = weighted.shape[1]
    count = max(1, round((length / rate_hz - BLOCK_S) / STEP_S) + 1)
    energy = np.concatenate([[0.0], np.cumsum(gains @ weighted**2)])
    starts = np.array([int(index * step) for index in range(count)])
    stops = np.minimum(starts + size, length)
    power = (energy[stops] - energy[starts]) / (size if length >= size else max(1, length))
    power = np.maximum(power, 0.0)
    if length < size:
        return _lufs(float(power[0]))
    levels = np.array([_lufs(float(value)) for value in power])
    loud = power[levels > ABSOLUTE_GATE_LUFS]
    if not len(loud):
        return -math.inf
    gate = _lufs(float(loud.mean())) + RELATIVE_GATE_LU
    kept = power[(levels > ABSOLUTE_GATE_LUFS) & (levels > gate)]
    return _lufs(float(kept.mean())) if len(kept) else -math.inf


def matching_gain(reference: Samples, other: Samples, rate_hz: int, limit_db: float = 20.0) -> float:
    """The factor that gives `other` `[C, T]` the loudness of `reference`; 1 where either is silent.

    Never more than ±`limit_db`, so that a nearly silent decode does not become noise at full level.
    """
    wanted, found = loudness_lufs(reference, rate_hz), loudness_lufs(other, rate_hz)
    if not (math.isfinite(wanted) and math.isfinite(found)):
        return 1.0
    return float(10.0 ** (min(max(wanted - found, -limit_db), limit_db) / 20.0))


def k_weighted(samples: Floats, rate_hz: int) -> Floats:
    """`[C, T]` through the high shelf and the high pass of BS.1770, designed for any rate.

    Exact at 48 kHz; the bilinear transform bends the shelf below that (by 0.05 dB at 16 kHz, 0.2 dB at 8 kHz).
    """
    for b, a in k_weighting(rate_hz):
        samples = lfilter(b, a, samples, axis=-1)
    return samples


def k_weighting(rate_hz: int) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Both filters of BS.1770, each as (b, a), to be run one after the other."""
    return _high_shelf(rate_hz), _high_pass(rate_hz)


def _high_shelf(rate_hz: int) -> tuple[Floats, Floats]:
    """Stage 1: +4 dB above about 1.5 kHz, the head. At 48 kHz this is the table of BS.1770 Annex 1."""
    centre_hz, gain_db, quality = 1681.9744509555319, 3.999843853973347, 0.7071752369554196
    k = math.tan(math.pi * centre_hz / rate_hz)
    high = 10 ** (gain_db / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / quality + k * k
    b = np.array([high + band * k / quality + k * k, 2 * (k * k - high), high - band * k / quality + k * k]) / a0
    return b, np.array([1.0, 2 * (k * k - 1) / a0, (1 - k / quality + k * k) / a0])


def _high_pass(rate_hz: int) -> tuple[Floats, Floats]:
    """Stage 2: the RLB high pass at 38 Hz, scaled so that every rate passes high tones like the table at 48 kHz."""
    centre_hz, quality = 38.13547087602444, 0.5003270373238773
    k = math.tan(math.pi * centre_hz / rate_hz)
    a0 = 1 + k / quality + k * k
    return np.array([1.0, -2.0, 1.0]) * (_HIGH_PASS_A0_48K / a0), np.array(
        [1.0, 2 * (k * k - 1) / a0, (1 - k / quality + k * k) / a0]
    )


def _lufs(power: float) -> float:
    return -0.691 + 10 * math.log10(power) if power > 0 else -math.inf
