"""The runs of a folder. Without torch."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.jobs.status import RunStatus, is_run, run_status


def list_runs(folder: Path) -> tuple[RunStatus, ...]:
    """All runs in a folder (or the one that it is), the one that changed last first.

    Raises `SpeefeareError` where there is no such folder.
    """
    if is_run(folder):
        return (run_status(folder),)
    try:
        with os.scandir(folder) as rows:
            paths = [Path(row.path) for row in rows if row.is_dir()]
    except OSError as error:
        raise SpeefeareError(f"The folder {folder} cannot be read: {error.strerror}.") from error
    found = []
    for path in filter(is_run, paths):
        with contextlib.suppress(SpeefeareError):  # removed just now
            found.append(run_status(path))
    return tuple(sorted(found, key=lambda status: (-status.updated, status.run)))
