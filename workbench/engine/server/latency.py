"""Where the delay of a live session comes from."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from workbench.engine.server.streams import Stream
from workbench.state.sound import LatencyPart

# Names of the parts, in the order in which a sample meets them. Conversion only where a device has another rate; in
# buffered mode a block is filled instead of a few frames.
INPUT, FRAMING, BLOCK, CODEC, COMPUTE = "input device", "framing", "block", "codec", "compute"
QUEUE, CONVERSION, OUTPUT = "queue", "conversion", "output device"
LEAST_MARGIN_S = 0.01
MOST_BURST_S = 0.1
TRIES, PAUSE_S = 5, 0.0002
LOOK_S = 1.0  # between looks at the devices' clocks
MOVED_S = 0.002  # less is not worth telling


def prefill_samples(step: int, burst_in: int, burst_out: int, compute: int, rate_hz: int) -> int:
    """How much silence must wait for the loudspeaker at the start so that it never runs dry.

    A sample waits for its step to fill; the devices give and take in bursts; the rest is margin for the computation
    and for a late thread. At least two steps.
    """
    margin = max(round(LEAST_MARGIN_S * rate_hz), 2 * compute)
    most = round(MOST_BURST_S * rate_hz)
    return max(2 * step, step + min(burst_in, most) + min(burst_out, most) + margin)


@dataclass(frozen=True)
class Between:
    """What lies outside of the two queues, from microphone to loudspeaker, by the devices' own clocks."""

    input_s: float  # microphone to callback
    output_s: float  # callback to loudspeaker
    conversion_s: float  # in resamplers, of both
    phase_s: float  # how much later than the microphone's callbacks the loudspeaker's come; may be below 0
    queued: int = 0  # in the queues at that moment


def between(microphone: Stream | None, loudspeaker: Stream, queued: Callable[[], int]) -> Between:
    """As it is now. For the live thread, between two steps: callbacks may come meanwhile, and are waited for.

    A sample that comes in now is heard when all that is queued before it was: its time at the loudspeaker less its time
    at the microphone is exact where both devices say when their samples pass.
    """
    streams = [loudspeaker] if microphone is None else [loudspeaker, microphone]
    for _ in range(TRIES):
        before = [stream.clock.samples for stream in streams]
        waiting, held = queued(), [stream.held_s for stream in streams]
        at = [stream.clock.next_at() for stream in streams]
        if before == [stream.clock.samples for stream in streams] and not any(s.clock.busy for s in streams):
            break
        time.sleep(PAUSE_S)
    if microphone is None:  # what stands in for it speaks at the loudspeaker's callbacks
        return Between(0.0, loudspeaker.latency_s, held[0], 0.0, waiting)
    near, far = microphone.latency_s, loudspeaker.latency_s
    return Between(near, far, sum(held), at[0] - at[1] - near - far, waiting)


def parts(
    input_s: float,
    output_s: float,
    step: int,
    codec: int,
    compute: int,
    waits: int,
    rate_hz: int,
    conversion: int = 0,
    buffered: bool = False,
    phase: int = 0,
) -> tuple[LatencyPart, ...]:
    """The sum, in samples at the codec's rate: how long after a sound its decode is heard.

    `waits` is what waits at either side of the codec (framing, compute and queue together), `conversion` what the
    resamplers of both devices hold back, `phase` see `Between`. `buffered`: the step is a block of a codec that is not
    streamed.
    """
    compute = min(compute, max(0, waits - step))
    queue, near = waits - step - compute + phase, round(input_s * rate_hz)
    if queue < 0:  # the rhythm of the callbacks gains some of what the devices say they take
        near, queue = near + queue, 0
    rows = (
        LatencyPart(INPUT, max(0, near)),
        LatencyPart(BLOCK if buffered else FRAMING, step),
        LatencyPart(CODEC, codec),
        LatencyPart(COMPUTE, compute),
        LatencyPart(QUEUE, queue),
        LatencyPart(CONVERSION, conversion),
        LatencyPart(OUTPUT, round(output_s * rate_hz) + min(0, near)),
    )
    return tuple(row for row in rows if row.samples or row.name != CONVERSION)


class LatencyWatch:
    """Whether the stacked bar that people see is still true. For the live thread."""

    def __init__(self) -> None:
        self._shown: tuple[LatencyPart, ...] = ()
        self._looked = 0.0

    def show(self, shown: tuple[LatencyPart, ...]) -> None:
        """This is what they see."""
        self._shown, self._looked = shown, time.monotonic()

    def moved(self, look: Callable[[], tuple[LatencyPart, ...]], rate_hz: int) -> tuple[LatencyPart, ...] | None:
        """Asked often, looks once a second: the bar as it is now, where its sum has moved by 2 ms or more."""
        if time.monotonic() - self._looked < LOOK_S:
            return None
        self._looked = time.monotonic()
        now = look()
        by = sum(part.samples for part in now) - sum(part.samples for part in self._shown)
        if abs(by) < MOVED_S * rate_hz:
            return None
        self._shown = now
        return now
