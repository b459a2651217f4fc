"""Test signals that never end: a sine, a sweep, noise with the spectrum of speech. Numpy alone.

Every generator gives one channel at `level_db`, the RMS in dB below the RMS of a full-scale square wave (dBov, ITU-T
G.100.1). Blocks of any size join to the same signal, and it begins without a click.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from speefeare_core.audio import Samples
from speefeare_core.errors import SpeefeareError

LEVEL_DB = -26.0  # the nominal level of speech in ITU-T P.56 measurements of codecs
FADE_S = 0.02
SWEEP_FROM_HZ = 50.0
SWEEP_S, PAUSE_S = 5.0, 1.0
NOISE_S = 20.0  # after which the noise repeats; nobody hears that

# The long-term average spectrum of speech over twelve languages, male and female talkers together: level of each
# one-third octave band in dB, 70 dB over all. Byrne et al., "An international comparison of long-term average speech
# spectra", J. Acoust. Soc. Am. 96(4), 1994, table II.
SPEECH_HZ = (
    63, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1000, 1250, 1600, 2000, 2500, 3150, 4000, 5000, 6300,
    8000, 10_000, 12_500, 16_000,
)  # fmt: skip
SPEECH_DB = (
    38.6, 43.5, 54.4, 57.7, 56.8, 60.2, 60.3, 59.0, 62.1, 62.1, 60.5, 56.8, 53.7, 53.0, 52.0, 48.7, 48.1, 46.8, 45.6,
    44.5, 44.3, 43.7, 43.4, 41.3, 40.7,
)  # fmt: skip


class Generator(Protocol):
    """A signal without end."""

    position: int  # samples given so far

    def next(self, count: int) -> Samples:
        """The next `[1, count]` samples."""
        ...


def make(kind: str, rate_hz: int, tone_hz: float = 440.0, level_db: float = LEVEL_DB) -> Generator:
    """The generator `kind`: "sine" (of `tone_hz`), "sweep" or "speech noise".

    Raises `SpeefeareError` for any other kind, a tone that the rate cannot hold, and a level whose peaks would clip.
    """
    if not math.isfinite(level_db) or level_db > -12.0:
        raise SpeefeareError(f"A level of {level_db:g} dB would clip; choose -12 dB or less.")
    if kind == "sine":
        return Sine(rate_hz, tone_hz, level_db)
    if kind == "sweep":
        return Sweep(rate_hz, level_db)
    if kind == "speech noise":
        return SpeechNoise(rate_hz, level_db)
    raise SpeefeareError(f"There is no signal generator {kind}; choose sine, sweep or speech noise.")


class Sine:
    """One tone; its phase is counted in whole periods, so that it stays true for days."""

    def __init__(self, rate_hz: int, tone_hz: float, level_db: float = LEVEL_DB) -> None:
        if not 1.0 <= tone_hz < rate_hz / 2:
            raise SpeefeareError(f"A tone of {tone_hz:g} Hz does not fit: choose 1 to {rate_hz / 2 - 1:g} Hz.")
        self.position = 0
        self._rate_hz, self._tone_hz = rate_hz, tone_hz
        self._peak = math.sqrt(2) * _factor(level_db)

    def next(self, count: int) -> Samples:
        """`[1, count]`."""
        index = self.position + np.arange(count)
        turns = np.mod(index * (self._tone_hz / self._rate_hz), 1.0)
        self.position += count
        wave = self._peak * np.sin(2 * np.pi * turns) * fade_in(index, self._rate_hz)
        return np.asarray(wave, np.float32)[None]


class Sweep:
    """From 50 Hz to half the rate, each octave in the same time (exponential sweep, Farina, AES 108, 2000), a pause,
    and again. The level is that of the sweep alone; 20 ms at both of its ends are faded."""

    def __init__(self, rate_hz: int, level_db: float = LEVEL_DB) -> None:
        self.position = 0
        length = round(SWEEP_S * rate_hz)
        time_s = np.arange(length) / rate_hz
        octaves = math.log(rate_hz / 2 / SWEEP_FROM_HZ)
        phase = 2 * np.pi * SWEEP_FROM_HZ * SWEEP_S / octaves * np.expm1(time_s / SWEEP_S * octaves)
        ends = fade_in(np.arange(length), rate_hz) * fade_in(np.arange(length)[::-1], rate_hz)
        wave = _at_level(np.sin(phase) * ends, level_db)
        self._period = np.concatenate([wave, np.zeros(round(PAUSE_S * rate_hz))]).astype(np.float32)

    def next(self, count: int) -> Samples:
        """`[1, count]`."""
        index = self.position + np.arange(count)
        self.position += count
        return self._period[index % len(self._period)][None]


class SpeechNoise:
    """Steady noise with the long-term spectrum of speech (`SPEECH_DB`), the same at every start.

    Made in the frequency domain with random phases, so that its end joins its beginning.
    """

    def __init__(self, rate_hz: int, level_db: float = LEVEL_DB) -> None:
        self.position = 0
        self._rate_hz = rate_hz
        length = round(NOISE_S * rate_hz)
        frequency = np.asarray(np.fft.rfftfreq(length, 1 / rate_hz), np.float64)
        turns = np.random.default_rng(1994).random(len(frequency))
        spectrum = speech_magnitude(frequency) * np.exp(2j * np.pi * turns)
        spectrum[-1] = 0.0  # half the rate has no phase of its own
        self._period = _at_level(np.fft.irfft(spectrum, length), level_db)

    def next(self, count: int) -> Samples:
        """`[1, count]`."""
        index = self.position + np.arange(count)
        self.position += count
        wave = self._period[index % len(self._period)] * fade_in(index, self._rate_hz)
        return np.asarray(wave, np.float32)[None]


def speech_magnitude(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    """The amplitude density of speech at each frequency in Hz, in any unit; 0 outside the table's bands.

    A band's level is spread over its width, which is a fixed share of its centre.
    """
    centres = np.array(SPEECH_HZ, np.float64)
    density = np.array(SPEECH_DB) - 10 * np.log10(centres)
    inside = (frequency >= centres[0] / 2 ** (1 / 6)) & (frequency <= centres[-1] * 2 ** (1 / 6))
    level = np.interp(np.log(np.maximum(frequency, 1.0)), np.log(centres), density)
    return np.where(inside, 10 ** (level / 20), 0.0)


def fade_in(index: NDArray[np.int64], rate_hz: int) -> NDArray[np.float64]:
    """Half a cosine over the first `FADE_S`, for samples counted from the beginning."""
    share = np.clip((index + 1) / (FADE_S * rate_hz), 0.0, 1.0)
    return 0.5 - 0.5 * np.cos(np.pi * share)


def _at_level(wave: NDArray[np.float64], level_db: float) -> NDArray[np.float64]:
    return wave * (_factor(level_db) / math.sqrt(float(np.mean(wave**2))))


def _factor(level_db: float) -> float:
    return float(10 ** (level_db / 20))
