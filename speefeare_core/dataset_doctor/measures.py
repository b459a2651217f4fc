"""What is measured of one clip, in one pass over its blocks, in bounded memory."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from speefeare_core.audio import Samples
from speefeare_core.dataset_doctor.loudness_meter import LoudnessMeter

FRAME_S = 0.02  # of levels
RUN = 3  # equal samples in a row at the peak are a top that is cut flat
PEAK_SHARE = 0.98  # how near to the peak
LOUD_ENOUGH = 0.1  # a quieter sample is not clipped
SPEECH_BELOW_DB = 40.0  # frames this far below the loud ones are silence
SILENT_DB = -70.0  # frames below this always are
FFT = 1024
BAND_BELOW_DB = 65.0  # a frequency holds something as long as it is no further below the strongest
PRINT_BITS = 128  # of the fingerprint
QUIETEST_DB = -120.0

Levels = NDArray[np.float32]


@dataclass(frozen=True)
class ClipMeasures:
    """Of one clip. Levels in dBFS."""

    rate_hz: int
    channels: int
    length_s: float
    peak: float  # of full scale
    loudness_lufs: float  # −inf: silence
    dc: float  # largest of its channels, of full scale
    clipped_share: float  # of samples that lie in tops cut flat
    flat_tops: int
    silent_share: float  # of 20 ms frames
    lead_s: float  # silence before the first sound, and after the last
    tail_s: float
    contrast_db: float  # of the loud frames (95 %) over the quiet ones (5 %)
    bandwidth_hz: float  # up to where it holds anything
    channel_kind: str  # "mono", "same", "one_silent", "cancels", "stereo"
    content: str  # hash of the samples
    print: bytes  # of the course of its level; empty: too short or silent


def measure(blocks: Iterable[Samples], rate_hz: int, channels: int) -> ClipMeasures:
    """Of blocks [C, n] float32. Raises what reading them raises."""
    loudness = LoudnessMeter(rate_hz, channels)
    digest = hashlib.blake2b(digest_size=16)
    frames, spectrum, tops = _Frames(rate_hz), _Spectrum(rate_hz), _Tops()
    sums, squares, differs = np.zeros(channels), np.zeros(channels), False
    mixed_squares, samples, peak = 0.0, 0, 0.0
    for block in blocks:
        mono = block[0] if channels == 1 else block.mean(axis=0, dtype=np.float32)
        samples += block.shape[1]
        sums += block.sum(axis=1, dtype=np.float64)
        squares += np.square(block, dtype=np.float64).sum(axis=1)
        mixed_squares += float(np.square(mono, dtype=np.float64).sum())
        differs = differs or (channels > 1 and bool((block[1:] != block[:1]).any()))
        peak = max(peak, float(np.abs(block).max(initial=0.0)))
        digest.update(np.round(np.clip(mono, -1, 1) * 32767).astype("<i2").tobytes())
        loudness.add(block)
        frames.add(mono)
        spectrum.add(mono)
        tops.add(block[0])
    levels = frames.levels()
    threshold = max(SILENT_DB, _at(levels, 0.95) - SPEECH_BELOW_DB)
    heard = np.flatnonzero(levels > threshold)
    clipped, runs = tops.at(peak)
    return ClipMeasures(
        rate_hz, channels, samples / rate_hz, peak, loudness.loudness_lufs(),
        float(np.abs(sums).max() / max(1, samples)), clipped / max(1, samples), runs,
        1 - len(heard) / max(1, len(levels)),
        float(heard[0] * FRAME_S) if len(heard) else samples / rate_hz,
        float((len(levels) - 1 - heard[-1]) * FRAME_S) if len(heard) else 0.0,
        _at(levels, 0.95) - _at(levels, 0.05),
        spectrum.bandwidth_hz(), _channel_kind(channels, squares, mixed_squares, differs), digest.hexdigest(),
        _print(levels, heard),
    )  # fmt: skip


def _channel_kind(channels: int, squares: NDArray[np.float64], mixed: float, differs: bool) -> str:
    if channels == 1:
        return "mono"
    if not differs:
        return "same"
    if squares.min() < 1e-6 * squares.max():
        return "one_silent"
    return "cancels" if mixed < 0.1 * squares.mean() else "stereo"


def _at(levels: Levels, share: float) -> float:
    return float(np.quantile(levels, share)) if len(levels) else QUIETEST_DB


def _print(levels: Levels, heard: NDArray[np.intp]) -> bytes:
    """Whether the level rises or falls from each of 129 equal parts of the clip to the next.

    The same for another gain, and nearly the same after another encoding.
    """
    if len(heard) < 25:  # half a second of sound
        return b""
    edges = np.linspace(0, len(levels), PRINT_BITS + 2)
    sums = np.interp(edges, np.arange(len(levels) + 1), np.concatenate([[0.0], np.cumsum(levels, dtype=np.float64)]))
    return np.packbits(np.diff(np.diff(sums)) > 0).tobytes()


class _Frames:
    """RMS of 20 ms frames about their means."""

    def __init__(self, rate_hz: int) -> None:
        self._size = max(1, round(FRAME_S * rate_hz))
        self._rest: Samples = np.zeros(0, np.float32)
        self._found: list[Levels] = []

    def add(self, mono: Samples) -> None:
        mono = np.concatenate([self._rest, mono])
        count = len(mono) // self._size
        self._rest = mono[count * self._size :]
        self._append(mono[: count * self._size].reshape(count, self._size))

    def levels(self) -> Levels:
        """All of them; a clip shorter than a frame is one frame."""
        if not self._found and len(self._rest):
            self._append(self._rest[None])
        return np.concatenate(self._found) if self._found else np.zeros(0, np.float32)

    def _append(self, frames: Samples) -> None:
        if len(frames):
            power = frames.var(axis=1, dtype=np.float64)  # a DC offset is no sound
            self._found.append((10 * np.log10(np.maximum(power, 10 ** (QUIETEST_DB / 10)))).astype(np.float32))


class _Spectrum:
    """Mean power of each frequency."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._window = np.hanning(FFT).astype(np.float32)
        self._power = np.zeros(FFT // 2 + 1)

    def add(self, mono: Samples) -> None:
        count = len(mono) // FFT
        if count:
            frames = mono[: count * FFT].reshape(count, FFT) * self._window
            self._power += np.square(np.abs(np.fft.rfft(frames, axis=1))).sum(axis=0)

    def bandwidth_hz(self) -> float:
        """Half the rate where it is too short to tell."""
        smooth = np.convolve(self._power, np.ones(9) / 9, "same")
        if not smooth.max() > 0:
            return self._rate_hz / 2
        over = np.flatnonzero(smooth > smooth.max() * 10 ** (-BAND_BELOW_DB / 10))
        return float(over[-1] * self._rate_hz / FFT)


class _Tops:
    """Runs of equal samples, by their height: those at the clip's peak are tops that were cut flat."""

    def __init__(self) -> None:
        self._runs: dict[float, tuple[int, int]] = {}  # height → samples, runs

    def add(self, samples: Samples) -> None:
        heights = np.abs(samples)
        near = heights >= max(LOUD_ENOUGH, PEAK_SHARE * max(self._runs, default=0.0))
        equal = near[1:] & (samples[1:] == samples[:-1])
        edges = np.flatnonzero(np.diff(np.concatenate([[False], equal, [False]]).astype(np.int8)))
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            length = int(end - begin) + 1
            if length >= RUN:
                height = float(heights[begin])
                before = self._runs.get(height, (0, 0))
                self._runs[height] = (before[0] + length, before[1] + 1)
        if len(self._runs) > 100:  # only the highest can be at the peak
            self._runs = {height: self._runs[height] for height in sorted(self._runs)[-50:]}

    def at(self, peak: float) -> tuple[int, int]:
        """Samples in runs at the peak, and runs."""
        found = [row for height, row in self._runs.items() if height >= PEAK_SHARE * peak]
        return sum(samples for samples, _ in found), sum(runs for _, runs in found)


def is_silent(found: ClipMeasures) -> bool:
    """Whether it holds nothing to hear."""
    return not math.isfinite(found.loudness_lufs) or found.loudness_lufs < SILENT_DB
