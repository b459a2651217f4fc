"""Downloads and removals of checkpoints: each is `speefeare catalog …` in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from PySide6.QtCore import QObject, Signal

from speefeare_core.catalog.words import byte_words
from workbench.engine.command_process import COMMAND, CommandProcess, end_all

Verb = Literal["download", "remove"]


@dataclass(frozen=True)
class JobProgress:
    """How far a job is. `total_bytes` 0: not known."""

    verb: Verb
    done_bytes: int = 0
    total_bytes: int = 0
    bytes_per_s: float = 0.0
    checking: bool = False

    @property
    def remaining_s(self) -> float | None:
        """None where it cannot be told."""
        if not self.total_bytes or self.bytes_per_s <= 0:
            return None
        return max(0, self.total_bytes - self.done_bytes) / self.bytes_per_s

    @property
    def short(self) -> str:
        """For a cell of a table."""
        if self.verb == "remove":
            return "being removed"
        if self.checking:
            return "being checked"
        return "downloading" + (f" {100 * self.done_bytes / self.total_bytes:.0f} %" if self.total_bytes else "")

    @property
    def words(self) -> str:
        """What is going on: how much is there, how fast, and how long it still takes."""
        if self.verb == "remove":
            return "Removing …"
        if self.checking:
            return "Checking what has arrived …"
        if not self.done_bytes and not self.total_bytes:
            return "Connecting …"
        left = self.remaining_s
        parts = [
            byte_words(self.done_bytes) + (f" of {byte_words(self.total_bytes)}" if self.total_bytes else ""),
            f"{self.bytes_per_s / 1e6:.1f} MB/s" if self.bytes_per_s else "",
            "" if left is None else f"{left:.0f} s left" if left < 90 else f"{left / 60:.0f} min left",
        ]
        return ", ".join(filter(None, parts))


class CatalogJobs(QObject):
    """At most one job a name. `command` takes the place of `python -m speefeare_core.cli`."""

    changed = Signal(str)  # name: it has begun or moved on
    ended = Signal(str, str, str)  # name, "done" | "stopped" | "failed", a plain sentence

    def __init__(self, command: Sequence[str] | None = None) -> None:
        super().__init__()
        self._command = tuple(command or COMMAND)
        self._processes: dict[str, CommandProcess] = {}
        self._progress: dict[str, JobProgress] = {}

    def progress(self, name: str) -> JobProgress | None:
        """How far the job of this name is; None where there is none."""
        return self._progress.get(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Of all jobs that run."""
        return tuple(self._progress)

    def start(self, verb: Verb, name: str, *, offline: bool = False) -> None:
        """Begin; returns at once. The person has accepted the licence of what is downloaded."""
        if name in self._processes:
            return
        words = ["catalog", verb, name, "--json"]
        if verb == "download":
            words += ["--accept-licence", "--progress-lines"]
        if offline:
            words.append("--offline")
        process = CommandProcess(self, name, self._command, words)
        process.progressed.connect(self._hear)
        process.ended.connect(self._ended)
        process.not_started.connect(self._not_started)
        self._processes[name], self._progress[name] = process, JobProgress(verb)
        process.start()
        self.changed.emit(name)

    def cancel(self, name: str) -> None:
        """Stop a job; what has arrived stays, `ended` follows."""
        process = self._processes.get(name)
        if process is not None:
            process.leave()

    def stop(self) -> None:
        """End all jobs and wait for them. May be called twice."""
        processes = list(self._processes.values())
        self._processes.clear()
        self._progress.clear()
        end_all(processes)

    def _sender(self) -> str:
        """The name of the process whose signal is being heard."""
        process = self.sender()
        return process.name if isinstance(process, CommandProcess) else ""

    def _hear(self, told: dict[str, Any]) -> None:
        name = self._sender()
        if name in self._progress:
            self._progress[name] = JobProgress(
                self._progress[name].verb,
                int(told.get("done_bytes", 0)),
                int(told.get("total_bytes", 0)),
                float(told.get("bytes_per_s", 0.0)),
                bool(told.get("checking", False)),
            )
            self.changed.emit(name)

    def _ended(self, code: int, crashed: bool, said: dict[str, Any]) -> None:
        name = self._sender()
        if self._processes.pop(name, None) is None:
            return
        verb = self._progress.pop(name).verb
        if code == 0 and not crashed:
            words = "is on this computer now" if verb == "download" else "was removed"
            self.ended.emit(name, "done", f"{name} {words}.")
        elif code == 130 or crashed:  # it was stopped, politely or not
            self.ended.emit(name, "stopped", f"The download of {name} was stopped; Resume goes on from there.")
        else:
            words = str(said.get("error") or f"The {verb} of {name} ended unexpectedly; try it again.")
            self.ended.emit(name, "failed", words)

    def _not_started(self, why: str) -> None:
        name = self._sender()
        if self._processes.pop(name, None) is not None:
            self._progress.pop(name)
            self.ended.emit(name, "failed", f"Python could not be started for {name}: {why}.")
