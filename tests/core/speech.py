"""Something like speech for tests: voiced sounds with moving formants and pauses, deterministic, any rate."""

from __future__ import annotations

import numpy as np

from speefeare_core.audio import Samples


def speech_like(length_s: float = 1.5, rate_hz: int = 16_000, seed: int = 0) -> Samples:
    """`[T]` float32, peak 0.5."""
    draw = np.random.default_rng(seed)
    time = np.arange(round(length_s * rate_hz)) / rate_hz
    pitch = 120 + 25 * np.sin(2 * np.pi * 0.7 * time + seed)
    phase = 2 * np.pi * np.cumsum(pitch) / rate_hz
    first = 500 + 250 * np.sin(2 * np.pi * 2.3 * time)
    second = 1500 + 500 * np.sin(2 * np.pi * 1.7 * time + 1)
    sound = np.zeros_like(time)
    for harmonic in range(1, 33):
        frequency = harmonic * pitch
        gain = sum(np.exp(-(((frequency - centre) / 300) ** 2)) for centre in (first, second)) + 0.02
        sound += np.where(frequency < 0.45 * rate_hz, gain, 0.0) * np.sin(harmonic * phase)
    sound *= np.clip(np.sin(2 * np.pi * 3 * time) + 0.6, 0, 1)
    sound += 0.003 * draw.standard_normal(len(time))
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32)
