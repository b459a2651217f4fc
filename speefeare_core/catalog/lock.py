"""One writer at a time among those that download and remove."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from speefeare_core.errors import SpeefeareError
from speefeare_core.file_lock import lock_file


@contextmanager
def only_writer(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file `path` (it stays). Raises `SpeefeareError` where another process holds it."""
    with lock_file(path) as held:
        if not held:
            raise SpeefeareError(f"{what} is being downloaded or removed already; wait for that, or cancel it first.")
        yield
