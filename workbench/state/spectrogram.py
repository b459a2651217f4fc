"""How spectrograms are made now."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from speefeare_core.spectrograms.settings import SpectrogramSettings


class SpectrogramState(QObject):
    """The settings that the window asked for; spectrograms that were made otherwise no longer count."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.settings = SpectrogramSettings()

    def set(self, settings: SpectrogramSettings) -> None:
        """Other settings."""
        if settings != self.settings:
            self.settings = settings
            self.changed.emit()
