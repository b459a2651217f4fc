"""Plain data about sound devices and latency, which both processes use. Imports nothing of Qt."""

from __future__ import annotations

from dataclasses import dataclass

GENERATORS = ("sine", "sweep", "speech noise")  # signals that stand in for a microphone


@dataclass(frozen=True)
class DeviceInfo:
    """One sound device as PortAudio names it."""

    name: str
    host: str
    inputs: int
    outputs: int
    rate_hz: int
    latency_ms: float
    is_default: bool = False
    monitor: bool = False  # hears what the system plays


@dataclass(frozen=True)
class LatencyPart:
    """One part of the latency sum, in samples at the codec's rate."""

    name: str  # input device, framing, codec, compute, queue, output device
    samples: int
