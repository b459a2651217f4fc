"""What a live session has to say in a terminal: the counters of the live tab, as data and as text."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from speefeare_core.codec import CodecInfo
from workbench.engine import protocol
from workbench.state.sound import DeviceInfo, LatencyPart

WHOLE = ("frames", "dropped_frames", "underruns", "overruns", "lost_packets", "flipped_bits", "queue_samples")


def latency_rows(parts: tuple[LatencyPart, ...], rate_hz: int) -> list[dict[str, Any]]:
    """One row a part of the stacked bar."""
    return [{"name": part.name, "samples": part.samples, "ms": 1000 * part.samples / rate_hz} for part in parts]


def counters(status: dict[str, float], started: protocol.LiveStarted, info: CodecInfo) -> dict[str, Any]:
    """The counters as data; times in ms."""
    step_ms = 1000 * info.hop_samples * info.live_frames * max(1, started.step_frames) / info.rate_hz
    return {
        **{name: int(status[name]) for name in WHOLE},
        "step_ms": {name: status[f"step_ms_{name}"] for name in ("median", "p99", "worst")},
        "real_time_factor": status["real_time_factor"] or status["step_ms_median"] / step_ms,
        "lag_ms": 1000 * status["lag_samples"] / started.rate_hz,
        "drift_ppm": status["drift_ppm"],
        "muted": bool(status["muted"]),
        "howl_muted": bool(status["howl_muted"]),
    }


def line(seconds: float, data: dict[str, Any]) -> str:
    """The one line that a terminal shows while it runs."""
    step = data["step_ms"]
    muted = "  MUTED" if data["muted"] else ""
    return (
        f"{seconds:5.0f} s  {data['frames']} frames, {data['dropped_frames']} dropped,"
        f" {data['underruns']} under/{data['overruns']} overruns,"
        f" step {step['median']:.1f} ms (p99 {step['p99']:.1f}, worst {step['worst']:.1f}),"
        f" real-time factor {data['real_time_factor']:.2f}{muted}"
    )


def report(data: dict[str, Any]) -> str:
    """All of it for people."""
    step = data["step_ms"]
    rows = [
        ("codec", f"{data['codec']}, {data['rate_hz']} Hz, depth {data['depth']}, {data['mode']}"),
        ("from, to", f"{data['input']} → {data['output']}"),
        ("ran", f"{data['seconds']:.1f} s, {data['frames']} frames, {data['dropped_frames']} dropped"),
        ("sound card", f"{data['underruns']} underruns, {data['overruns']} overruns"),
        ("step", f"{step['median']:.2f} ms median, {step['p99']:.2f} ms p99, {step['worst']:.2f} ms worst"),
        ("real time", f"factor {data['real_time_factor']:.3f} (below 1 is fast enough)"),
        ("latency", f"{data['latency_ms']:.1f} ms = " + " + ".join(_part(row) for row in data["latency"])),
    ]
    if data["drift_ppm"]:
        rows.append(("clocks", f"{data['drift_ppm']:+.0f} ppm apart; the input follows the output"))
    if data["round_trip"]:
        trip = data["round_trip"]
        words = (
            f"{trip['measured_ms']:.1f} ms, predicted {trip['predicted_ms']:.1f} ms (certainty {trip['certainty']:.1f})"
        )
        rows.append(("measured", words))
    if data["lost_packets"] or data["flipped_bits"]:
        rows.append(("channel", f"{data['lost_packets']} packets lost, {data['flipped_bits']} bits flipped"))
    if data["recorded"]:
        rows.append(("recorded", f"{data['recorded']['seconds']:.1f} s in {data['recorded']['folder']}"))
    lines = [f"{name:11} {words}" for name, words in rows]
    return "\n".join([*lines, *data["notes"], *([data["reason"]] if data["reason"] else [])])


def _part(row: dict[str, Any]) -> str:
    return f"{row['name']} {row['ms']:.1f}"


def devices(event: protocol.Devices) -> tuple[dict[str, Any], str]:
    """What can be named by --input and --output."""
    data = {
        "inputs": [asdict(device) for device in event.inputs],
        "outputs": [asdict(device) for device in event.outputs],
        "problem": event.problem,
    }
    text = ["Inputs", *map(_device, event.inputs), "Outputs", *map(_device, event.outputs)]
    return data, "\n".join([*text, *([event.problem] if event.problem else [])])


def _device(device: DeviceInfo) -> str:
    marks = [word for word, holds in (("default", device.is_default), ("monitor", device.monitor)) if holds]
    marked = f", {', '.join(marks)}" if marks else ""
    return f"  {device.name} ({device.host}): {device.inputs} in, {device.outputs} out, {device.rate_hz} Hz{marked}"


def estimate(event: protocol.LiveEstimated) -> tuple[dict[str, Any], str]:
    """The trade of latency against real-time factor."""
    rows = [
        f"{row.frames:6} {row.mode:13} {row.latency_ms:9.1f} ms {row.step_ms:9.2f} ms {row.p99_ms:9.2f} ms"
        f" {row.real_time_factor:9.3f}"
        for row in event.points
    ]
    head = f"{'frames':>6} {'mode':13} {'latency':>12} {'median':>12} {'p99':>12} {'factor':>9}"
    data = {"points": [asdict(row) for row in event.points], "advice": event.advice}
    return data, "\n".join([head, *rows, *([event.advice] if event.advice else [])])
