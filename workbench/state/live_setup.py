"""What a person chose for Live: plain data, remembered between two starts."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from speefeare_core.channel.settings import CLEAN, ChannelSettings
from speefeare_core.plans.modes import EXACT, MODES
from workbench.state.sound import GENERATORS

FILE, GENERATOR = "file:", "generator:"  # in front of a path or a generator's name where a source is meant
FRAMES = (1, 2, 3, 4, 6, 8, 12, 16)
BLOCKS_S = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)  # 0: as a stream
GAIN_DB = 24.0
TONE_HZ = (20.0, 20_000.0)
LOSS, BURST, PACKET, BIT_ERRORS = 0.5, 20.0, 16, 0.1  # the most of each
QUEUE_FRAMES = (1, 60)


@dataclass(frozen=True)
class LiveSetup:
    """`source` is a device, `file:PATH` or `generator:NAME`. `books`: from 0; empty: the first `depth`."""

    source: str = "default"
    output: str = "default"
    tone_hz: float = 440.0
    input_gain_db: float = 0.0
    output_gain_db: float = 0.0
    frames: int = 1
    max_queue_frames: int = 6
    buffered_s: float = 0.0
    mode: str = EXACT
    mix: float = 1.0
    books: tuple[int, ...] = ()
    channel: ChannelSettings = field(default=CLEAN)
    howl_guard: bool = True  # mute where the microphone hears the loudspeaker

    @property
    def file(self) -> str:
        """The sound file that is the source; empty: none is."""
        return self.source.removeprefix(FILE) if self.source.startswith(FILE) else ""

    @property
    def generator(self) -> str:
        """The generator that is the source; empty: none is."""
        return self.source.removeprefix(GENERATOR) if self.source.startswith(GENERATOR) else ""

    def to_state(self) -> dict[str, Any]:
        """JSON-ready, without the books, which belong to one codec."""
        row = dataclasses.asdict(self)
        del row["books"]
        del row["channel"]["frozen_books"]
        return row

    @classmethod
    def from_state(cls, row: Any) -> LiveSetup:
        """The inverse; a field that is missing or bad takes its default."""
        if not isinstance(row, dict):
            return cls()
        good = {name: row[name] for name, check in _CHECKS.items() if name in row and check(row[name])}
        channel = row.get("channel")
        if isinstance(channel, dict):
            kept = {name: channel[name] for name, check in _CHANNEL.items() if check(channel.get(name))}
            good["channel"] = ChannelSettings(**kept)
        return cls(**good)


def _number(low: float, high: float) -> Any:
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _whole(low: int, high: int) -> Any:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _source(value: Any) -> bool:
    if not isinstance(value, str) or not value:
        return False
    return not value.startswith(GENERATOR) or value.removeprefix(GENERATOR) in GENERATORS


_CHECKS = {
    "source": _source,
    "output": lambda value: isinstance(value, str) and bool(value),
    "tone_hz": _number(*TONE_HZ),
    "input_gain_db": _number(-GAIN_DB, GAIN_DB),
    "output_gain_db": _number(-GAIN_DB, GAIN_DB),
    "frames": lambda value: not isinstance(value, bool) and value in FRAMES,
    "max_queue_frames": _whole(*QUEUE_FRAMES),
    "buffered_s": lambda value: not isinstance(value, bool) and value in BLOCKS_S,
    "mode": lambda value: value in {row.key for row in MODES},
    "mix": _number(0.0, 1.0),
    "howl_guard": lambda value: isinstance(value, bool),
}
_CHANNEL = {
    "loss": _number(0.0, LOSS),
    "burst_packets": _number(1.0, BURST),
    "packet_frames": _whole(1, PACKET),
    "conceal": lambda value: isinstance(value, bool),
    "bit_errors": _number(0.0, BIT_ERRORS),
    "seed": _whole(0, 2**31),
}
