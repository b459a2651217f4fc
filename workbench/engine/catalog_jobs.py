"""Downloads and removals of checkpoints: each is `speefeare catalog …` in a process of its own."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from speefeare_core.catalog.words import byte_words

# -P: a folder named like a package in the current directory must not take its place.
COMMAND = (sys.executable, "-P", "-m", "speefeare_core.cli")
_PACKAGES = str(Path(__file__).resolve().parents[2])
PATIENCE_MS = 3000  # a process that was asked to leave

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


class _Process(QProcess):
    """Knows its name. (Slots that are lambdas would own the jobs, and delete them while a process is deleted.)"""

    def __init__(self, parent: QObject, name: str) -> None:
        super().__init__(parent)
        self.name = name


class CatalogJobs(QObject):
    """At most one job a name. `command` takes the place of `python -m speefeare_core.cli`."""

    changed = Signal(str)  # name: it has begun or moved on
    ended = Signal(str, str, str)  # name, "done" | "stopped" | "failed", a plain sentence

    def __init__(self, command: Sequence[str] | None = None) -> None:
        super().__init__()
        self._command = tuple(command or COMMAND)
        self._processes: dict[str, _Process] = {}
        self._progress: dict[str, JobProgress] = {}
        self._rest: dict[str, bytes] = {}  # of a line that is not whole yet

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
        process = _Process(self, name)
        process.setProcessEnvironment(environment())
        process.setProgram(self._command[0])
        process.setArguments([*self._command[1:], *words])
        process.setStandardInputFile(QProcess.nullDevice())
        process.readyReadStandardError.connect(self._hear)
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._error)
        self._processes[name], self._progress[name], self._rest[name] = process, JobProgress(verb), b""
        process.start()
        self.changed.emit(name)

    def cancel(self, name: str) -> None:
        """Stop a job; what has arrived stays, `ended` follows."""
        process = self._processes.get(name)
        if process is not None:
            process.terminate()
            QTimer.singleShot(PATIENCE_MS, process, process.kill)

    def stop(self) -> None:
        """End all jobs and wait for them. May be called twice."""
        processes = list(self._processes.values())
        self._processes.clear()
        self._progress.clear()
        for process in processes:
            process.blockSignals(True)
            process.terminate()
        for process in processes:
            if process.state() != QProcess.ProcessState.NotRunning and not process.waitForFinished(PATIENCE_MS):
                process.kill()
                process.waitForFinished(PATIENCE_MS)
            process.deleteLater()

    def _sender(self) -> str:
        """The name of the process whose signal is being heard."""
        process = self.sender()
        return process.name if isinstance(process, _Process) else ""

    def _hear(self) -> None:
        name = self._sender()
        process = self._processes.get(name)
        if process is None:
            return
        *lines, self._rest[name] = (self._rest[name] + process.readAllStandardError().data()).split(b"\n")
        told = [row for row in map(_progress_of, lines) if row is not None]
        if told:
            row = told[-1]
            self._progress[name] = JobProgress(
                self._progress[name].verb,
                int(row.get("done_bytes", 0)),
                int(row.get("total_bytes", 0)),
                float(row.get("bytes_per_s", 0.0)),
                bool(row.get("checking", False)),
            )
            self.changed.emit(name)

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        name = self._sender()
        process = self._processes.pop(name, None)
        if process is None:
            return
        verb = self._progress.pop(name).verb
        said = _object(process.readAllStandardOutput().data())
        process.deleteLater()
        if code == 0 and status == QProcess.ExitStatus.NormalExit:
            words = "is on this computer now" if verb == "download" else "was removed"
            self.ended.emit(name, "done", f"{name} {words}.")
        elif code == 130 or status == QProcess.ExitStatus.CrashExit:  # it was stopped, politely or not
            self.ended.emit(name, "stopped", f"The download of {name} was stopped; Resume goes on from there.")
        else:
            words = str(said.get("error") or f"The {verb} of {name} ended unexpectedly; try it again.")
            self.ended.emit(name, "failed", words)

    def _error(self, error: QProcess.ProcessError) -> None:
        name = self._sender()
        if error == QProcess.ProcessError.FailedToStart:  # `finished` does not come then
            process = self._processes.pop(name, None)
            if process is not None:
                self._progress.pop(name)
                process.deleteLater()
                self.ended.emit(name, "failed", f"Python could not be started for {name}: {process.errorString()}.")


def environment() -> QProcessEnvironment:
    """Of a process that runs our own packages."""
    environment = QProcessEnvironment.systemEnvironment()
    paths = os.pathsep.join(filter(None, (_PACKAGES, environment.value("PYTHONPATH"))))
    environment.insert("PYTHONPATH", paths)
    environment.insert("PYTHONUNBUFFERED", "1")
    return environment


def _progress_of(line: bytes) -> dict[str, Any] | None:
    row = _object(line).get("progress")
    return row if isinstance(row, dict) else None


def _object(text: bytes) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
