"""Depths by digit keys: one digit acts at once; a second one typed quickly makes a two-digit depth of both."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from workbench import commands
from workbench.context import Context

WAIT_MS = 700


class DepthKeys(QObject):
    """While listening is blind, number n means the n-th label (1 is A)."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.ctx = context
        self._first: int | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._timer.timeout.connect(self._forget)

    def press(self, digit: int) -> None:
        """A digit key, 0–9."""
        if self._first is not None and self._first * 10 + digit <= self._largest():
            number = self._first * 10 + digit
            self._forget()
        else:
            number = digit
            self._first = digit if digit > 0 and digit * 10 <= self._largest() else None
            self._timer.start()
        self._choose(number)

    def _largest(self) -> int:
        if self.ctx.playback.blind:
            return len(self.ctx.playback.blind_order)
        return self.ctx.codec.depths[-1] if self.ctx.codec.depths else 0

    def _choose(self, number: int) -> None:
        if self.ctx.playback.blind:
            commands.select_label(self.ctx, number - 1)
        else:
            commands.select_depth(self.ctx, number)

    def _forget(self) -> None:
        self._first = None
        self._timer.stop()
