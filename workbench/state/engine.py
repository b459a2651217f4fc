"""Whether the engine process is there, and what it last said."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QObject, Signal

EngineStatus = Literal["starting", "ready", "dead"]


class EngineState(QObject):
    """The engine as the window sees it."""

    changed = Signal()
    message_added = Signal(str)  # one plain sentence for the person
    message_withdrawn = Signal(str)  # it is not true any more

    def __init__(self) -> None:
        super().__init__()
        self.status: EngineStatus = "starting"
        self.devices: tuple[str, ...] = ()
        self.torch_version = ""
        self.start_s = 0.0  # how long the engine took to start
        self.messages: list[str] = []
        self.failures: list[str] = []  # those of the messages that say why a request could not be done

    def set_status(self, status: EngineStatus) -> None:
        """Started, ready, or gone."""
        self.status = status
        self.changed.emit()

    def add_message(self, sentence: str) -> None:
        """Tell the person."""
        self.messages.append(sentence)
        self.message_added.emit(sentence)

    def withdraw_message(self, sentence: str) -> None:
        """Nobody needs to read it any more."""
        self.message_withdrawn.emit(sentence)
