"""Where the delay of a live session comes from."""

from __future__ import annotations

from workbench.state.sound import LatencyPart

# Names of the parts, in the order in which a sample meets them. Conversion only where a device has another rate; in
# buffered mode a block is filled instead of a few frames.
INPUT, FRAMING, BLOCK, CODEC, COMPUTE = "input device", "framing", "block", "codec", "compute"
QUEUE, CONVERSION, OUTPUT = "queue", "conversion", "output device"
LEAST_MARGIN_S = 0.01
MOST_BURST_S = 0.1


def prefill_samples(step: int, burst_in: int, burst_out: int, compute: int, rate_hz: int) -> int:
    """How much silence must wait for the loudspeaker at the start so that it never runs dry.

    A sample waits for its step to fill; the devices give and take in bursts; the rest is margin for the computation
    and for a late thread. At least two steps.
    """
    margin = max(round(LEAST_MARGIN_S * rate_hz), 2 * compute)
    most = round(MOST_BURST_S * rate_hz)
    return max(2 * step, step + min(burst_in, most) + min(burst_out, most) + margin)


def parts(
    input_s: float,
    output_s: float,
    step: int,
    codec: int,
    compute: int,
    prefill: int,
    rate_hz: int,
    conversion: int = 0,
    buffered: bool = False,
) -> tuple[LatencyPart, ...]:
    """The sum, in samples at the codec's rate: how long after a sound its decode is heard.

    What waits (framing, compute, queue) is together exactly the prefill. `conversion`: what the resamplers of both
    devices hold back. `buffered`: the step is a block of a codec that is not streamed.
    """
    compute = min(compute, max(0, prefill - step))
    rows = (
        LatencyPart(INPUT, round(input_s * rate_hz)),
        LatencyPart(BLOCK if buffered else FRAMING, step),
        LatencyPart(CODEC, codec),
        LatencyPart(COMPUTE, compute),
        LatencyPart(QUEUE, prefill - step - compute),
        LatencyPart(CONVERSION, conversion),
        LatencyPart(OUTPUT, round(output_s * rate_hz)),
    )
    return tuple(row for row in rows if row.samples or row.name != CONVERSION)
