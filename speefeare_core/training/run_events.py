"""What a run writes down: events.jsonl, and the same numbers for TensorBoard. Only the first process writes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from speefeare_core.training.alarm_rules import AlarmWords
from speefeare_core.training.run_log import EventLog, RunFolder
from speefeare_core.training.tensorboard import TensorBoardLog, is_here

DIGITS = 6  # of numbers in the log


class RunEvents:
    """The log of one sitting."""

    def __init__(self, run: RunFolder, writes: bool, tensorboard: bool) -> None:
        self._run = run
        self._log = EventLog(run.events) if writes else None
        self._board = TensorBoardLog(run.tensorboard) if writes and tensorboard and is_here() else None

    def append(self, event: str, step: int, **values: Any) -> None:
        """One event; numbers are shortened, and those that are not finite become null."""
        if self._log is None:
            return
        short = {name: _short(value) for name, value in values.items()}
        self._log.append(event, step, **short)
        if self._board is not None:
            if event == "start":
                self._board.begin(step)
            self._board.append(event, step, short, self._run.path)

    def alarms(self, step: int, found: Iterable[AlarmWords]) -> None:
        """An event for each."""
        for alarm in found:
            self.append("alarm", step, kind=alarm.kind, words=alarm.words, advice=alarm.advice)

    def close(self) -> None:
        """End the writer of TensorBoard's files."""
        if self._board is not None:
            self._board.close()
            self._board = None


def _short(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _short(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_short(item) for item in value]
    return value
