"""Training the tiny teacher: cross-entropy of the phone of every frame, on synthetic speech with exact timings.

Synthetic voices are few and clean, so every example is changed as another speaker, microphone or room would: played
faster or slower, through a random filter and echo, louder or quieter, with noise.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from speefeare_core.audio import Samples
from speefeare_core.synthetic_speech.aligned import AlignedSpeech, PhoneSpan, frame_labels
from speefeare_core.teachers.phones import PhonesConfig, PhonesTeacher
from speefeare_core.teachers.teacher import RATE_HZ

SEGMENT_S = 3.0
EDGE_FRAMES = 1  # at either end of an example, where the class is guessed from half of what it needs
NO_CLASS = -100
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class PhoneScore:
    """How well the classes of frames are told, on recordings that were not learnt from."""

    accuracy: float  # share of frames
    accuracy_without_silence: float  # of those that are no silence
    frames: int

    def to_dict(self) -> dict[str, float | int]:
        """JSON-ready."""
        return {
            "accuracy": round(self.accuracy, 4),
            "accuracy_without_silence": round(self.accuracy_without_silence, 4),
            "frames": self.frames,
        }


def train_phones(
    speech: Iterable[AlignedSpeech],
    *,
    config: PhonesConfig | None = None,
    minutes: float = 10.0,
    steps: int = 20_000,
    batch: int = 24,
    rate: float = 2e-3,
    seed: int = 0,
    progress: Progress | None = None,
) -> PhonesTeacher:
    """Train on recordings at 16 kHz until the first limit is reached. Holds the speech in memory as int16."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    clips = [(_packed(one.samples), one.phones) for one in speech]
    if not clips:
        raise ValueError("there is no speech to learn from")
    teacher = PhonesTeacher(config or PhonesConfig())
    optimiser = torch.optim.AdamW(teacher.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.02)
    begun, step = time.monotonic(), 0
    mean_loss = 0.0
    while step < steps:
        share = max(step / steps, (time.monotonic() - begun) / 60 / minutes if minutes else 0.0)
        if share >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 200) * (0.5 + 0.5 * np.cos(np.pi * share))
        audio, labels = _batch(clips, batch, random)
        hidden = teacher.hidden(torch.from_numpy(audio)[:, None])
        logits = teacher.classes(hidden)[:, : labels.shape[1]]
        loss = F.cross_entropy(
            logits.flatten(0, 1), torch.from_numpy(labels).flatten(), ignore_index=NO_CLASS, label_smoothing=0.05
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(teacher.parameters(), 1.0)
        optimiser.step()
        step += 1
        mean_loss += (float(loss.detach()) - mean_loss) * max(0.02, 1 / step)
        if progress is not None and step % 20 == 0:
            progress(share, f"step {step}, cross-entropy {mean_loss:.3f}")
    _standardise(teacher, clips, random)
    return teacher.eval().requires_grad_(False)


@torch.no_grad()
def score(teacher: PhonesTeacher, speech: Iterable[AlignedSpeech]) -> PhoneScore:
    """Frame accuracy on recordings at 16 kHz."""
    right = right_spoken = frames = spoken = 0
    for one in speech:
        audio = torch.from_numpy(one.samples)[None, None]
        found = teacher.classes(teacher.hidden(audio))[0].argmax(-1).numpy()
        labels = frame_labels(one.phones, len(found), teacher.hop_samples / RATE_HZ)
        hits = found == labels
        right, frames = right + int(hits.sum()), frames + len(found)
        right_spoken, spoken = right_spoken + int(hits[labels > 0].sum()), spoken + int((labels > 0).sum())
    return PhoneScore(right / max(1, frames), right_spoken / max(1, spoken), frames)


def _packed(samples: Samples) -> NDArray[np.int16]:
    peak = float(np.abs(samples).max(initial=0.0))
    return np.round(samples / max(peak, 1.0) * 32767).astype(np.int16)


def _batch(
    clips: list[tuple[NDArray[np.int16], tuple[PhoneSpan, ...]]], batch: int, random: np.random.Generator
) -> tuple[Samples, NDArray[np.int64]]:
    length = int(SEGMENT_S * RATE_HZ)
    frames = length // PhonesTeacher.hop_samples
    audio = np.zeros((batch, length), np.float32)
    labels = np.full((batch, frames), NO_CLASS, np.int64)
    for row, classes in zip(audio, labels, strict=True):
        packed, phones = clips[int(random.integers(len(clips)))]
        speed = float(random.uniform(0.82, 1.22))
        wanted = int(length * speed) + 2
        start = int(random.integers(0, max(1, len(packed) - wanted + 1)))
        part = packed[start : start + wanted].astype(np.float32) / 32767
        places = np.arange(0, len(part) - 1, speed)[:length]
        row[: len(places)] = np.interp(places, np.arange(len(part)), part)
        moved = tuple(
            PhoneSpan(one.phone, (one.start_s - start / RATE_HZ) / speed, (one.end_s - start / RATE_HZ) / speed)
            for one in phones
        )
        known = min(frames, len(places) // PhonesTeacher.hop_samples)
        found = frame_labels(moved, known, PhonesTeacher.hop_samples / RATE_HZ)
        classes[EDGE_FRAMES : known - EDGE_FRAMES] = found[EDGE_FRAMES : known - EDGE_FRAMES]
        row[:] = _another_room(row, random)
    return audio, labels


def _another_room(row: Samples, random: np.random.Generator) -> Samples:
    """Echo, filter, level and noise."""
    bins = len(row) // 2 + 1
    frequencies = np.linspace(0, 1, bins)
    points = np.linspace(0, 1, 9)
    filter_db = np.interp(frequencies, points, random.normal(0, 4.0, 9)) + random.uniform(-12, 6) * frequencies
    response: NDArray[Any] = 10 ** (filter_db / 20)
    if random.random() < 0.4:
        decay = np.exp(-np.arange(int(0.25 * RATE_HZ)) / (random.uniform(0.01, 0.06) * RATE_HZ))
        echo = random.standard_normal(len(decay)) * decay * random.uniform(0.02, 0.12)
        echo[0] = 1.0
        response = response * np.fft.rfft(echo, len(row))
    changed = np.fft.irfft(np.fft.rfft(row) * response, len(row))
    level = max(float(np.sqrt(np.mean(changed**2))), 1e-6)
    changed *= 10 ** (random.uniform(-36, -12) / 20) / level
    if random.random() < 0.7:
        noise = random.standard_normal(len(row))
        noise = np.fft.irfft(np.fft.rfft(noise) * np.maximum(frequencies, 0.006) ** -random.uniform(0, 0.6), len(row))
        signal = float(np.sqrt(np.mean(changed**2)))
        changed += noise / noise.std() * signal * 10 ** (-random.uniform(8, 45) / 20)
    return np.clip(changed, -1, 1).astype(np.float32)


@torch.no_grad()
def _standardise(
    teacher: PhonesTeacher, clips: list[tuple[NDArray[np.int16], tuple[PhoneSpan, ...]]], random: np.random.Generator
) -> None:
    parts = []
    for _ in range(8):
        audio, _ = _batch(clips, 16, random)
        parts.append(teacher.hidden(torch.from_numpy(audio)[:, None]).flatten(0, 1))
    found = torch.cat(parts)
    teacher.mean.copy_(found.mean(0))
    teacher.spread.copy_(found.std(0).clamp(min=1e-4))
