"""Streaming plans: a codec's stream compiled for one number of frames a step.

The plain modules are written to be read, trained and cut into pieces of any size. A plan does the same for one signal
and one step size with weights laid out once, buffers made once and no module calls in between. It is a `CodecStream`
whose `step`, `encode` and `decode` take exactly the frames it was made for. Every plan is checked against the plain
stream before it is handed out: an exact one that does not give the same codes is not used.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from speefeare_core.errors import SpeefeareError
from speefeare_core.plans.modes import EXACT, MODES, PlanReport

if TYPE_CHECKING:
    from speefeare_core.codec import Codec
    from speefeare_core.plans.check import Heard
    from speefeare_core.stream import CodecStream

TOLERANCE = 1e-5


@dataclass(frozen=True)
class Plan:
    """A stream from silence for batches of one, and what was measured of it."""

    stream: CodecStream
    report: PlanReport


def make_plan(codec: Codec, frames: int = 1, depth: int | None = None, mode: str = EXACT) -> Plan:
    """The fastest stream of `codec` for steps of `frames` frames that meets `mode`; where none does, the plain one.

    Raises `SpeefeareError` for an unknown mode, a codec that cannot stream, or a faster mode it does not have.
    """
    from speefeare_core.plans.beside import Beside
    from speefeare_core.plans.check import compare, heard_by
    from speefeare_core.plans.cuda_graph import graphed
    from speefeare_core.plans.huge_pages import filled_ahead

    if mode not in {row.key for row in MODES}:
        raise SpeefeareError(f"There is no mode {mode}; choose {', '.join(row.key for row in MODES)}.")
    started = time.perf_counter()

    def listen() -> tuple[CodecStream, list[Heard]]:
        stream = codec.stream(depth=depth, start="silence")
        return stream, heard_by(stream, codec, frames)

    # The plain stream hears the signal of the check while the plan is made, and memory for it is filled.
    with Beside(listen) as plainly, filled_ahead(_weights(codec)):
        made = codec.plan_stream(frames, depth, mode)
        if made is None and mode == EXACT:
            made = graphed(codec, frames, depth)
        plain, heard = plainly.result()
    if made is None:
        plain.reset()
        if mode != EXACT:
            raise SpeefeareError(f"{codec.info.name} has no {mode} mode; use float32.")
        note = f"{codec.info.name} has no plan of its own."
        same = 1.0 if codec.info.books else None
        return Plan(plain, PlanReport(mode, frames, False, time.perf_counter() - started, same, 0.0, note))
    same, error = compare(codec, made, frames, heard=heard)
    taken = time.perf_counter() - started
    if mode == EXACT and (error > TOLERANCE or same not in (None, 1.0)):
        plain.reset()
        note = f"The plan differed from the plain computation (codes {same}, audio {error:.1e}) and is not used."
        return Plan(plain, PlanReport(mode, frames, False, taken, 1.0 if codec.info.books else None, 0.0, note))
    made.reset()
    made.depth = depth  # None is every book
    return Plan(made, PlanReport(mode, frames, True, taken, same, error))


def _weights(codec: Codec) -> int:
    """Bytes of all weights on the processor: about what a plan copies."""
    weights = codec.module.parameters()
    return sum(its.numel() * its.element_size() for its in weights if its.device.type == "cpu")
