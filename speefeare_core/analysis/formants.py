"""Formants by Praat's Burg method (Praat's manual, “Sound: To Formant (burg)…”), piece by piece, for any length."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.analysis.pitch import Floats, array_blocks, check_installed, pieces, pitch_at

FORMANTS = 5  # searched for below CEILING_HZ
SHOWN = 4  # the last one is the least certain
CEILING_HZ = 5500.0  # what Praat offers; 5000 fits large vocal tracks better
STEP_S = 0.01


def tracking(samples: Any, rate_hz: int, out: Floats) -> Generator[int, None, None]:
    """Pitch and the first four formants of `samples` `[C, T]`, in Hz, into `out` `[N, 5]`: row i at (i + ½) · 10 ms.

    NaN where nothing is voiced. Yields the rows that are done. Raises `SpeefeareError` where Praat is not installed.
    """
    check_installed()
    out[:] = np.nan
    times = (np.arange(len(out)) + 0.5) * STEP_S
    for start_s, sound, offset_s, stop_s in pieces(array_blocks(samples, rate_hz), rate_hz):
        low, high = np.searchsorted(times, (start_s, stop_s))
        if high > low:
            here = times[low:high] - offset_s
            out[low:high, 0] = pitch_at(sound, rate_hz, here)
            out[low:high, 1:] = _formants(sound, rate_hz, here)
            out[low:high, 1:][np.isnan(out[low:high, 0])] = np.nan
        yield int(high)


def _formants(sound: NDArray[np.float64], rate_hz: int, times_s: NDArray[Any]) -> Floats:
    """`[N, 4]` at moments of a short sound."""
    import parselmouth

    found = np.full((len(times_s), SHOWN), np.nan, np.float32)
    if len(sound) < 0.06 * rate_hz or not sound.any():
        return found
    track = parselmouth.Sound(sound, sampling_frequency=rate_hz).to_formant_burg(
        time_step=STEP_S,
        max_number_of_formants=FORMANTS,
        maximum_formant=min(CEILING_HZ, rate_hz / 2 - 50.0),
        window_length=0.025,
        pre_emphasis_from=50.0,
    )
    for column in range(SHOWN):
        found[:, column] = [track.get_value_at_time(column + 1, float(seconds)) for seconds in times_s]
    return found
