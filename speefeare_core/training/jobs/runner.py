"""The runner of a queue: `python -m speefeare_core.training.jobs.runner FOLDER`. One at a time for each folder."""

from __future__ import annotations

import contextlib
import sys
import time
from dataclasses import replace
from pathlib import Path

from speefeare_core.errors import SpeefeareError
from speefeare_core.file_lock import lock_file
from speefeare_core.training.jobs import launcher_of
from speefeare_core.training.jobs.job_file import read_job
from speefeare_core.training.jobs.queue import QueueEntry, queue_entries, queue_folder
from speefeare_core.training.process_record import Heartbeat
from speefeare_core.training.processes import reap
from speefeare_core.training.run_log import EventLog, RunFolder

LOOK_S = 0.5  # from one look at the running job to the next
TRIES, TRY_S = 10, 0.05  # for the lock: who only asks whether there is a runner holds it for a moment too


def main(arguments: list[str] | None = None) -> int:
    """Start the jobs of a queue one after the other, until none is left."""
    (folder,) = sys.argv[1:] if arguments is None else arguments
    run_queue(Path(folder))
    return 0


def run_queue(runs: Path, look_s: float = LOOK_S) -> None:
    """Be the runner of a queue; returns at once where there is one already."""
    tries = TRIES
    while queue_entries(runs):  # looked at again after the lock is given back: a job may have come in between
        with lock_file(queue_folder(runs) / "lock") as held:
            if held:
                with Heartbeat(queue_folder(runs) / "runner.json"):
                    while entries := queue_entries(runs):
                        _see_through(entries[0], look_s)
        if not held:
            tries -= 1
            if not tries:
                return
            time.sleep(TRY_S)


def _see_through(entry: QueueEntry, look_s: float) -> None:
    """Start a job and wait for its end, or wait for the end of one that a runner before us started."""
    if not entry.launched or _was_cut_off(entry):
        entry = _launch(entry)
    while entry.launched and entry.file.exists() and _active(entry):
        time.sleep(look_s)
        reap()
    entry.file.unlink(missing_ok=True)


def _launch(entry: QueueEntry) -> QueueEntry:
    """The entry, marked as started; not so where it was taken back meanwhile, or could not be started."""
    job = read_job(entry.run)
    if not entry.launched and (job is None or not job.queued):
        return entry
    try:
        launcher_of(entry.spec.launcher).start(entry.spec)
    except SpeefeareError as error:
        print(error, file=sys.stderr, flush=True)
        with contextlib.suppress(OSError):
            EventLog(RunFolder(entry.run).events).append("failed", 0, words=str(error), advice="")
        return replace(entry, launched=0.0)
    started = replace(entry, launched=time.time())
    if entry.file.exists():
        started.write()
    return started


def _was_cut_off(entry: QueueEntry) -> bool:
    """Whether a job that a runner before us started ended without a word: it goes on now."""
    with contextlib.suppress(SpeefeareError):
        job = read_job(entry.run)
        return entry.status().state == "interrupted" and not (job and job.killed)
    return False


def _active(entry: QueueEntry) -> bool:
    try:
        return entry.status().active
    except SpeefeareError:  # its folder was removed
        return False


if __name__ == "__main__":
    raise SystemExit(main())
