"""Errands: commands of `speefeare` in processes of their own, each answered by one JSON object.

So nothing that a command does (ask a cluster, look through a data set, time a few steps) holds the window up.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from workbench.engine.catalog_jobs import COMMAND, PATIENCE_MS, environment

Answer = dict[str, Any]


class _Process(QProcess):
    """Knows its errand. (Slots that are lambdas would own the errands, and delete them while it is deleted.)"""

    def __init__(self, parent: QObject, key: str, then: Callable[[Answer], None] | None) -> None:
        super().__init__(parent)
        self.key, self.then = key, then
        self.rest = b""  # of a line of progress that is not whole yet
        self.said = ""  # the last line that was no progress
        self.cancelled = self.finish = False


class Errands(QObject):
    """At most one of a key at a time; the newest takes the place of one before, which is ended.

    `command` takes the place of `python -m speefeare_core.cli`.
    """

    changed = Signal(str)  # key: it has begun, moved on or ended

    def __init__(self, command: Sequence[str] | None = None) -> None:
        super().__init__()
        self._command = tuple(command or COMMAND)
        self._processes: dict[str, _Process] = {}
        self.progress: dict[str, Answer] = {}  # by key: the newest {"progress": …} line of those that run

    def running(self, key: str) -> bool:
        """Whether this errand is under way."""
        return key in self._processes

    def run(
        self, key: str, words: Sequence[str], then: Callable[[Answer], None] | None = None, *, finish: bool = False
    ) -> None:
        """Begin; returns at once. `then` gets what the command says; where it failed, {"error": a plain sentence}.

        One that is to `finish` is waited for at the end of the window.
        """
        self.cancel(key)
        process = _Process(self, key, then)
        process.finish = finish
        process.setProcessEnvironment(environment())
        process.setProgram(self._command[0])
        process.setArguments([*self._command[1:], *words])
        process.setStandardInputFile(QProcess.nullDevice())
        process.readyReadStandardError.connect(self._hear)
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._error)
        self._processes[key] = process
        process.start()
        self.changed.emit(key)

    def cancel(self, key: str) -> None:
        """End an errand, politely first; nothing more is heard of it."""
        process = self._processes.pop(key, None)
        self.progress.pop(key, None)
        if process is not None:
            process.cancelled = True
            process.terminate()
            QTimer.singleShot(PATIENCE_MS, process, process.kill)
            self.changed.emit(key)

    def stop(self) -> None:
        """End all errands and wait for them. May be called twice."""
        processes = self.findChildren(_Process)
        self._processes.clear()
        for process in processes:
            process.blockSignals(True)
            if not (process.finish and process.waitForFinished(PATIENCE_MS)):
                process.terminate()
        for process in processes:
            if process.state() != QProcess.ProcessState.NotRunning and not process.waitForFinished(PATIENCE_MS):
                process.kill()
                process.waitForFinished(PATIENCE_MS)
            process.deleteLater()

    # -- what processes say -----------------------------------------------------------------------------------------
    def _hear(self) -> None:
        process = self.sender()
        if not isinstance(process, _Process):
            return
        *lines, process.rest = (process.rest + process.readAllStandardError().data()).split(b"\n")
        moved = False
        for line in lines:
            progress = _object(line).get("progress")
            if isinstance(progress, dict):
                self.progress[process.key], moved = progress, True
            elif line.strip():
                process.said = line.decode("utf-8", "replace").strip().removeprefix("speefeare: ")
        if moved and not process.cancelled:
            self.changed.emit(process.key)

    def _finished(self, _code: int, status: QProcess.ExitStatus) -> None:
        process = self.sender()
        if not isinstance(process, _Process):
            return
        answer = _object(process.readAllStandardOutput().data())
        if not answer:
            crashed = status == QProcess.ExitStatus.CrashExit
            words = "The command ended unexpectedly; try it again." if crashed or not process.said else process.said
            answer = {"error": words}
        self._end(process, answer)

    def _error(self, error: QProcess.ProcessError) -> None:
        process = self.sender()
        if error == QProcess.ProcessError.FailedToStart and isinstance(process, _Process):  # `finished` does not come
            self._end(process, {"error": f"Python could not be started: {process.errorString()}."})

    def _end(self, process: _Process, answer: Answer) -> None:
        process.deleteLater()
        if process.cancelled:
            return
        if self._processes.get(process.key) is process:
            del self._processes[process.key]
        self.progress.pop(process.key, None)
        if process.then is not None:
            process.then(answer)
        self.changed.emit(process.key)


def _object(text: bytes) -> Answer:
    """The last line that is a JSON object; empty where there is none."""
    for line in reversed(text.splitlines()):
        with contextlib.suppress(ValueError):
            data = json.loads(line)
            if isinstance(data, dict):
                return data
    return {}
