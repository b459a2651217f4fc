"""What a soak writes down: one row every few seconds, and at the end what grew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

SETTLE_S = 120.0  # rings fill and allocators settle; the lines are fitted to what follows
COUNTED = ("frames", "dropped_frames", "underruns", "overruns")


@dataclass(frozen=True)
class Look:
    """The session at one moment, `at_s` after it started."""

    at_s: float
    counters: dict[str, float]  # the live status
    engine_mb: float  # resident
    window_mb: float = 0.0
    redraws: int = 0  # of the whole window, since the start
    stolen_s: float = 0.0  # processor time that the host gave to others, since the start
    notices: tuple[str, ...] = ()  # all that was said to the person


@dataclass
class Soak:
    """All looks of one run."""

    rate_hz: int
    frame_rate_hz: float
    step_frames: int
    looks: list[Look] = field(default_factory=list)
    stopped: str = ""  # why it ended before its time

    @property
    def last(self) -> Look:
        """The end."""
        return self.looks[-1]

    def total(self, name: str) -> float:
        """How often something happened from the first look to the last. A counter that fell began anew."""
        values = [look.counters[name] for look in self.looks]
        return sum(after - before if after >= before else after for before, after in pairwise(values))

    def ms(self, samples: float) -> float:
        """Samples at the codec's rate."""
        return 1000.0 * samples / self.rate_hz


COLUMNS = (
    "time", "frames", "dropped", "underruns", "overruns", "median", "p99", "worst", "lag", "queue", "engine", "window",
    "redraws/s", "stolen",
)  # fmt: skip
UNITS = ("s", "", "", "", "", "ms", "ms", "ms", "ms", "ms", "MB", "MB", "", "s")


def heading() -> str:
    """Names and units of the columns."""
    return "\n".join("".join(f"{word:>10}" for word in words) for words in (COLUMNS, UNITS))


def row(soak: Soak) -> str:
    """The last look."""
    now = soak.last
    before = soak.looks[-2] if len(soak.looks) > 1 else None
    passed = now.at_s - before.at_s if before else 0.0
    redraws = (now.redraws - before.redraws) / passed if before and passed > 0 else 0.0
    count = now.counters
    values = (
        f"{now.at_s:.0f}", *(f"{count[name]:.0f}" for name in COUNTED),
        *(f"{count[name]:.2f}" for name in ("step_ms_median", "step_ms_p99", "step_ms_worst")),
        f"{soak.ms(count['lag_samples']):.1f}", f"{soak.ms(count['queue_samples']):.1f}",
        f"{now.engine_mb:.1f}", f"{now.window_mb:.1f}", f"{redraws:.1f}", f"{now.stolen_s:.2f}",
    )  # fmt: skip
    return "".join(f"{value:>10}" for value in values)


def slope_per_h(times_s: Sequence[float], values: Sequence[float], settle_s: float = SETTLE_S) -> float | None:
    """The line through what follows the first `settle_s` seconds, in units per hour; None for fewer than 3 points."""
    kept = [(at, value) for at, value in zip(times_s, values, strict=True) if at >= settle_s]
    if len(kept) < 3:
        return None
    at, value = np.array(kept).T
    return float(np.polyfit(at - at.mean(), value, 1)[0] * 3600.0)


def summary(soak: Soak) -> str:
    """The end of the log."""
    last, looks = soak.last, soak.looks
    count = last.counters
    times = [look.at_s for look in looks]
    passed = last.at_s - looks[0].at_s
    coded, expected = soak.total("frames"), passed * soak.frame_rate_hz
    first = looks[0].counters
    median = float(np.median([look.counters["step_ms_median"] for look in looks]))
    p99 = [look.counters["step_ms_p99"] for look in looks]  # each of the last 500 steps
    lines = [
        f"{passed:.0f} s between the first row and the last: {coded:.0f} frames coded of {expected:.0f} that the clock"
        f" allows, {soak.step_frames} a step",
        ", ".join(f"{name.replace('_', ' ')} {first[name] + soak.total(name):.0f}" for name in COUNTED[1:]),
        f"step: median {median:.2f} ms, 99th percentile {np.median(p99):.2f} ms in the middle and {max(p99):.2f} ms at"
        f" its highest ({np.median(p99) / max(median, 1e-9):.2f} and {max(p99) / max(median, 1e-9):.2f} medians), worst"
        f" {count['step_ms_worst']:.2f} ms, real-time factor {count['real_time_factor']:.3f}",
        "growth after the first two minutes: "
        + ", ".join(
            f"{name} {_grown(slope_per_h(times, values))} {unit}/h"
            for name, unit, values in (
                ("engine", "MB", [look.engine_mb for look in looks]),
                ("window", "MB", [look.window_mb for look in looks]),
                ("lag", "ms", [soak.ms(look.counters["lag_samples"]) for look in looks]),
                ("queue", "ms", [soak.ms(look.counters["queue_samples"]) for look in looks]),
            )
        ),
    ]
    if last.redraws and passed:
        drawn = (last.redraws - looks[0].redraws) / passed
        lines.append(f"the whole window was drawn {drawn:.1f} times a second")
    lines += [f"{soak.last.notices.count(said)}× {said}" for said in dict.fromkeys(soak.last.notices)]
    if soak.stopped:
        lines.append(f"It ended before its time: {soak.stopped}")
    return "\n".join(lines)


def _grown(slope: float | None) -> str:
    return "(too short)" if slope is None else f"{round(slope, 2) + 0.0:+.2f}"  # without a negative zero
