"""How a run is doing, in a few figures: what lists of runs show, taken from the log as it grows. Without torch."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from speefeare_core.training.run_log import RunFolder

FIRST_BYTES = 1 << 18  # of a log that is long when it is first looked at: its newest lines say how things stand
LOG_LAG = 50  # steps that may pass between two lines about progress
STEP_BYTES = 1 << 16  # read at a time, so that a window stays smooth


def steps_in_sight(step: int, steps: int, progress: float) -> int:
    """The number of steps that the run ends with; 0 where another limit of its budget is nearer, or none is set."""
    return steps if abs(step - progress * steps) <= max(LOG_LAG, steps / 100) else 0


@dataclass(frozen=True)
class RunSummary:
    """After the events read so far."""

    ended: str = ""  # the last word of the log: "", "finished", "stopped" or "failed"
    recipe: str = ""
    device: str = ""
    launcher: str = ""
    parameters: int = 0
    step: int = 0
    steps: int = 0
    progress: float = 0.0  # 0..1 of the budget
    left_s: float | None = None
    audio_s_per_s: float | None = None
    first_mel_distance: float | None = None  # of validation before the first step
    mel_distance: float | None = None  # of the newest validation
    checkpoint: str = ""  # the newest one's file
    problem: str = ""  # why it failed, and what helps
    alarms: tuple[tuple[str, str, str], ...] = ()  # (kind, words, advice) of those raised since the last start
    begun: bool = False  # steps are being made: it is past loading and initialising
    time: float = 0.0  # of the newest event

    @property
    def of_steps(self) -> str:
        """` of 6000`, where that is what ends it."""
        steps = steps_in_sight(self.step, self.steps, self.progress)
        return f" of {steps}" if steps else ""

    def after(self, events: list[dict[str, Any]]) -> RunSummary:
        """With further events."""
        summary = self
        for event in events:
            summary = _after(summary, event)
        return summary


def _after(was: RunSummary, event: dict[str, Any]) -> RunSummary:
    kind, step = event.get("event"), event.get("step")
    now = replace(was, step=step if isinstance(step, int) else was.step, time=_number(event.get("time")) or was.time)
    if kind == "preparing":
        return replace(now, ended="", problem="", alarms=(), begun=False, recipe=str(event.get("recipe", was.recipe)))
    if kind == "start":
        return replace(
            now, ended="", problem="", begun=True, recipe=str(event.get("recipe", was.recipe)),
            device=str(event.get("device", "")), launcher=str(event.get("launcher", "")),
            parameters=int(_number(event.get("parameters")) or 0), steps=int(_number(event.get("steps")) or 0),
        )  # fmt: skip
    if kind == "losses":
        done = _number(event.get("progress"))
        if done is None:
            done = now.step / now.steps if now.steps else now.progress
        return replace(
            now, progress=min(max(done, 0.0), 1.0), left_s=_number(event.get("left_s")),
            audio_s_per_s=_number(event.get("audio_s_per_s")),
        )  # fmt: skip
    if kind == "validation":
        distance = _number(event.get("mel_distance"))
        first = distance if now.step == 0 or was.first_mel_distance is None else was.first_mel_distance
        return replace(now, mel_distance=distance, first_mel_distance=first)
    if kind == "checkpoint":
        return replace(now, checkpoint=str(event.get("file", "")))
    if kind == "alarm":
        told = (str(event.get("kind", "")), str(event.get("words", "")), str(event.get("advice", "")))
        return replace(now, alarms=(*(row for row in was.alarms if row[0] != told[0]), told))
    if kind == "finished":
        return replace(now, ended="finished", progress=1.0, left_s=0.0)
    if kind == "stopped":
        return replace(now, ended="stopped", left_s=None)
    if kind == "failed":
        words = " ".join(filter(None, (str(event.get("words", "")), str(event.get("advice", "")))))
        return replace(now, ended="failed", problem=words, left_s=None)
    return now


def _number(value: Any) -> float | None:
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value
    return float(value) if good else None


@dataclass
class RunTail:
    """Follows the log of a run by byte offset; a half-written last line waits. Missing files are no error."""

    folder: Path
    summary: RunSummary = field(default_factory=RunSummary)
    offset: int | None = None  # None: nothing was read yet
    events: list[dict[str, Any]] = field(default_factory=list)  # those that the last `read` brought

    def read(self, most: int = STEP_BYTES) -> bool:
        """Take in up to `most` further bytes (a whole line at least); True where there was something new.

        A log that became shorter (the folder was begun anew) is read from its start.
        """
        path, self.events = RunFolder(self.folder).events, []
        try:
            size = path.stat().st_size
            if self.offset is None:
                self._begin(path, size)
            assert self.offset is not None
            if size < self.offset:
                self.offset, self.summary = 0, RunSummary()
            if size == self.offset:
                return False
            with path.open("rb") as file:
                file.seek(self.offset)
                data = file.read(most)
                if b"\n" not in data:
                    data += file.readline()
        except OSError:
            return False
        whole = data.rfind(b"\n") + 1
        self.events = [event for line in data[:whole].splitlines() if (event := _object(line)) is not None]
        self.offset += whole
        self.summary = self.summary.after(self.events)
        return bool(whole)

    def _begin(self, path: Path, size: int) -> None:
        """Of a long log: what its head says, then its newest lines."""
        self.offset = 0
        if size <= 2 * FIRST_BYTES:
            return
        with path.open("rb") as file:
            head = file.read(STEP_BYTES)
            file.seek(size - FIRST_BYTES)
            file.readline()
            self.offset = file.tell()
        heads = [event for line in head[: head.rfind(b"\n") + 1].splitlines() if (event := _object(line)) is not None]
        self.summary = RunSummary().after(heads)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:  # the line of a killed run
        return None
    return event if isinstance(event, dict) else None
