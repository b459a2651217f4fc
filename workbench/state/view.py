"""The visible stretch of time, which waveform, spectrogram and codes share."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class TimeView(QObject):
    """One linked time axis in seconds."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.start_s = 0.0
        self.end_s = 1.0
        self.length_s = 1.0

    def set_length(self, length_s: float) -> None:
        """Another clip: show all of it."""
        self.length_s = max(length_s, 1e-3)
        self.start_s, self.end_s = 0.0, self.length_s
        self.changed.emit()

    def set_range(self, start_s: float, end_s: float) -> None:
        """Show [start, end), kept inside the clip and at least 1 ms wide."""
        width = min(max(end_s - start_s, 1e-3), self.length_s)
        start = min(max(start_s, 0.0), self.length_s - width)
        if (start, start + width) != (self.start_s, self.end_s):
            self.start_s, self.end_s = start, start + width
            self.changed.emit()
