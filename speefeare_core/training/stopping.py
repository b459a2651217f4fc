"""How a run is asked to end: the file `stop`, SIGTERM or Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from speefeare_core.training.run_log import PROCESS_BEGAN, RunFolder


class StopRequests:
    """Inside, SIGTERM and Ctrl-C are requests and end nothing by themselves. A second Ctrl-C does.

    A file `stop` that is older than this process was meant for one that died before it saw it, and is taken away.
    """

    def __init__(self, run: RunFolder) -> None:
        self._run = run
        self._signalled = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopRequests:
        if self._run.stop.exists() and self._run.stop.stat().st_mtime < PROCESS_BEGAN:
            self._run.stop.unlink(missing_ok=True)
        if threading.current_thread() is threading.main_thread():  # only there can they be caught
            self._before = {
                number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)
            }
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def asked(self) -> bool:
        """Whether the run should save and end."""
        return self._signalled or os.path.exists(self._run.stop)

    def obeyed(self) -> None:
        """Take the request away, so that the run can be resumed."""
        self._run.stop.unlink(missing_ok=True)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._signalled and number == signal.SIGINT:
            raise KeyboardInterrupt
        self._signalled = True
