"""How fast batches of a source can be had: whether the data keep up with a device."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from speefeare_core.training.loader import BatchLoader
from speefeare_core.training.recipe_parts import DataRecipe
from speefeare_core.training.sampler import SpeechSampler
from speefeare_core.training.speech.opening import open_data

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class LoaderSpeed:
    """Measured."""

    clips: int
    speech_s: float
    open_s: float  # until the names and lengths of all clips were known
    batches: int
    batch_s: float  # audio seconds in a batch
    first_s: float  # until the first batch was there
    audio_s_per_s: float  # all threads together
    workers: int
    broken: dict[str, str]


def measure_loader(
    place: Path, data: DataRecipe, rate_hz: int, frame_samples: int, seconds: float, progress: Progress | None = None
) -> LoaderSpeed:
    """Draw batches for some seconds, as a training run does, and throw them away. Raises `SpeefeareError`."""
    began = time.monotonic()
    pool = open_data((), place, rate_hz, progress)
    opened = time.monotonic()
    sampler = SpeechSampler(data, pool, data.segment_frames * frame_samples, seed=0)
    with BatchLoader(sampler, workers=data.workers) as loader:
        loader.next()
        first = now = time.monotonic()
        batches = 0
        while now - first < seconds:
            loader.next()
            batches, now = batches + 1, time.monotonic()
            if progress is not None:
                progress(min(1.0, (now - first) / max(seconds, 1e-9)), "Drawing batches")
    speed = batches * sampler.batch_s / max(now - first, 1e-9)
    return LoaderSpeed(
        len(pool), pool.speech_s, opened - began, batches, sampler.batch_s, first - opened, speed, data.workers,
        sampler.broken,
    )  # fmt: skip
