"""A decode made ready for comparison: aligned with the original, brought to its loudness, and measured."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from speefeare_core.alignment import estimate_delay
from workbench.engine.server import loudness

Samples = NDArray[np.float32]
CONFIDENT = 0.5  # below this correlation a delay is not believed and nothing is moved
EXCERPT_S = 10.0
MAX_DELAY_S = 0.25
_BLOCK = 1 << 18


@dataclass(frozen=True)
class Measured:
    """What was done to a render."""

    gain_db: float
    delay_samples: int
    si_sdr_db: float


def finish(
    original: Samples,
    render: Samples,
    rate_hz: int,
    original_lufs: float,
    delay: int | None = None,
    gain_db: float | None = None,
) -> Generator[None, None, Measured]:
    """Align and level `render` `[C, T]` in place, by what is measured or by what is known of it already."""
    yield
    delay = residual_delay(original, render, rate_hz) if delay is None else delay
    if delay:
        _shift(render, delay)
    if gain_db is None:
        found = yield from loudness.loudness(render, rate_hz)
        gain_db = loudness.gain_db(original_lufs, found)
    si_sdr = yield from scale_invariant_sdr(original, render)
    if gain_db:
        factor = np.float32(10 ** (gain_db / 20))
        for start in range(0, render.shape[1], _BLOCK):
            render[:, start : start + _BLOCK] *= factor
            yield
    return Measured(gain_db, delay, si_sdr)


def relative_level(original: Samples, part: Samples) -> Generator[None, None, float]:
    """The energy of a difference relative to the original's, in dB; −inf where it is silent, inf where that is."""
    xx = yy = 0.0
    for start in range(0, original.shape[1], _BLOCK):
        xx += float(np.square(original[:, start : start + _BLOCK], dtype=np.float64).sum())
        yy += float(np.square(part[:, start : start + _BLOCK], dtype=np.float64).sum())
        yield
    if yy <= 0:
        return -math.inf
    return 10 * math.log10(yy / xx) if xx > 0 else math.inf


def residual_delay(original: Samples, render: Samples, rate_hz: int) -> int:
    """How many samples the render still lags, measured on the loudest excerpt; 0 where that is not certain."""
    size = min(original.shape[1], round(EXCERPT_S * rate_hz))
    start = _loudest(original[0], size)
    found = estimate_delay(
        original[0, start : start + size], render[0, start : start + size], round(MAX_DELAY_S * rate_hz)
    )
    return found.samples if found.confidence >= CONFIDENT else 0


def scale_invariant_sdr(original: Samples, render: Samples) -> Generator[None, None, float]:
    """SI-SDR in dB over all channels, as `evaluation.metrics.si_sdr`; ±inf for equal or silent signals."""
    xx = yy = xy = 0.0
    for start in range(0, original.shape[1], _BLOCK):
        x = original[:, start : start + _BLOCK].astype(np.float64)
        y = render[:, start : start + _BLOCK].astype(np.float64)
        xx, yy, xy = xx + (x * x).sum(), yy + (y * y).sum(), xy + (x * y).sum()
        yield
    if xx <= 0 or yy <= 0:
        return -math.inf
    target = xy * xy / xx
    noise = yy - target
    if target <= 0:
        return -math.inf
    return math.inf if noise <= target * 1e-15 else float(10 * math.log10(target / noise))


def _loudest(channel: NDArray[np.float32], size: int) -> int:
    """Where the excerpt of `size` samples with the most energy begins, on a grid of half excerpts."""
    starts = range(0, max(1, len(channel) - size + 1), max(1, size // 2))
    return max(starts, key=lambda start: float(np.square(channel[start : start + size]).sum()))


def _shift(render: Samples, delay: int) -> None:
    """Move earlier by `delay` (later where negative), in place, zeros where nothing is left."""
    length = render.shape[1]
    if delay > 0:
        for start in range(0, length - delay, _BLOCK):
            stop = min(start + _BLOCK, length - delay)
            render[:, start:stop] = render[:, start + delay : stop + delay].copy()
        render[:, max(0, length - delay) :] = 0
        return
    for stop in range(length, -delay, -_BLOCK):
        start = max(stop - _BLOCK, -delay)
        render[:, start:stop] = render[:, start + delay : stop + delay].copy()
    render[:, : min(length, -delay)] = 0
