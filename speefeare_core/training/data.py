"""Packed speech sets: many clips as one int16 array that a training run maps into memory. Without torch.

A set is a folder with `audio.npy` [samples] int16 and `index.json` {rate_hz, clips: [[name, start, length], ...]}.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.audio import Samples, read
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.recipe_parts import DataRecipe

FULL_SCALE = 32767.0
QUIET_PEAK = 0.01  # clips that never rise above this hold no speech
CLIP_LIMIT_S = 8.0  # a longer clip is drawn no more often than one of this length


@dataclass(frozen=True)
class SpeechSet:
    """A packed set, opened but not read."""

    name: str
    rate_hz: int
    audio: NDArray[np.int16]  # [samples], memory-mapped
    clips: tuple[tuple[str, int, int], ...]  # name, start, length

    def clip(self, index: int, offset: int = 0, length: int | None = None) -> Samples:
        """Samples [n] float32 of one clip, or of a part of it."""
        _, start, whole = self.clips[index]
        count = whole - offset if length is None else min(length, whole - offset)
        return np.asarray(self.audio[start + offset : start + offset + count], np.float32) / np.float32(FULL_SCALE)


def open_set(folder: Path) -> SpeechSet:
    """Open a packed set. Raises `SpeefeareError` where it is missing or broken."""
    try:
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        audio = np.load(folder / "audio.npy", mmap_mode="r", allow_pickle=False)
        clips = tuple((str(name), int(start), int(length)) for name, start, length in index["clips"])
        whole = audio.ndim == 1 and audio.dtype == np.int16 and bool(clips)
        if not whole or max(start + length for _, start, length in clips) > audio.shape[0]:
            raise ValueError("index and audio do not belong together")
        return SpeechSet(folder.name, int(index["rate_hz"]), audio, clips)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise SpeefeareError(
            f"{folder} is no packed speech set ({error}); make it with `python -m speefeare_core.training pack`."
        ) from error


def pack(files: Iterable[Path], folder: Path, rate_hz: int, shortest_s: float = 0.25) -> SpeechSet:
    """Read sound files, mix to mono, resample, and pack them in the order given, each named by its file name.

    Too short and silent files are left out. Raises `SpeefeareError` for a file that cannot be read.
    """
    parts: list[NDArray[np.int16]] = []
    clips: list[tuple[str, int, int]] = []
    start = 0
    for path in files:
        samples = _read_mono(path, rate_hz)
        peak = float(np.abs(samples).max(initial=0.0))
        if samples.shape[0] < shortest_s * rate_hz or peak < QUIET_PEAK:
            continue
        parts.append(np.round(samples / max(peak, 1.0) * FULL_SCALE).astype(np.int16))
        clips.append((path.name, start, samples.shape[0]))
        start += samples.shape[0]
    if not clips:
        raise SpeefeareError(f"Nothing was packed into {folder}: no file is long and loud enough.")
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "audio.npy", np.concatenate(parts))
    (folder / "index.json").write_text(json.dumps({"rate_hz": rate_hz, "clips": clips}), encoding="utf-8")
    return open_set(folder)


class SpeechSampler:
    """Draws training segments; the same seed and state draw the same ones."""

    def __init__(self, recipe: DataRecipe, data_folder: Path, rate_hz: int, segment_samples: int, seed: int) -> None:
        self.recipe = recipe
        self.segment_samples = segment_samples
        self.sets = [open_set(data_folder / source.name) for source in recipe.sources]
        for speech in self.sets:
            if speech.rate_hz != rate_hz:
                raise SpeefeareError(f"{speech.name} is packed at {speech.rate_hz} Hz; pack it at {rate_hz} Hz.")
        self._places = [(s, c) for s, speech in enumerate(self.sets) for c in range(len(speech.clips))]
        limit = CLIP_LIMIT_S * rate_hz
        chances = np.array([recipe.sources[s].weight * min(self.sets[s].clips[c][2], limit) for s, c in self._places])
        self._edges = np.cumsum(chances) / chances.sum()
        self._random = np.random.default_rng(seed)

    @property
    def length_s(self) -> float:
        """Seconds of speech in all sets."""
        return sum(length / speech.rate_hz for speech in self.sets for _, _, length in speech.clips)

    def draw(self, batch: int | None = None) -> Samples:
        """[B, 1, T]: random clips at random places, gains and polarities; a short clip lies between zeros."""
        out = np.zeros((batch or self.recipe.batch, 1, self.segment_samples), np.float32)
        for row in out[:, 0]:
            self._fill(row)
            if self.recipe.tilt_share and self._random.random() < self.recipe.tilt_share:
                row[1:] += np.float32(self._random.uniform(-0.5, 0.5)) * row[:-1]
            row *= self._gain(float(np.abs(row).max()))
            if self.recipe.noise_share and self._random.random() < self.recipe.noise_share:
                row += coloured_noise(self._random, row.shape[0], self._random.uniform(*self.recipe.noise_db))
        return out

    def _fill(self, row: Samples) -> None:
        """A random part of a random clip, at its own or another speed; a short clip lies between zeros."""
        place = min(int(np.searchsorted(self._edges, self._random.random())), len(self._places) - 1)
        index, clip = self._places[place]
        speed = 1.0
        if self.recipe.speed_share and self._random.random() < self.recipe.speed_share:
            speed = self._random.uniform(*self.recipe.speed)
        whole = self.sets[index].clips[clip][2]
        wanted = min(whole, int(self.segment_samples * speed) + 1) if speed != 1.0 else min(whole, self.segment_samples)
        part = self.sets[index].clip(clip, int(self._random.integers(0, whole - wanted + 1)), wanted)
        if speed != 1.0:
            part = np.interp(np.arange(0, wanted - 1, speed), np.arange(wanted), part).astype(np.float32)
        part = part[: row.shape[0]]
        start = int(self._random.integers(0, row.shape[0] - part.shape[0] + 1))
        row[start : start + part.shape[0]] = part

    def stretch(self, seconds: float) -> Samples:
        """About this much speech [n] of whole clips in random order, for statistics and the first codebooks."""
        order = self._random.permutation(len(self._places))
        parts: list[Samples] = []
        wanted = seconds * self.sets[0].rate_hz
        for place in order:
            index, clip = self._places[place]
            parts.append(self.sets[index].clip(clip))
            wanted -= parts[-1].shape[0]
            if wanted <= 0:
                break
        return np.concatenate(parts)

    def state(self) -> dict[str, Any]:
        """What `restore` needs to go on with the same draws (JSON types)."""
        return dict(self._random.bit_generator.state)

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._random.bit_generator.state = state

    def _gain(self, peak: float) -> float:
        gain = 10 ** (self._random.uniform(self.recipe.gain_low_db, self.recipe.gain_high_db) / 20)
        sign = 1.0 if self._random.random() < 0.5 else -1.0
        return float(sign * min(gain, 0.99 / max(peak, 1e-9)))


def coloured_noise(random: np.random.Generator, length: int, level_db: float) -> Samples:
    """Steady noise [length] whose spectrum falls by 0 to 6 dB an octave above 100 Hz, at an RMS level."""
    spectrum = np.fft.rfft(random.standard_normal(length))
    spectrum *= np.maximum(np.arange(spectrum.shape[0]) / length, 0.00625) ** -random.uniform(0.0, 1.0)
    noise = np.fft.irfft(spectrum, length)
    scaled: Samples = (noise * 10 ** (level_db / 20) / noise.std()).astype(np.float32)
    return scaled


def sound_files(folder: Path, endings: Sequence[str] = (".wav", ".flac", ".ogg", ".g722")) -> list[Path]:
    """Sound files below a folder in the alphabet of their file names. Raises `SpeefeareError` where there are none."""
    found = sorted((p for p in folder.rglob("*") if p.suffix.lower() in endings), key=lambda p: (p.name, str(p)))
    if not found:
        raise SpeefeareError(f"{folder} holds no sound files ({', '.join(endings)}).")
    return found


def _read_mono(path: Path, rate_hz: int) -> Samples:
    if path.suffix.lower() == ".g722":
        return _read_g722(path, rate_hz)
    mono: Samples = read(path, rate_hz, channels=1).samples[0]
    return mono


def _read_g722(path: Path, rate_hz: int) -> Samples:
    """G.722 telephone prompts: headerless, 16 kHz, known only by the ending."""
    try:
        import av
    except ImportError as error:
        raise SpeefeareError(f"Reading {path} needs the package av: pip install av.") from error
    import soxr

    try:
        with av.open(str(path), format="g722") as container:
            blocks = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    except (av.error.FFmpegError, OSError) as error:
        raise SpeefeareError(f"{path} cannot be read as G.722: {error}.") from error
    samples: Samples = np.concatenate(blocks).astype(np.float32) / np.float32(32768)
    if rate_hz != 16000:
        samples = np.asarray(soxr.resample(samples, 16000, rate_hz), np.float32)
    return samples
