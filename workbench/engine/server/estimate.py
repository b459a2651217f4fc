"""What is steady on this machine: the loaded codec timed at several frames a step, before anything is started."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence

import numpy as np
import torch

from speefeare_core.codec import Codec
from speefeare_core.errors import SpeefeareError
from speefeare_core.plans import make_plan
from speefeare_core.plans.modes import EXACT, MODES
from workbench.engine import protocol
from workbench.engine.protocol import LiveEstimate
from workbench.engine.server.priority import STEP_PRIORITY, preferred

POINT_S = 0.5  # computing time for one point
CHUNK_S = 0.1  # between looks at whether it was cancelled
WARM_UP_STEPS = 4
LEAST_STEPS, MOST_STEPS = 8, 2000
STEADY = 0.7  # the 99th percentile of the steps as a share of the sound that they carry
LOUDNESS = 0.1


def estimating(
    number: int,
    codec: Codec,
    frames: Sequence[int],
    modes: Sequence[str],
    emit: Callable[[protocol.Event], None],
) -> Iterator[None]:
    """Work for the task thread: time each point, and emit LiveEstimated.

    A faster mode that the codec does not have is left out and named in the advice. Raises `SpeefeareError` where the
    codec cannot stream, or nothing could be timed.
    """
    wanted = [(mode, count) for mode in modes for count in frames]
    points: list[LiveEstimate] = []
    without: dict[str, str] = {}
    for done, (mode, count) in enumerate(wanted):
        if mode in without:
            continue
        emit(protocol.Progress(number, f"Timing {count} frames a step", done, len(wanted)))
        yield
        try:
            point = yield from timing(codec, count, mode)
        except SpeefeareError as error:
            if mode == EXACT or mode not in {row.key for row in MODES}:
                raise
            without[mode] = str(error)
            continue
        points.append(point)
    if not points:
        raise SpeefeareError(next(iter(without.values()), "There is nothing to time; name at least one step size."))
    words = [advice(points), *without.values()]
    emit(protocol.LiveEstimated(number, tuple(points), " ".join(words)))


def timing(codec: Codec, frames: int, mode: str) -> Generator[None, None, LiveEstimate]:
    """One point, as the generator's value: `frames` as StartLive counts them. The first steps warm up, uncounted."""
    info = codec.info
    count = max(1, frames) * info.live_frames
    stream = make_plan(codec, count, mode=mode).stream
    yield
    samples = count * info.hop_samples
    draw = np.random.default_rng(0)
    seconds: list[float] = []
    while len(seconds) < MOST_STEPS:
        looked = sum(seconds)
        # As the live thread will have it: one thread, before whatever else computes here.
        torch.set_num_threads(1)
        with preferred(STEP_PRIORITY), torch.inference_mode():
            while sum(seconds) - looked <= CHUNK_S and len(seconds) < MOST_STEPS:
                noise = LOUDNESS * draw.standard_normal((1, info.channels, samples), dtype=np.float32)
                block = torch.from_numpy(noise).to(codec.device)
                started = time.perf_counter()
                stream.step(block).audio.cpu()
                seconds.append(time.perf_counter() - started)
        yield
        if sum(seconds) > POINT_S and len(seconds) >= WARM_UP_STEPS + LEAST_STEPS:
            break
    seconds = seconds[WARM_UP_STEPS:]
    median, p99 = (float(value) for value in np.percentile(np.array(seconds), (50, 99)))
    step_s = samples / info.rate_hz
    whole_s = step_s + info.stream_delay_samples / info.rate_hz + median
    return LiveEstimate(frames, mode, 1000 * median, 1000 * p99, median / step_s, 1000 * whole_s)


def advice(points: Sequence[LiveEstimate]) -> str:
    """In words: the smallest latency whose 99th percentile leaves room, or what to do where there is none."""

    def share(point: LiveEstimate) -> float:
        return point.real_time_factor * point.p99_ms / point.step_ms if point.step_ms else 0.0

    steady = [point for point in points if share(point) < STEADY]
    title = {row.key: row.title for row in MODES}
    if steady:
        best = min(steady, key=lambda point: (point.latency_ms, share(point)))
        mode = "" if best.mode == EXACT else f" in mode {title[best.mode]}"
        return (
            f"{best.frames} {'frame' if best.frames == 1 else 'frames'} a step{mode} is steady here:"
            f" {best.latency_ms:.0f} ms without the devices, {100 * share(best):.0f} % of the time computing at worst"
            " (99th percentile)."
        )
    best = min(points, key=share)
    if best.real_time_factor < 1:
        return (
            f"Nothing tried is safe here; {best.frames} frames a step come nearest"
            f" (99th percentile {100 * share(best):.0f} % of real time). Try more frames a step, fewer books or"
            " the GPU."
        )
    return (
        f"This codec is too slow for this machine: {best.frames} frames a step take {best.real_time_factor:.1f} times"
        " as long as they last. Use buffered mode, fewer books, a faster mode or the GPU."
    )
