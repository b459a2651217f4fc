"""What is measured of each frame, to colour its point."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np

from speefeare_core import audio as audio_files
from speefeare_core import levels
from speefeare_core.projection.values import FrameValues

WINDOW_S = 0.04  # around the middle of a frame, or the whole frame where that is longer
SILENT_LUFS = -80.0
_BLOCK_S, _LEAD_S = 10.0, 1.0  # the lead is filtered and thrown away, until the filters have settled


def loudness(path: str | Path, frame_rate_hz: float, frames: int, rate_hz: int) -> Generator[float, None, FrameValues]:
    """K-weighted level (BS.1770, without its gates) of 40 ms around each frame in LUFS, not below −80.

    The file is measured as a codec of `rate_hz` gets it, mixed to mono. Yields the share that is done.
    Raises `SpeefeareError` for a file that cannot be read.
    """
    window = max(1, round(max(WINDOW_S, 1 / frame_rate_hz) * rate_hz))
    middle = (np.arange(frames) + 0.5) / frame_rate_hz * rate_hz
    first = np.maximum(np.rint(middle - window / 2), 0).astype(np.int64)
    energy = np.zeros(frames)
    length = max(1.0, audio_files.probe(path).length_s * rate_hz)
    before = np.zeros((1, 0), np.float32)
    done = 0
    for block in audio_files.converted_blocks(path, rate_hz, 1, _BLOCK_S):
        yield min(1.0, done / length)
        joined = np.concatenate([before, block], axis=1)
        weighted = levels.k_weighted(joined.astype(np.float64), rate_hz)[0, before.shape[1] :]
        total = np.concatenate([[0.0], np.cumsum(weighted**2)])
        start, stop = (np.clip(edge - done, 0, len(weighted)) for edge in (first, first + window))
        energy += total[stop] - total[start]
        done += len(weighted)
        before = joined[:, -round(_LEAD_S * rate_hz) :]
    power = energy / np.maximum(np.minimum(first + window, max(done, 1)) - first, 1)
    lufs = np.maximum(-0.691 + 10 * np.log10(np.maximum(power, 1e-12)), SILENT_LUFS)
    return FrameValues("loudness", "Loudness", "LUFS", lufs.astype(np.float32))


def pitch(path: str | Path, frame_rate_hz: float, frames: int, rate_hz: int) -> Generator[float, None, FrameValues]:
    """Pitch at the middle of each frame in Hz, NaN where nothing is voiced. Yields the share that is done.

    Raises `SpeefeareError` where Praat is not installed, or for a file that cannot be read.
    """
    from speefeare_core.analysis import pitch as praat

    length_s = max(audio_files.probe(path).length_s, 1e-3)
    blocks = audio_files.converted_blocks(path, rate_hz, 1, praat.BLOCK_S)
    work = praat.tracking(blocks, rate_hz, (np.arange(frames) + 0.5) / frame_rate_hz)
    while True:
        try:
            yield min(1.0, next(work) / length_s)
        except StopIteration as end:
            return FrameValues("pitch", "Pitch", "Hz", end.value)
