"""What was there before a test and is still there, or new, after it. Used by conftest.py for every test."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil

GRACE_S = 3.0  # how long threads and processes that are already ending may take


class Leaks:
    """Made before a test; `found()` after it names what the test left behind, each with advice."""

    def __init__(self) -> None:
        self._widgets = {id(widget) for widget in _top_level_widgets()}
        self._threads = set(threading.enumerate())
        self._processes = set(_children())
        self._segments = _segments()

    def found(self) -> list[str]:
        """One line for each thing. Child processes that were left are ended, so that one test's leak stays its own."""
        return [*self._left_widgets(), *self._left_threads(), *self._left_processes(), *self._left_segments()]

    def _left_widgets(self) -> list[str]:
        def new() -> list[Any]:
            return [widget for widget in _top_level_widgets() if id(widget) not in self._widgets]

        if new():
            _deliver_deferred_deletes()
        if new():
            gc.collect()
            _deliver_deferred_deletes()
        return [
            f"top-level widget {type(widget).__name__} {widget.objectName() or widget.windowTitle()!r}: "
            "give it to qtbot.addWidget, give it a parent, or close and deleteLater() it"
            for widget in new()
        ]

    def _left_threads(self) -> list[str]:
        def new() -> list[threading.Thread]:
            return [
                thread
                for thread in threading.enumerate()
                if thread not in self._threads and thread.is_alive() and not thread.daemon
            ]

        _wait_until(lambda: not new())
        return [f"thread {thread.name!r}: stop and join() it" for thread in new()]

    def _left_processes(self) -> list[str]:
        def new() -> list[psutil.Process]:
            return [process for process in _children() if process not in self._processes]

        _wait_until(lambda: not new())
        lines = []
        for process in new():
            lines.append(f"child process {process.pid} ({_command(process)}): end it and wait for it")
            with contextlib.suppress(psutil.Error):
                process.kill()  # not waited for: that would take the exit status from whoever started it
        return lines

    def _left_segments(self) -> list[str]:
        return [f"shared memory {path}: unlink() it" for path in sorted(_segments() - self._segments)]


def _top_level_widgets() -> list[Any]:
    widgets = sys.modules.get("PySide6.QtWidgets")
    if widgets is None or widgets.QApplication.instance() is None:
        return []
    return list(widgets.QApplication.topLevelWidgets())


def _deliver_deferred_deletes() -> None:
    from PySide6.QtCore import QCoreApplication, QEvent

    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    QCoreApplication.processEvents()


def _children() -> list[psutil.Process]:
    """Living child processes, less multiprocessing's resource tracker, which stays until the end by design."""
    children = []
    for process in psutil.Process().children():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and "multiprocessing.resource_tracker" not in _command(process):
                children.append(process)
        except psutil.NoSuchProcess:
            continue
    return children


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())[:160]
    except psutil.Error:
        return "already gone"


def _segments() -> set[Path]:
    """In the folder that conftest.py made for this test run."""
    return set(Path(os.environ["SPEEFEARE_SHARED_MEMORY"]).iterdir())


def _wait_until(done: Any) -> None:
    limit = time.monotonic() + GRACE_S
    while not done() and time.monotonic() < limit:
        time.sleep(0.01)
