"""A codec's plan beside its plain stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from speefeare_core import audio
from speefeare_core.benchmark.seconds import SECONDS
from speefeare_core.benchmark.turns import Figures, Runner, cut, figures, ratios, steps_for, take_turns
from speefeare_core.codec import Codec
from speefeare_core.plans import make_plan
from speefeare_core.plans.modes import PlanReport
from speefeare_core.resources import resource
from speefeare_core.stream import CodecStream


@dataclass(frozen=True)
class StreamBench:
    """One codec, one step size, one mode."""

    codec: str
    frames: int
    step_ms: float  # of audio
    report: PlanReport
    plain: Figures
    plan: Figures
    ratio: float  # plain over plan, by the clock; more than 1: the plan is faster
    cpu_ratio: float

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def bench_stream(
    codec: Codec,
    frames: int,
    mode: str,
    seconds: float = SECONDS,
    warm_up: float = SECONDS,
    progress: Callable[[float], None] = lambda fraction: None,
) -> StreamBench:
    """Time steps of `frames` frames (at least `info.live_frames`) on speech, after `warm_up` seconds of it.

    Raises `SpeefeareError` for a codec that does not stream, or has no such mode.
    """
    info = codec.info
    frames = max(frames, info.live_frames)
    plain = codec.stream(start="silence")
    plan = make_plan(codec, frames, mode=mode)
    hop = frames * info.hop_samples
    step_s = hop / info.rate_hz
    before, timed = steps_for((warm_up, seconds), step_s)
    blocks = cut(speech(codec), hop, before + timed)
    settle = torch.cuda.synchronize if torch.device(codec.device).type == "cuda" else lambda: None
    runners = [stream_runner("plain", plain), stream_runner("plan", plan.stream)]
    first, second = take_turns(runners, blocks, before, progress, settle)
    ratio, cpu_ratio = ratios(second, first)
    return StreamBench(
        info.name,
        frames,
        1000 * step_s,
        plan.report,
        figures(first, step_s),
        figures(second, step_s),
        ratio,
        cpu_ratio,
    )


def stream_runner(name: str, stream: CodecStream) -> Runner:
    """One of our streams."""

    def encode(block: Tensor) -> Tensor:
        codes, latents = stream.encode(block)
        told = latents if codes is None else codes
        assert told is not None
        return told

    return Runner(name, encode, stream.decode)


def speech(codec: Codec) -> Tensor:
    """The shipped recording at the codec's rate, `[1, C, T]`."""
    sample = audio.read(resource("samples", "sense_and_sensibility.flac"), codec.info.rate_hz, codec.info.channels)
    return torch.from_numpy(sample.samples)[None].to(codec.device)


def table(rows: list[StreamBench]) -> str:
    """Markdown."""
    lines = [
        "| codec | step | mode | median | p99 | worst | real-time factor (cpu) | plain median | ratio (cpu)"
        " | same codes | audio error | built in |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        plan, report = row.plan, row.report
        same = "–" if plan.same_codes is None else f"{plan.same_codes:.2%}"
        lines.append(
            f"| {row.codec} | {row.frames} × {row.step_ms / row.frames:.1f} ms |"
            f" {report.mode}{'' if report.compiled else ' (plain)'} | {plan.median_ms:.2f} ms | {plan.p99_ms:.2f} |"
            f" {plan.worst_ms:.2f} | {plan.real_time_factor:.3f} ({plan.cpu_real_time_factor:.3f}) |"
            f" {row.plain.median_ms:.2f} ms | {row.ratio:.2f} ({row.cpu_ratio:.2f}) |"
            f" {same} | {plan.audio_error:.1e} | {report.build_s:.2f} s |"
        )
    notes = dict.fromkeys(row.report.note for row in rows if row.report.note)
    return "\n".join([*lines, *notes])
