"""Where the delay of a live session comes from."""

from __future__ import annotations

from workbench.state.sound import LatencyPart

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
    input_s: float, output_s: float, step: int, codec: int, compute: int, prefill: int, rate_hz: int
) -> tuple[LatencyPart, ...]:
    """The sum, in samples. What waits (framing, compute, queue) is together exactly the prefill."""
    compute = min(compute, max(0, prefill - step))
    return (
        LatencyPart("input device", round(input_s * rate_hz)),
        LatencyPart("framing", step),
        LatencyPart("codec", codec),
        LatencyPart("compute", compute),
        LatencyPart("queue", prefill - step - compute),
        LatencyPart("output device", round(output_s * rate_hz)),
    )
