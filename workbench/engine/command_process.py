"""One `speefeare` command as a process of its own: its lines of progress, its answer, its end."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

# -P: a folder named like a package in the current directory must not take its place.
COMMAND = (sys.executable, "-P", "-m", "speefeare_core.cli")
_PACKAGES = str(Path(__file__).resolve().parents[2])
PATIENCE_MS = 3000  # a process that was asked to leave


class CommandProcess(QProcess):
    """Knows its name, and says what it hears. `command` takes the place of `python -m speefeare_core.cli`.

    (Slots that are lambdas would own whoever waits, and delete them while a process is deleted.)
    """

    progressed = Signal(object)  # dict: the newest {"progress": …} line
    ended = Signal(int, bool, object)  # exit code, whether it crashed or was killed, dict: the object that it printed
    not_started = Signal(str)  # why; `ended` does not come then

    def __init__(self, parent: QObject, name: str, command: Sequence[str], words: Sequence[str]) -> None:
        super().__init__(parent)
        self.name = name
        self.said = ""  # the last line on stderr that was no progress
        self._rest = b""  # of a line that is not whole yet
        self.setProcessEnvironment(environment())
        self.setProgram(command[0])
        self.setArguments([*command[1:], *words])
        self.setStandardInputFile(QProcess.nullDevice())
        self.readyReadStandardError.connect(self._hear)
        self.finished.connect(self._finished)
        self.errorOccurred.connect(self._error)

    def leave(self) -> None:
        """Ask it to end, and end it where it does not."""
        self.terminate()
        QTimer.singleShot(PATIENCE_MS, self, self.kill)

    def _hear(self) -> None:
        *lines, self._rest = (self._rest + self.readAllStandardError().data()).split(b"\n")
        newest: dict[str, Any] | None = None
        for line in lines:
            progress = last_object(line).get("progress")
            if isinstance(progress, dict):
                newest = progress
            elif line.strip():
                self.said = line.decode("utf-8", "replace").strip().removeprefix("speefeare: ")
        if newest is not None:
            self.progressed.emit(newest)

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        answer = last_object(self.readAllStandardOutput().data())
        self.deleteLater()
        self.ended.emit(code, status == QProcess.ExitStatus.CrashExit, answer)

    def _error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self.deleteLater()
            self.not_started.emit(self.errorString())


def end_all(processes: Iterable[CommandProcess], awaited: Iterable[CommandProcess] = ()) -> None:
    """End processes and wait for them, unheard; those that are `awaited` may first finish."""
    processes, awaited = list(processes), list(awaited)
    for process in processes:
        process.blockSignals(True)
        if not (process in awaited and process.waitForFinished(PATIENCE_MS)):
            process.terminate()
    for process in processes:
        if process.state() != QProcess.ProcessState.NotRunning and not process.waitForFinished(PATIENCE_MS):
            process.kill()
            process.waitForFinished(PATIENCE_MS)
        process.deleteLater()


def environment() -> QProcessEnvironment:
    """Of a process that runs our own packages."""
    environment = QProcessEnvironment.systemEnvironment()
    paths = os.pathsep.join(filter(None, (_PACKAGES, environment.value("PYTHONPATH"))))
    environment.insert("PYTHONPATH", paths)
    environment.insert("PYTHONUNBUFFERED", "1")
    return environment


def last_object(text: bytes) -> dict[str, Any]:
    """The last line that is a JSON object; empty where there is none."""
    for line in reversed(text.splitlines()):
        with contextlib.suppress(ValueError):
            data = json.loads(line)
            if isinstance(data, dict):
                return data
    return {}
