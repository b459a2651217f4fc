"""What is done to an example so that a codec hears more voices, rooms and microphones than the data hold."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import soxr

from speefeare_core.audio import Samples
from speefeare_core.levels import loudness_lufs
from speefeare_core.training.recipe_parts import DataRecipe

LARGEST_TILT = 0.5  # of x[n] + a x[n − 1]: about −6 to +3.5 dB between the lowest and the highest frequency
HEADROOM = 0.99  # no gain brings a peak above this
LARGEST_GAIN_DB = 40.0  # so that `loudness_db` does not turn near-silence into noise


@dataclass(frozen=True)
class Changes:
    """What was drawn for one example."""

    recipe: DataRecipe
    speed: float = 1.0
    phase: float = 0.0  # radians
    tilt: float = 0.0
    gain_db: float = 0.0
    sign: float = 1.0
    noise_db: float | None = None

    @classmethod
    def drawn(cls, recipe: DataRecipe, random: np.random.Generator) -> Changes:
        """The same number of draws whatever they say, so that a share of 0.3 contains that of 0.2."""
        chances = random.random(5)
        speed = random.uniform(*recipe.speed)
        phase = random.uniform(-math.pi, math.pi)
        tilt = random.uniform(-LARGEST_TILT, LARGEST_TILT)
        gain = random.uniform(recipe.gain_low_db, max(recipe.gain_low_db, recipe.gain_high_db))
        noise = random.uniform(*recipe.noise_db)
        return cls(
            recipe,
            float(speed) if chances[0] < recipe.speed_share else 1.0,
            float(phase) if chances[1] < recipe.phase_share else 0.0,
            float(tilt) if chances[2] < recipe.tilt_share else 0.0,
            float(gain),
            -1.0 if recipe.flip and chances[3] < 0.5 else 1.0,
            float(noise) if chances[4] < recipe.noise_share else None,
        )

    def finish(self, row: Samples, rate_hz: int, random: np.random.Generator) -> float:
        """Phase, tilt, level and noise of an example [T], in place; the factor of the level."""
        if self.phase:
            row[:] = turned_phase(row, self.phase)
        if self.tilt:
            row[1:] += np.float32(self.tilt) * row[:-1].copy()
        gain = self._gain(row, rate_hz)
        row *= np.float32(gain)
        if self.noise_db is not None:
            row += coloured_noise(random, row.shape[0], self.noise_db)
        return gain

    def _gain(self, row: Samples, rate_hz: int) -> float:
        gain_db = self.gain_db
        if self.recipe.loudness_db is not None:
            found = loudness_lufs(row[None], rate_hz)
            gain_db = self.recipe.loudness_db - found if math.isfinite(found) else 0.0
            gain_db = min(max(gain_db, -LARGEST_GAIN_DB), LARGEST_GAIN_DB)
        peak = float(np.abs(row).max(initial=0.0))
        return self.sign * min(10 ** (gain_db / 20), HEADROOM / max(peak, 1e-9))


def change(part: Samples, changes: Changes, longest: int) -> Samples:
    """A part of a clip [n] at the drawn speed, at most `longest` samples of it."""
    if changes.speed != 1.0:
        part = np.asarray(soxr.resample(part, changes.speed, 1.0, quality="HQ"), np.float32)
    return part[:longest]


def turned_phase(samples: Samples, radians: float) -> Samples:
    """Samples [T] with the phase of every frequency turned by one angle: x cos φ − H(x) sin φ, H the Hilbert transform.

    Speech sounds the same; its waveform does not look the same.
    """
    spectrum = np.fft.rfft(samples)
    spectrum[1:] *= np.exp(1j * radians)
    if samples.shape[0] % 2 == 0:
        spectrum[-1] = spectrum[-1].real
    turned: Samples = np.fft.irfft(spectrum, samples.shape[0]).astype(np.float32)
    return turned


def coloured_noise(random: np.random.Generator, length: int, level_db: float) -> Samples:
    """Steady noise [length] whose spectrum falls by 0 to 6 dB an octave above 100 Hz at 16 kHz, at an RMS level."""
    spectrum = np.fft.rfft(random.standard_normal(length))
    spectrum *= np.maximum(np.arange(spectrum.shape[0]) / length, 0.00625) ** -random.uniform(0.0, 1.0)
    noise = np.fft.irfft(spectrum, length)
    scaled: Samples = (noise * 10 ** (level_db / 20) / noise.std()).astype(np.float32)
    return scaled
