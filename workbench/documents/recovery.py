"""Copies for recovery: one file a running window, held by a lock that ends with its process, however it ends."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from speefeare_core.documents import reader, writer
from speefeare_core.documents.format import SUFFIX, Document
from speefeare_core.errors import SpeefeareError
from speefeare_core.folders import state_dir

try:
    import fcntl
except ImportError:  # Windows: an open file cannot be removed there, which tells the same
    fcntl = None  # type: ignore[assignment]

LAST = f"last{SUFFIX}"  # what an untitled document was when its window was closed
_LOCK = ".lock"


def folder() -> Path:
    """Where this user's copies lie."""
    return state_dir() / "documents"


class RecoveryCopy:
    """The copy of one window. Made with the first thing that is worth keeping; raises `SpeefeareError` like a save."""

    def __init__(self) -> None:
        self.path = folder() / f"{secrets.token_hex(6)}{SUFFIX}"
        self._lock: IO[bytes] | None = None

    def write(self, parts: dict[str, Any], extra: dict[str, Any]) -> None:
        """Whole or not at all; not waited for until the disk has it: it is to outlive the process, not the computer."""
        if self._lock is None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._lock = _lock_of(self.path).open("wb")
                if fcntl is not None:
                    fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise SpeefeareError(
                    f"Nothing can be kept for a crash in {self.path.parent} ({error.strerror or error}); make room."
                ) from error
        writer.write(self.path, parts, extra=extra, durable=False)

    def keep_as_last(self) -> None:
        """The window closes well: its untitled document can be opened again by hand."""
        with contextlib.suppress(OSError):
            self.path.replace(self.path.with_name(LAST))
        self.remove()

    def remove(self) -> None:
        """Nothing is left. May be called twice."""
        self.path.unlink(missing_ok=True)
        if self._lock is not None:
            _lock_of(self.path).unlink(missing_ok=True)
            self._lock.close()
            self._lock = None


@dataclass(frozen=True)
class Abandoned:
    """The copy of a window that did not end well."""

    path: Path
    document: Document

    @property
    def words(self) -> str:
        """What it is about: the document's name or the clip's, and when it was kept."""
        audio = self.document.parts.get("audio")
        named = self.document.extra.get("path")
        name = audio.get("name") if isinstance(audio, dict) else None
        what = Path(str(named)).name if named else str(name or "an untitled document")
        return f"{what}, as it was at {self.document.saved.replace('T', ' ')[:19]}"

    def remove(self) -> None:
        """It is not wanted, or was opened."""
        self.path.unlink(missing_ok=True)
        _lock_of(self.path).unlink(missing_ok=True)


def abandoned() -> list[Abandoned]:
    """Copies whose window is gone, newest first. Damaged ones are removed."""
    found = []
    for path in folder().glob(f"*{SUFFIX}"):
        if path.name == LAST or _is_held(path):
            continue
        try:
            found.append((path.stat().st_mtime, Abandoned(path, reader.read(path))))
        except (SpeefeareError, OSError):
            path.unlink(missing_ok=True)
            _lock_of(path).unlink(missing_ok=True)
    return [row for _, row in sorted(found, key=lambda pair: -pair[0])]


def last() -> Path | None:
    """The untitled document that was closed last."""
    path = folder() / LAST
    return path if path.is_file() else None


def _lock_of(path: Path) -> Path:
    return path.with_suffix(_LOCK)


def _is_held(path: Path) -> bool:
    lock = _lock_of(path)
    try:
        if fcntl is None:
            lock.unlink(missing_ok=True)
            return False
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:
        return False
    except OSError:
        return True
