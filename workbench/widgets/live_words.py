"""What Live says in words: lists of devices, why a codec cannot, counters."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from speefeare_core.codec import CodecInfo
from workbench.state.live import LiveState
from workbench.state.live_setup import FILE, GENERATOR
from workbench.state.sound import GENERATORS, DeviceInfo
from workbench.widgets.counter_row import Counter

Entries = tuple[tuple[str, str], ...]
DEFAULT, VIRTUAL = "default", "virtual"  # as the engine calls them


def source_entries(inputs: tuple[DeviceInfo, ...], files: Iterable[str], chosen: str) -> Entries:
    """What a list of sources offers: microphones, what the system plays, files, generators, silence."""
    rows = [*_devices([row for row in inputs if not row.monitor])]
    rows += [(f"System sound: {row.name}", row.name) for row in inputs if row.monitor]
    rows += [(f"File: {Path(path).name}", FILE + path) for path in dict.fromkeys(path for path in files if path)]
    rows += [(f"Generator: {name}", GENERATOR + name) for name in GENERATORS]
    return _with_chosen([*rows, ("Virtual: no microphone", VIRTUAL)], chosen)


def output_entries(outputs: tuple[DeviceInfo, ...], chosen: str) -> Entries:
    """What a list of loudspeakers offers."""
    return _with_chosen([*_devices(outputs), ("Virtual: no sound", VIRTUAL)], chosen)


def _devices(devices: Iterable[DeviceInfo]) -> list[tuple[str, str]]:
    rows = [("Default", DEFAULT)]
    for device in devices:
        if device.name not in (DEFAULT, VIRTUAL):
            rows.append((f"{device.name} ({device.host})" if device.host else device.name, device.name))
    return rows


def _with_chosen(rows: list[tuple[str, str]], chosen: str) -> Entries:
    if chosen not in {value for _, value in rows}:
        name = Path(chosen.removeprefix(FILE)).name if chosen.startswith(FILE) else f"{chosen} (not there)"
        rows.append((name, chosen))
    return tuple(rows)


def why_no_stream(info: CodecInfo) -> str:
    """Why a codec cannot stream, and what happens instead."""
    ahead = info.look_ahead_samples
    if info.causal:
        reason = "works on whole files"
    elif ahead is None:
        reason = "needs the whole recording"
    else:
        reason = "looks ahead" + (f" {1000.0 * ahead / info.rate_hz:.0f} ms" if ahead else "")
    return f"{info.name} {reason} and cannot stream"


def message(live: LiveState, info: CodecInfo | None, without_stream_s: float) -> str:
    """The one sentence about how Live is."""
    if live.message:
        return live.message
    if info is None:
        return "Open a codec: Ctrl+Shift+O or drop it here"
    if live.running:
        if live.counters.get("howl_muted"):
            return "Muted by itself: it howled. Put on headphones, then unmute"
        if live.muted:
            return "Muted: put on headphones, then press Muted"
        source = Path(live.input_device).name  # a file that stands in for a microphone comes with its folder
        return " · ".join((f"{source} → {info.name} → {live.output_device}", *live.notes))
    if live.starting:
        return "Starting: the sound devices need a moment"
    if live.device_problem:
        return live.device_problem
    if not info.streamable:
        block_s = live.setup.buffered_s or without_stream_s
        return f"{why_no_stream(info)}: coded in blocks of {block_s:g} s, and that much later"
    return "Starts muted: use headphones"


def counters(values: dict[str, float], step_s: float, rate_hz: int, most_lag_s: float) -> tuple[Counter, ...]:
    """What the row under the views shows; `step_s`: how long a step may take; above `most_lag_s`, frames are skipped.

    Less than half of that lag is what devices give at once.
    """

    def count(name: str, key: str, loss: bool = True) -> Counter:
        value = int(values.get(key, 0))
        return Counter(name, f"{value}", loss and value > 0)

    def step(name: str, key: str) -> Counter:
        value = values.get(key, 0.0)
        return Counter(name, f"{value:.1f} ms", bool(step_s) and value > 1000.0 * step_s)

    factor = values.get("real_time_factor", 0.0)
    lag_s = values.get("lag_samples", 0.0) / rate_hz if rate_hz else 0.0
    return (
        Counter("RTF", f"{factor:.2f}", factor > 1.0),
        step("Step", "step_ms_median"),
        step("p99", "step_ms_p99"),
        step("Worst", "step_ms_worst"),
        Counter("Lag", f"{1000.0 * lag_s:.0f} ms", lag_s > 0.5 * most_lag_s),
        count("Dropped", "dropped_frames"),
        count("Underruns", "underruns"),
        count("Overruns", "overruns"),
        count("Lost", "lost_packets", loss=False),
        count("Flipped", "flipped_bits", loss=False),
    )
