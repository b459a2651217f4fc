"""Round numbers for axes."""

from __future__ import annotations

import math


def step_for(span: float, room: int) -> float:
    """The round step (1, 2 or 5 times a power of ten) that puts at most `room` ticks into `span`."""
    raw = span / max(room, 1)
    if raw <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(raw))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * (1 - 1e-9))


def ticks(low: float, high: float, room: int) -> list[float]:
    """Round values in [low, high], at most about `room`."""
    step = step_for(high - low, room)
    first = math.ceil(low / step - 1e-9)
    return [round(index * step, 10) for index in range(first, math.floor(high / step + 1e-9) + 1)]


def seconds_text(seconds: float, step: float) -> str:
    """A time as the ruler shows it: `0.25`, `12`, `2:05`, `1:02:05`."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
    if abs(seconds) < 60 or decimals > 2:
        return f"{seconds:.{decimals}f}"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    head = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{head}:{rest:0{2 if not decimals else 3 + decimals}.{decimals}f}"


def length_text(seconds: float) -> str:
    """A position or length for read-outs: `0:07.123`."""
    minutes, rest = divmod(max(seconds, 0.0), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:06.3f}" if hours else f"{minutes}:{rest:06.3f}"
