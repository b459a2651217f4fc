"""What a live session needs of a codec before the first sample: a plan for its step, warmed up and timed.

Takes seconds. Any thread may do it while another codec is heard.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from speefeare_core.codec import Codec
from speefeare_core.errors import SpeefeareError
from speefeare_core.plans import Plan, make_plan
from speefeare_core.plans.modes import EXACT, PlanReport
from workbench.engine.protocol import StartLive
from workbench.engine.server.latents import Basis
from workbench.engine.server.live_buffered import BlockTimes, BufferedCoder
from workbench.engine.server.live_coder import Coder, StreamCoder
from workbench.engine.server.live_core import step_frames
from workbench.engine.server.live_window import WindowCoder
from workbench.engine.server.priority import STEP_PRIORITY, preferred

WARM_UP_STEPS, WARM_UP_BLOCKS = 10, 3
DEFAULT_BLOCK_S = 1.0  # where a codec that cannot stream is started without saying how long
LEAST_BLOCK_S = 0.05
BLOCK_MARGIN, BLOCK_MARGIN_S = 1.5, 0.05  # what a block may take: this many times what silence took, and this


@dataclass(frozen=True)
class Prepared:
    """A codec that is ready to be heard."""

    codec: Codec
    request: StartLive  # what of it the codec can have
    coder: Coder
    basis: Basis | None
    plan: PlanReport | None  # None: blocks are coded, there is no stream
    compute: int  # samples that pass while a step is computed, or may pass while a block is
    block: int = 0  # samples of a block; 0: not buffered
    notes: tuple[str, ...] = ()

    @property
    def buffered(self) -> bool:
        """Whether blocks are computed instead of steps."""
        return self.block > 0


def prepare(codec: Codec, request: StartLive, basis: Basis | None) -> Prepared:
    """Raises `SpeefeareError` for a depth or books that the codec does not have."""
    if request.buffered_s > 0 or not codec.info.streamable:
        return _prepare_blocks(codec, request, basis)
    info, frames = codec.info, step_frames(codec.info, request.frames_per_step)
    plan, notes = _plan(codec, request, frames)
    with preferred(STEP_PRIORITY):
        seconds = _time_stream(codec, plan, frames, WARM_UP_STEPS)
    coder = _checked(StreamCoder(codec, plan.stream, request), request)
    return Prepared(codec, request, coder, basis, plan.report, round(seconds * info.rate_hz), notes=notes)


def _prepare_blocks(codec: Codec, request: StartLive, basis: Basis | None) -> Prepared:
    info = codec.info
    block_s = max(LEAST_BLOCK_S, request.buffered_s or DEFAULT_BLOCK_S)
    step = info.hop_samples * step_frames(info, request.frames_per_step)
    if info.streamable:
        frames = max(1, round(block_s * info.frame_rate_hz))
        plan, notes = _plan(codec, request, frames)
        block, late, report = frames * info.hop_samples, 0, plan.report
        taken = _time_stream(codec, plan, frames, WARM_UP_BLOCKS)
        inner: Coder = StreamCoder(codec, plan.stream, request)
    else:
        windows = WindowCoder(codec, block_s, request)
        block, late, report, notes = windows.block_samples, windows.late_samples, None, (windows.words,)
        silence = np.zeros((info.channels, block), np.float32)
        taken = _time(lambda: windows.step(silence), windows.blocks_to_fill + 2, windows.blocks_to_fill)
        inner = WindowCoder(codec, block_s, request)
    _checked(inner, request)
    compute = round((BLOCK_MARGIN * taken + BLOCK_MARGIN_S) * info.rate_hz)
    coder = BufferedCoder(info, inner, BlockTimes(block, late, compute, step))
    return Prepared(codec, request, coder, basis, report, compute, block, notes)


def _plan(codec: Codec, request: StartLive, frames: int) -> tuple[Plan, tuple[str, ...]]:
    """In the wished mode, or exactly, with a note that says why."""
    notes = []
    try:
        plan = make_plan(codec, frames, request.depth, request.mode)
    except SpeefeareError as error:
        if request.mode == EXACT:
            raise
        notes.append(f"{error} Live computes exactly.")
        plan = make_plan(codec, frames, request.depth)
    return plan, (*notes, plan.report.note) if plan.report.note else tuple(notes)


def _checked(coder: Coder, request: StartLive) -> Coder:
    if request.books:
        coder.check_books(request.books)
    return coder


def _time_stream(codec: Codec, plan: Plan, frames: int, steps: int) -> float:
    """Seconds of a step of silence; the stream is reset after it."""
    silence = torch.zeros(1, codec.info.channels, codec.info.hop_samples * frames, device=codec.device)
    seconds = _time(lambda: plan.stream.step(silence).audio.cpu(), steps, -(-steps // 5))
    plan.stream.reset()
    return seconds


def _time(step: Callable[[], object], steps: int, slow: int) -> float:
    """The median of the seconds of steps after the first `slow` ones."""
    seconds = []
    for _ in range(steps):
        started = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds[slow:]))
