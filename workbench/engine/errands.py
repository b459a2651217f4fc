"""Errands: commands of `speefeare` in processes of their own, each answered by one JSON object.

So nothing that a command does (ask a cluster, look through a data set, time a few steps) holds the window up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from workbench.engine.command_process import COMMAND, CommandProcess, end_all

Answer = dict[str, Any]


class _Errand(CommandProcess):
    """Knows what to do with its answer."""

    then: Callable[[Answer], None] | None = None
    cancelled = finish = False


class Errands(QObject):
    """At most one of a key at a time; the newest takes the place of one before, which is ended.

    `command` takes the place of `python -m speefeare_core.cli`.
    """

    changed = Signal(str)  # key: it has begun, moved on or ended

    def __init__(self, command: Sequence[str] | None = None) -> None:
        super().__init__()
        self._command = tuple(command or COMMAND)
        self._processes: dict[str, _Errand] = {}
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
        process = _Errand(self, key, self._command, words)
        process.then, process.finish = then, finish
        process.progressed.connect(self._hear)
        process.ended.connect(self._ended)
        process.not_started.connect(self._not_started)
        self._processes[key] = process
        process.start()
        self.changed.emit(key)

    def cancel(self, key: str) -> None:
        """End an errand, politely first; nothing more is heard of it."""
        process = self._processes.pop(key, None)
        self.progress.pop(key, None)
        if process is not None:
            process.cancelled = True
            process.leave()
            self.changed.emit(key)

    def stop(self) -> None:
        """End all errands and wait for them. May be called twice."""
        processes = self.findChildren(_Errand)
        self._processes.clear()
        end_all(processes, [process for process in processes if process.finish])

    # -- what processes say -----------------------------------------------------------------------------------------
    def _hear(self, progress: Answer) -> None:
        process = self.sender()
        if isinstance(process, _Errand) and not process.cancelled:
            self.progress[process.name] = progress
            self.changed.emit(process.name)

    def _ended(self, _code: int, crashed: bool, answer: Answer) -> None:
        process = self.sender()
        if isinstance(process, _Errand):
            words = "The command ended unexpectedly; try it again." if crashed or not process.said else process.said
            self._end(process, answer or {"error": words})

    def _not_started(self, why: str) -> None:
        process = self.sender()
        if isinstance(process, _Errand):
            self._end(process, {"error": f"Python could not be started: {why}."})

    def _end(self, process: _Errand, answer: Answer) -> None:
        if process.cancelled:
            return
        if self._processes.get(process.name) is process:
            del self._processes[process.name]
        self.progress.pop(process.name, None)
        if process.then is not None:
            process.then(answer)
        self.changed.emit(process.name)
