"""Several streams take turns on the same blocks, so that whatever else the machine does hits all of them alike.

Every stream encodes each block; then every one decodes the codes (or latents) of the first, so that their audio can be
compared however their codes differ. Who begins changes from step to step.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from speefeare_core.plans.check import finite


@dataclass(frozen=True)
class Runner:
    """A stream under its name: `encode` gives codes `[1, K, n]` or latents, which `decode` takes."""

    name: str
    encode: Callable[[Tensor], Tensor]
    decode: Callable[[Tensor], Tensor]


@dataclass
class Taken:
    """What one runner took for each timed step, in seconds, and how its results compare with the first's."""

    name: str
    encode_wall: list[float] = field(default_factory=list)
    decode_wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)  # of the process, both together
    equal_codes: int = 0
    all_codes: int = 0
    encode_error: float = 0.0  # of latents, where there are no codes, as a share of the greatest
    audio_error: float = 0.0  # of the decodes of the same codes, as a share of the greatest sample
    codes_seen: set[int] = field(default_factory=set)  # of the first book

    @property
    def wall(self) -> NDArray[np.float64]:
        """Seconds of each step, encode and decode."""
        whole: NDArray[np.float64] = np.asarray(self.encode_wall) + np.asarray(self.decode_wall)
        return whole

    @property
    def same_codes(self) -> float | None:
        """The share of codes that the first gave too; None without codes."""
        return self.equal_codes / self.all_codes if self.all_codes else None


def take_turns(
    runners: Sequence[Runner],
    blocks: Sequence[Tensor],
    warm_up: int,
    progress: Callable[[float], None] = lambda fraction: None,
    settle: Callable[[], None] = lambda: None,
) -> list[Taken]:
    """All blocks through all runners; times of the first `warm_up` blocks do not count, results do.

    `settle` waits until a device has finished.
    """
    taken = [Taken(runner.name) for runner in runners]
    loudest = 1e-3
    with torch.inference_mode():
        for step, block in enumerate(blocks):
            order = [(index + step) % len(runners) for index in range(len(runners))]
            told = {index: _timed(runners[index].encode, block, settle) for index in order}
            first = told[0][0]
            heard = {index: _timed(runners[index].decode, first, settle) for index in order}
            loudest = max(loudest, float(heard[0][0].abs().max()))
            for index, row in enumerate(taken):
                _compare(row, first, told[index][0], heard[0][0], heard[index][0], loudest)
                if step >= warm_up:
                    row.encode_wall.append(told[index][1])
                    row.decode_wall.append(heard[index][1])
                    row.cpu.append(told[index][2] + heard[index][2])
            progress((step + 1) / len(blocks))
    return taken


def _timed(call: Callable[[Tensor], Tensor], given: Tensor, settle: Callable[[], None]) -> tuple[Tensor, float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    found = call(given)
    settle()
    return found, time.perf_counter() - wall, time.process_time() - cpu


def _compare(row: Taken, first: Tensor, told: Tensor, wanted: Tensor, heard: Tensor, loudest: float) -> None:
    if first.is_floating_point():
        scale = float(first.abs().max().clamp(min=1e-9))
        row.encode_error = max(row.encode_error, finite(float((first - told).abs().max()) / scale))
    else:
        row.equal_codes += int((first == told).sum())
        row.all_codes += first.numel()
        row.codes_seen.update(told[:, 0].flatten().tolist())
    row.audio_error = max(row.audio_error, finite(float((wanted - heard).abs().max()) / loudest))


@dataclass(frozen=True)
class Figures:
    """One runner's times, in milliseconds a step."""

    name: str
    steps: int
    median_ms: float
    p99_ms: float
    worst_ms: float
    encode_ms: float  # median
    decode_ms: float
    cpu_ms: float  # median of process time
    real_time_factor: float  # mean time of a step over the audio of a step; below 1 keeps up
    cpu_real_time_factor: float
    late: float  # share of steps that took longer than their audio lasts
    same_codes: float | None
    encode_error: float
    audio_error: float
    first_book_codes: int  # different ones; an agreement over few of them says little

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def figures(taken: Taken, step_s: float) -> Figures:
    """Of steps of `step_s` seconds of audio."""
    wall = taken.wall
    return Figures(
        taken.name,
        len(wall),
        1000 * float(np.median(wall)),
        1000 * float(np.percentile(wall, 99)),
        1000 * float(wall.max()),
        1000 * statistics.median(taken.encode_wall),
        1000 * statistics.median(taken.decode_wall),
        1000 * statistics.median(taken.cpu),
        float(wall.mean()) / step_s,
        statistics.fmean(taken.cpu) / step_s,
        float((wall > step_s).mean()),
        taken.same_codes,
        taken.encode_error,
        taken.audio_error,
        len(taken.codes_seen),
    )


def ratios(ours: Taken, theirs: Taken) -> tuple[float, float]:
    """How many times longer theirs takes: the median over the steps, by the clock and in processor time."""
    return (
        float(np.median(theirs.wall / ours.wall)),
        statistics.median(a / max(b, 1e-9) for a, b in zip(theirs.cpu, ours.cpu, strict=True)),
    )


def cut(signal: Tensor, samples: int, steps: int) -> list[Tensor]:
    """`[1, C, T]` repeated until it holds `steps` blocks of `samples` samples."""
    wanted = samples * steps
    times = -(-wanted // signal.shape[-1])
    return list(torch.split(signal.repeat(1, 1, times)[..., :wanted], samples, dim=-1))


def steps_for(seconds: Iterable[float], step_s: float) -> list[int]:
    """Whole steps, at least two, of each length."""
    return [max(2, round(length / step_s)) for length in seconds]
