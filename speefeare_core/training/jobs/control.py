"""What can be done with runs: start, stop, kill, resume, clone. Without torch, for shells, windows and queues alike.

Every function takes the run folder. None keeps anything in memory: job.json, process.json and the log say all.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.jobs import launcher_of
from speefeare_core.training.jobs.job_file import Job, read_job
from speefeare_core.training.jobs.launcher import ENDED
from speefeare_core.training.jobs.local import end_local_processes
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.jobs.status import RunStatus, is_run, run_status
from speefeare_core.training.recipe import read_recipe
from speefeare_core.training.run_config import RunConfig, read_config
from speefeare_core.training.run_log import RunFolder


def start(spec: JobSpec) -> Job:
    """Start a new run, or let one go on that was begun with the same recipe and data. Returns at once.

    Raises `SpeefeareError` where anything does not fit, before anything is started.
    """
    return launcher_of(spec.launcher).start(spec)


def status_asked(path: Path) -> RunStatus:
    """How a run stands; of one that waits with a cluster, the cluster is asked, which can take seconds."""
    status, job = run_status(path), read_job(path)
    if status.state != "queued" or job is None or not job.launched or not job.id:
        return status
    if launcher_of(job.spec.launcher).state(job) != ENDED:
        return status
    words = f"The job {job.id} of {job.spec.launcher} ended before it began to train; its own log says why."
    return replace(status, state="interrupted", words=words)


def stop(path: Path) -> RunStatus:
    """Ask a run to save and end after its present step; one that waits is taken back. How it stands now.

    Raises `SpeefeareError` where nothing is at work.
    """
    status = run_status(path)
    if status.state == "queued":
        kill(path)
    elif status.state in ("starting", "running", "stopping"):
        try:
            RunFolder(path).request_stop()
        except OSError as error:
            raise SpeefeareError(f"{path} cannot be asked to stop: {error.strerror or error}.") from error
    else:
        raise SpeefeareError(f"{path} is not at work: {status.words}")
    return run_status(path)


def kill(path: Path) -> RunStatus:
    """End all processes of a run at once; it can go on from its newest checkpoint. How it stands now.

    Raises `SpeefeareError` where nothing is at work, or it cannot be ended from here.
    """
    status = run_status(path)
    if not status.active:
        raise SpeefeareError(f"{path} is not at work: {status.words}")
    job = read_job(path)
    if job is not None and job.launched:
        launcher_of(job.spec.launcher).kill(job)
    else:
        job = job or Job(JobSpec(str(path), ""))
        end_local_processes(job)
    job.changed(killed=time.time(), queued=0.0)
    RunFolder(path).stop.unlink(missing_ok=True)
    return run_status(path)


def resume(path: Path, changes: dict[str, Any] | None = None, spec: JobSpec | None = None) -> Job:
    """Let a run go on from its newest checkpoint, as its launcher did it before, or as `spec` says.

    `changes`: of the budget and of what is written down (`run_config.CHANGEABLE`). Raises `SpeefeareError`.
    """
    status = status_asked(path)
    if status.active:
        raise SpeefeareError(f"{path} is at work already: {status.words}")
    run = RunFolder(path)
    config = read_config(run)
    if changes:
        config.changed(changes).write(run)
    elif status.state == "finished":
        raise SpeefeareError(f"{path} is finished; to go on, give it more budget (as --set budget.steps=20000).")
    return start(spec or resume_spec(path))


def resume_spec(path: Path) -> JobSpec:
    """The job that lets a run go on as it was launched before."""
    job = read_job(path)
    if job is None:
        return JobSpec(str(path), "")
    return replace(job.spec, run=str(path), recipe="", data=(), changes={})


def clone(path: Path, target: Path, changes: dict[str, Any] | None = None, data: tuple[str, ...] = ()) -> JobSpec:
    """The job of a new run like this one, with changes; nothing is started. Raises `SpeefeareError`."""
    if is_run(target):
        raise SpeefeareError(f"{target} is a run already; give a new folder.")
    config, job = read_config(RunFolder(path)), read_job(path)
    spec = job.spec if job is not None else JobSpec(str(path), "")
    if not spec.recipe or not _still_made_by(spec, config):
        spec = replace(spec, recipe=str(RunFolder(path).config.absolute()), changes={})
    made = replace(
        spec, run=str(target.absolute()), data=data or config.data, changes={**spec.changes, **(changes or {})}
    )
    read_recipe(made.recipe).changed(made.changes)
    return made


def _still_made_by(spec: JobSpec, config: RunConfig) -> bool:
    """Whether the recipe that the run was begun with is still what the run was begun with."""
    try:
        return RunConfig.asked_for(read_recipe(spec.recipe).changed(spec.changes), config.data).asked == config.asked
    except SpeefeareError:
        return False
