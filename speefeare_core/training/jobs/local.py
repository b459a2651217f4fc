"""A process of this computer, in a group of its own: it lives on when the window or the shell is closed."""

from __future__ import annotations

import time
from dataclasses import replace

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.jobs.job_file import OUTPUT, Job
from speefeare_core.training.jobs.launcher import ENDED, RUNNING, UNKNOWN, Launcher
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.process_record import read_process
from speefeare_core.training.processes import end_run_processes, identity, lives, place, start_detached
from speefeare_core.training.run_log import RunFolder


class LocalLauncher(Launcher):
    """One process."""

    key = "local"
    title = "This computer"
    help = "One process on this computer; it goes on when the window is closed."
    several = False
    local = True

    def command(self, spec: JobSpec) -> list[str]:
        """What the process runs."""
        return spec.worker()

    def _start(self, job: Job) -> Job:
        spec = job.spec
        pid = start_detached(self.command(spec), job.run / OUTPUT, self.environment(spec))
        return replace(job, id=str(pid), identity=identity(pid), place=place())

    def state(self, job: Job) -> str:
        """Known at once."""
        if not job.id or job.place != place():
            return UNKNOWN
        return RUNNING if lives(int(job.id), job.identity) else ENDED

    def kill(self, job: Job) -> None:
        """The whole tree, by group, by descent and by the mark in the environment."""
        end_local_processes(job)


def end_local_processes(job: Job) -> int:
    """End every process of a job on this computer; how many there were.

    Raises `SpeefeareError` where it trains on another computer, or a process does not end.
    """
    roots = []
    if job.id.isdecimal() and job.place == place():
        roots.append((int(job.id), job.identity))
    record = read_process(RunFolder(job.run).process)
    if record is not None and record.here:
        roots.append((record.pid, record.identity))
    elif record is not None and time.time() - record.heartbeat < 60 and record.alive:
        raise SpeefeareError(f"{job.run} trains on {record.host}; kill it there.")
    try:
        return end_run_processes(job.run, tuple(roots))
    except OSError as error:
        raise SpeefeareError(f"{job.run} cannot be killed: {error}.") from error
