"""A set in which every clip has one thing wrong, and a few have nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from speefeare_core.audio import Samples
from tests.core.training.speech.sounds import put

RATE = 16000


def speech(seed: int, seconds: float = 1.5, rate_hz: int = RATE, level: float = 0.05) -> Samples:
    """[n] noise that comes in syllables, over the whole band."""
    random = np.random.default_rng(seed)
    length = round(seconds * rate_hz)
    noise = random.standard_normal(length)
    syllables = 10 ** np.repeat(random.uniform(-1.7, 0.2, length // (rate_hz // 10) + 1), rate_hz // 10)[:length]
    sound = level * noise * syllables
    return (sound - sound.mean()).astype(np.float32)


def narrow(seed: int) -> Samples:
    """The same with nothing above 3.4 kHz."""
    spectrum = np.fft.rfft(speech(seed))
    spectrum[round(3400 * len(spectrum) / (RATE / 2)) :] = 0
    return np.fft.irfft(spectrum).astype(np.float32)


def make(folder: Path) -> Path:
    """Write it; what each clip is called says what is wrong with it."""
    loud = speech(1)
    loud = np.clip(loud * 30, -0.6, 0.6)  # cut flat below full scale
    quiet = speech(2) * 0.05
    pauses = np.concatenate([speech(3, 0.5), np.zeros(RATE, np.float32)])
    ends = np.concatenate([np.zeros(round(1.2 * RATE), np.float32), speech(4, 3.0)])
    noise = 0.1 * np.random.default_rng(5).standard_normal(2 * RATE).astype(np.float32)
    sounds = {
        "good1.wav": speech(11), "good2.wav": speech(12), "good3.flac": speech(13),
        "clipped.wav": loud, "quiet.wav": quiet, "loud.wav": speech(6, level=0.9), "dc.wav": speech(7) + 0.03,
        "silent.wav": np.zeros(RATE, np.float32), "pauses.wav": pauses, "ends.wav": ends, "noise.wav": noise,
        "narrow.wav": narrow(8), "short.wav": speech(9, 0.3), "copy.wav": speech(11), "quieter.flac": 0.5 * speech(12),
    }  # fmt: skip
    for name, samples in sounds.items():
        put(folder / name, samples, RATE, "PCM_16" if name not in ("loud.wav",) else "FLOAT")
    one = speech(21)
    put(folder / "same.wav", np.stack([one, one]), RATE, "PCM_16")
    put(folder / "cancels.wav", np.stack([speech(22), -0.95 * speech(22)]), RATE, "PCM_16")
    put(folder / "half.wav", np.stack([speech(23), np.zeros_like(one)]), RATE, "PCM_16")
    put(folder / "stereo.wav", np.stack([speech(24), speech(25)]), RATE, "PCM_16")
    put(folder / "rate.wav", speech(26, rate_hz=8000), 8000, "PCM_16")
    (folder / "empty.wav").touch()
    whole = put(folder / "cut.wav", speech(27), RATE, "PCM_16").read_bytes()
    (folder / "cut.wav").write_bytes(whole[: len(whole) // 2])
    broken = speech(28)
    broken[3000] = np.nan
    put(folder / "nan.wav", broken, RATE, "FLOAT")
    return folder
