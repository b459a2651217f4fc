"""The queue of a folder of runs: jobs that are started one after the other, whoever looks. Without torch.

`queue/` in the folder of runs holds one JSON file for each waiting job, in the order of their numbers, and the lock of
the one runner, a process of its own that ends when nothing is left. All of it survives the window and the computer:
`ensure_runner` takes it up again.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from speefeare_core.errors import SpeefeareError
from speefeare_core.file_lock import lock_file
from speefeare_core.training.jobs import launcher_of
from speefeare_core.training.jobs.job_file import read_job
from speefeare_core.training.jobs.prepare import prepare
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.jobs.status import RunStatus, run_status
from speefeare_core.training.processes import start_detached
from speefeare_core.training.recipe_entry import build, plain
from speefeare_core.training.run_log import write_whole

STEP = 1000  # between the numbers of two entries, so that others fit between


@dataclass(frozen=True)
class QueueEntry:
    """One job of a queue."""

    spec: JobSpec
    added: float  # seconds since 1970
    launched: float = 0.0  # when the runner started it; 0: it waits
    file: Path = field(default=Path(), compare=False)

    @property
    def run(self) -> Path:
        """The run folder."""
        return Path(self.spec.run)

    def status(self) -> RunStatus:
        """How its run stands."""
        return run_status(self.run)

    def write(self) -> None:
        """Write its file whole."""
        content = {"spec": plain(self.spec), "added": self.added, "launched": self.launched}
        write_whole(self.file, json.dumps(content, ensure_ascii=False).encode())


def queue_folder(runs: Path) -> Path:
    """Where the queue of a folder of runs is kept."""
    return runs / "queue"


def queue_entries(runs: Path) -> tuple[QueueEntry, ...]:
    """All jobs of a queue, the next (or running) one first."""
    found = []
    for path in sorted(queue_folder(runs).glob("[0-9]*.json")):
        with contextlib.suppress(OSError, ValueError, TypeError):
            found.append(replace(build(QueueEntry, json.loads(path.read_text(encoding="utf-8"))), file=path))
    return tuple(found)


def enqueue(spec: JobSpec) -> QueueEntry:
    """Check a job, put it at the end of the queue of its folder, and see to it that a runner is at work.

    Raises `SpeefeareError` where the job cannot be, or is in the queue already.
    """
    launcher_of(spec.launcher).check(spec)
    runs = Path(spec.absolute().run).parent
    if any(entry.run == Path(spec.absolute().run) for entry in queue_entries(runs)):
        raise SpeefeareError(f"{spec.run} is in the queue already.")
    job = prepare(spec)
    now = time.time()
    job.changed(queued=now)
    try:
        with _changing(runs):
            last = max((_number(entry) for entry in queue_entries(runs)), default=0)
            entry = QueueEntry(job.spec, now, file=queue_folder(runs) / f"{last + STEP:09d}.json")
            entry.write()
    except OSError as error:
        raise SpeefeareError(f"The queue in {runs} cannot be written: {error.strerror or error}.") from error
    ensure_runner(runs)
    return entry


def dequeue(run: Path) -> None:
    """Take a job that waits out of its queue; its folder stays, and can be begun later.

    Raises `SpeefeareError` where it does not wait there.
    """
    entry = _waiting(run)
    entry.file.unlink(missing_ok=True)
    job = read_job(run)
    if job is not None:
        job.changed(queued=0.0)


def move_in_queue(run: Path, place: int) -> None:
    """Have a waiting job be number `place` (from 0) among those that wait. Raises `SpeefeareError`."""
    entry = _waiting(run)
    runs = run.absolute().parent
    with _changing(runs):
        others = [other for other in queue_entries(runs) if not other.launched and other.file != entry.file]
        others.insert(max(0, min(place, len(others))), entry)
        running = max((_number(other) for other in queue_entries(runs) if other.launched), default=0)
        last = max([running, *(_number(other) for other in queue_entries(runs))])
        for place_now, other in enumerate(others):  # all anew, behind everything there was: no number is met twice
            other.file.rename(queue_folder(runs) / f"{last + STEP * (place_now + 1):09d}.json")


def runner_lives(runs: Path) -> bool:
    """Whether the queue's runner is at work."""
    path = queue_folder(runs) / "lock"
    if not path.exists():
        return False
    with lock_file(path) as held:
        return not held


def ensure_runner(runs: Path) -> None:
    """Start the runner of a queue in which something waits, unless one is at work."""
    if queue_entries(runs) and not runner_lives(runs):
        command = [sys.executable, "-m", "speefeare_core.training.jobs.runner", str(runs.absolute())]
        start_detached(command, queue_folder(runs) / "runner.log", {})


def _waiting(run: Path) -> QueueEntry:
    path = run.absolute()
    for entry in queue_entries(path.parent):
        if entry.run == path and not entry.launched:
            return entry
    raise SpeefeareError(f"{run} does not wait in the queue of {path.parent}.")


@contextlib.contextmanager
def _changing(runs: Path) -> Iterator[None]:
    """One changes the order at a time."""
    until = time.monotonic() + 10
    while True:
        with lock_file(queue_folder(runs) / "order.lock") as held:
            if held:
                yield
                return
        if time.monotonic() > until:
            raise SpeefeareError(f"The queue in {runs} is being changed by another program; try again.")
        time.sleep(0.02)


def _number(entry: QueueEntry) -> int:
    return int(entry.file.stem)
