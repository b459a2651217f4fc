"""A long clip's spectrogram as the engine computes it: `python -m tests.benchmarks.hour SECONDS RATE` says JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import asdict, dataclass

import numpy as np

from speefeare_core.audio import read
from speefeare_core.resources import resource as shipped
from workbench.engine.server.spectrograms import Made, spectrogram


@dataclass(frozen=True)
class HourFigures:
    """Of one computation."""

    seconds: float
    cpu_s: float
    wall_s: float
    first_cpu_s: float  # until the whole was shown for the first time
    first_s: float
    extra_mb: float  # beyond what the process had with the samples
    result_mb: float


def measure(seconds: float, rate_hz: int) -> HourFigures:
    """The shipped sentence again and again."""
    speech = read(shipped("samples", "sense_and_sensibility.flac"), rate_hz, 1).samples
    count = round(seconds * rate_hz)
    samples = np.empty((1, count), np.float32)
    for start in range(0, count, speech.shape[1]):
        samples[:, start : start + speech.shape[1]] = speech[:, : count - start]
    shown: list[tuple[float, float]] = []
    # First a second of it: what is loaded at the first use does not count.
    for array in _made(spectrogram(samples[:, :rate_hz], rate_hz, lambda made, done: None)).arrays:
        array.unlink()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu, wall = time.process_time(), time.perf_counter()

    def show(made: Made, done: int) -> None:
        if not shown:
            shown.append((time.process_time() - cpu, time.perf_counter() - wall))

    made = _made(spectrogram(samples, rate_hz, show))
    cpu_s, wall_s = time.process_time() - cpu, time.perf_counter() - wall
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = sum(array.array.nbytes for array in made.arrays)
    for array in made.arrays:
        array.unlink()
    return HourFigures(seconds, cpu_s, wall_s, *shown[0], (after - before) / 1024, size / 2**20)


def _made(work: object) -> Made:
    while True:
        try:
            next(work)  # type: ignore[call-overload]
        except StopIteration as end:
            made: Made = end.value
            return made


if __name__ == "__main__":
    print(json.dumps(asdict(measure(float(sys.argv[1]), int(sys.argv[2])))))
