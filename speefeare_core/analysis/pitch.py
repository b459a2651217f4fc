"""Pitch by Praat's autocorrelation method (Boersma 1993, IFA Proceedings 17), piece by piece, for any length."""

from __future__ import annotations

import importlib.util
from collections.abc import Generator, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.errors import SpeefeareError

Floats = NDArray[np.float32]
FLOOR_HZ, CEILING_HZ = 75.0, 600.0
STEP_S = 0.01
BLOCK_S, CONTEXT_S = 2.0, 0.4  # Praat holds the interpreter lock, so that a piece should take milliseconds
MISSING = "Pitch needs the package praat-parselmouth: pip install 'speefeare-workbench[praat]'."


def installed() -> bool:
    """Whether pitch can be measured here."""
    return importlib.util.find_spec("parselmouth") is not None


def check_installed() -> None:
    """Raise `SpeefeareError` where it cannot."""
    if not installed():
        raise SpeefeareError(MISSING)


def tracking(blocks: Iterable[Floats], rate_hz: int, times_s: NDArray[Any]) -> Generator[float, None, Floats]:
    """Pitch in Hz at each of `times_s` `[N]` (ascending), NaN where nothing is voiced; `blocks` are `[C, n]`, in order.

    Yields the seconds that are done; the value is `[N]`. Raises `SpeefeareError` where Praat is not installed.
    """
    check_installed()
    found = np.full(len(times_s), np.nan, np.float32)
    for start_s, sound, offset_s, stop_s in pieces(blocks, rate_hz):
        low, high = np.searchsorted(times_s, (start_s, stop_s))
        if high > low:
            found[low:high] = pitch_at(sound, rate_hz, times_s[low:high] - offset_s)
        yield stop_s
    return found


def array_blocks(samples: Any, rate_hz: int) -> Iterator[Floats]:
    """`[C, T]`, of anything that is read like an array, as blocks."""
    size = round(BLOCK_S * rate_hz)
    for start in range(0, samples.shape[1], size):
        yield np.asarray(samples[:, start : start + size], np.float32)


def pieces(blocks: Iterable[Floats], rate_hz: int) -> Iterator[tuple[float, NDArray[np.float64], float, float]]:
    """(start, samples `[n]` with context around, time of the first of them, stop), in seconds."""
    size, context = round(BLOCK_S * rate_hz), round(CONTEXT_S * rate_hz)
    held = np.zeros(0)
    begin = done = 0  # sample numbers: of the first that is held, and up to where pieces were given
    for block in blocks:
        held = np.concatenate([held, block.mean(axis=0, dtype=np.float64)])
        while begin + len(held) >= done + size + context:
            yield done / rate_hz, held[: done + size + context - begin], begin / rate_hz, (done + size) / rate_hz
            done += size
            cut = max(0, done - context - begin)
            held, begin = held[cut:], begin + cut
    if begin + len(held) > done:
        yield done / rate_hz, held, begin / rate_hz, np.inf


def pitch_at(sound: NDArray[np.float64], rate_hz: int, times_s: NDArray[Any]) -> Floats:
    """At moments of a short sound: that of the nearest frame."""
    import parselmouth

    none = np.full(len(times_s), np.nan, np.float32)
    if len(sound) < 3.2 / FLOOR_HZ * rate_hz or not sound.any():
        return none
    track = parselmouth.Sound(sound, sampling_frequency=rate_hz).to_pitch_ac(
        time_step=STEP_S, pitch_floor=FLOOR_HZ, pitch_ceiling=CEILING_HZ
    )
    hertz = np.asarray(track.selected_array["frequency"], np.float32)
    index = np.rint((times_s - track.x1) / track.dx).astype(int)
    inside = (index >= 0) & (index < len(hertz))
    none[inside] = hertz[index[inside]]
    none[none == 0] = np.nan  # unvoiced
    return none
