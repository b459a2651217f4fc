"""What a person did that can be undone: steps with their words, one list for the whole window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

KEPT = 200


@dataclass(frozen=True)
class HistoryStep:
    """`words` continue “Undo …”: "move mark 3", "shuffle books 2 to 4"."""

    words: str
    redo: Callable[[], None]
    undo: Callable[[], None]


class History(QObject):
    """`do` takes a step; `undo` and `redo` go back and forth. Steps hold values, never widgets."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._done: list[HistoryStep] = []
        self._undone: list[HistoryStep] = []

    def do(self, words: str, redo: Callable[[], None], undo: Callable[[], None]) -> None:
        """Take a step now; what was undone before is forgotten."""
        redo()
        self._done = [*self._done, HistoryStep(words, redo, undo)][-KEPT:]
        self._undone.clear()
        self.changed.emit()

    def undo(self) -> None:
        """Take the last step back, if there is one."""
        if self._done:
            step = self._done.pop()
            self._undone.append(step)
            step.undo()
            self.changed.emit()

    def redo(self) -> None:
        """Take the step that was undone last again, if there is one."""
        if self._undone:
            step = self._undone.pop()
            self._done.append(step)
            step.redo()
            self.changed.emit()

    def clear(self) -> None:
        """Another document: nothing of the one before can be undone."""
        self._done.clear()
        self._undone.clear()
        self.changed.emit()

    @property
    def undo_words(self) -> str:
        """What Undo would take back; empty: nothing."""
        return self._done[-1].words if self._done else ""

    @property
    def redo_words(self) -> str:
        """What Redo would do again; empty: nothing."""
        return self._undone[-1].words if self._undone else ""
