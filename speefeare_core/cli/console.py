"""What a command hands back, and how it shows that it is at work."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, TextIO


@dataclass(frozen=True)
class Result:
    """What a finished command has to say: JSON-ready `data`, the same as `text` for people."""

    data: dict[str, Any]
    text: str
    exit_code: int = 0


class Console:
    """Progress and notes on stderr; stdout belongs to the result."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._shown = ""

    def progress(self, fraction: float, words: str) -> None:
        """`fraction` 0–1 of the work is done. Only a terminal shows it."""
        self.status(f"{words} {100 * min(max(fraction, 0.0), 1.0):3.0f} %")

    def status(self, line: str) -> None:
        """What is so now, in the place of what was shown before. Only a terminal shows it."""
        if self._terminal and line != self._shown:
            self._stream.write(f"\r\x1b[K{line}")
            self._stream.flush()
            self._shown = line

    def note(self, words: str) -> None:
        """One line for the person, beside the result."""
        self.clear()
        self._stream.write(f"{words}\n")
        self._stream.flush()

    def clear(self) -> None:
        """Take the progress line away."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._shown = ""
