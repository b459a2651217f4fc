"""PulseAudio's (and PipeWire's) own names for sound devices, among them the monitors that hear what the system plays.

PortAudio sees PulseAudio as one ALSA device, "pulse". ALSA's plug-in for it asks for the device that the environment
names (PULSE_SINK, PULSE_SOURCE) when it is opened, so any one can be had:

    if any(row["name"] == "pulse" for row in rows): found = pulse_devices.sources()
    with pulse_devices.chosen(source=found[0].name): open PortAudio's "pulse"

Windows' loopback and macOS have nothing like it through PortAudio; there `sources()` is empty.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

PLUGIN = "pulse"  # what PortAudio calls the ALSA device
_LIMIT_S = 2.0  # a sound server that does not answer must not hold up the engine
_SAMPLES = re.compile(r"(\S+)\s+(\d+)ch\s+(\d+)Hz")
_NONE = ("", "n/a")


@dataclass(frozen=True)
class PulseDevice:
    """One sink or source. `name` is PulseAudio's, and unique; `title` is for people, and unique among its kind."""

    name: str
    title: str
    channels: int
    rate_hz: int
    is_default: bool = False
    monitor: bool = False  # a source that hears a sink


def sources() -> tuple[PulseDevice, ...]:
    """Microphones and monitors; empty where there is no PulseAudio or its tool `pactl` is not installed."""
    return _devices("sources", _default("Default Source"))


def sinks() -> tuple[PulseDevice, ...]:
    """Loudspeakers; empty like `sources`."""
    return _devices("sinks", _default("Default Sink"))


def is_there(name: str, kind: str) -> bool:
    """Whether a device of `kind` ("sources" or "sinks") is still there; also true where nobody can say."""
    rows = [line.split("\t") for line in _pactl("list", "short", kind).splitlines()]
    return not rows or any(len(row) > 1 and row[1] == name for row in rows)


@contextlib.contextmanager
def chosen(source: str = "", sink: str = "") -> Iterator[None]:
    """What is opened inside goes to these devices, by their PulseAudio names; "" leaves PulseAudio the choice.

    The environment belongs to the whole process: hold the lock under which devices are opened.
    """
    wanted = {"PULSE_SOURCE": source, "PULSE_SINK": sink}
    before = {key: os.environ.get(key) for key in wanted}
    os.environ.update({key: value for key, value in wanted.items() if value})
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def _devices(kind: str, default: str) -> tuple[PulseDevice, ...]:
    rows = [_row(text) for text in re.split(r"\n\s*\n", _pactl("list", kind))]
    rows = [row for row in rows if row.get("Name")]
    titles = [row.get("Description", row["Name"]) for row in rows]
    devices = []
    for row, title in zip(rows, titles, strict=True):
        samples = _SAMPLES.search(row.get("Sample Specification", ""))
        name = row["Name"]
        devices.append(
            PulseDevice(
                name,
                title if titles.count(title) == 1 else f"{title} ({name})",
                int(samples[2]) if samples else 2,
                int(samples[3]) if samples else 48_000,
                name == default,
                row.get("Monitor of Sink", "") not in _NONE,
            )
        )
    return tuple(devices)


def _row(text: str) -> dict[str, str]:
    """The fields of one device; the first of a name counts, as properties and ports follow."""
    row: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.strip().partition(": ")
        if colon:
            row.setdefault(key, value.strip())
    return row


def _default(key: str) -> str:
    return _row(_pactl("info")).get(key, "")


def _pactl(*words: str) -> str:
    """What it prints; nothing where it is missing, fails or does not answer. In English, as it translates itself."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(["pactl", *words], env=environment, capture_output=True, timeout=_LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""
