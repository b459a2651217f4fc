"""A session: one window and its engines. Owns the names of their shared arrays and sees that none is left behind.

The window holds a lock for as long as it lives. A session whose lock nobody holds died with all its processes; the next
window removes what it left.
"""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path
from typing import IO

from workbench.engine import memory

try:
    import fcntl
except ImportError:  # Windows: files in use cannot be removed there anyway
    fcntl = None  # type: ignore[assignment]

_LOCK = "-lock"


class Session:
    """Made by the window; `token` goes to the engine on its command line."""

    def __init__(self) -> None:
        self.token = secrets.token_hex(6)
        self._lock: IO[bytes] | None = None
        if fcntl is not None:
            path = memory.folders()[-1] / f"{memory.PREFIX}{self.token}{_LOCK}"
            self._lock = path.open("wb")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._lock.write(bytes(memory.folders()[0]))  # where its arrays are, so that only who looks there tidies up
            self._lock.flush()
        remove_abandoned()

    def remove_arrays(self) -> int:
        """Remove what a dead engine left; how many files there were."""
        lock = None if self._lock is None else Path(self._lock.name)
        return memory.remove_session(self.token, keep=lock)

    def close(self) -> None:
        """Remove everything, the lock too."""
        memory.remove_session(self.token)
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def remove_abandoned() -> None:
    """Remove the arrays of sessions whose window is gone."""
    if fcntl is None:
        return
    folder = memory.folders()[-1]
    for path in folder.glob(f"{memory.PREFIX}*{_LOCK}"):
        with contextlib.suppress(OSError), path.open("rb+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if file.read() != bytes(memory.folders()[0]):
                continue
            memory.remove_session(path.name.removeprefix(memory.PREFIX).removesuffix(_LOCK))
