"""How a run stands, from its folder alone. Without torch; quick enough to be asked for every second."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.jobs.job_file import NAME, OUTPUT, Job, read_job
from speefeare_core.training.process_record import SILENCE_S, ProcessRecord, read_process
from speefeare_core.training.processes import lives, place
from speefeare_core.training.run_log import RunFolder
from speefeare_core.training.run_summary import RunSummary, RunTail

# queued: in a queue or with a cluster; new: was never begun; the last four can go on (a finished one with more budget).
STATES = ("new", "queued", "starting", "running", "stopping", "stopped", "interrupted", "failed", "finished")
ACTIVE = ("queued", "starting", "running", "stopping")
START_S = 30.0  # how long a local process may take to write its first line


@dataclass(frozen=True)
class RunStatus:
    """Of one run. `words` says it in one plain sentence."""

    run: str
    state: str  # one of STATES
    words: str
    recipe: str = ""
    launcher: str = ""
    host: str = ""
    pid: int = 0
    step: int = 0
    steps: int = 0
    progress: float = 0.0  # 0..1 of the budget
    left_s: float | None = None
    first_mel_distance: float | None = None  # before the first step
    mel_distance: float | None = None  # now
    alarms: tuple[str, ...] = ()
    updated: float = 0.0  # time of the newest event, seconds since 1970

    @property
    def active(self) -> bool:
        """Whether a process is at it, or will be."""
        return self.state in ACTIVE

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self) | {"alarms": list(self.alarms)}


def is_run(path: Path) -> bool:
    """Whether a folder holds a training run (or one that is still to begin)."""
    run = RunFolder(path)
    return run.config.is_file() or run.events.is_file() or (path / NAME).is_file()


def run_status(path: Path, summary: RunSummary | None = None) -> RunStatus:
    """How the run in a folder stands.

    `summary`: what the caller has read of its log already. Raises `SpeefeareError` where the folder holds no run.
    """
    if not is_run(path):
        raise SpeefeareError(f"{path} holds no training run: there is no config.yaml in it.")
    summary = whole_summary(path) if summary is None else summary
    job, record = read_job(path), read_process(RunFolder(path).process)
    state = run_state(path, summary, job, record)
    alive = state in ("starting", "running", "stopping")
    return RunStatus(
        run=str(path), state=state, words=_words(path, state, summary, job, record),
        recipe=summary.recipe or (job.spec.recipe if job else ""),
        launcher=summary.launcher or (job.spec.launcher if job else ""),
        host=record.host if record else "", pid=record.pid if record and alive else 0,
        step=summary.step, steps=summary.steps, progress=summary.progress,
        left_s=summary.left_s if alive else None,
        first_mel_distance=summary.first_mel_distance, mel_distance=summary.mel_distance,
        alarms=tuple(words for _, words, _ in summary.alarms), updated=summary.time,
    )  # fmt: skip


def run_state(path: Path, summary: RunSummary, job: Job | None, record: ProcessRecord | None) -> str:
    """One of STATES."""
    begun = record.started if record else 0.0
    if record is not None and record.alive and not (job and job.killed > begun):
        if summary.ended and summary.time >= begun:  # the last words are said; the process is on its way out
            return summary.ended
        if RunFolder(path).stop.exists():
            return "stopping"
        return "running" if summary.begun and not summary.ended else "starting"
    if job is not None and max(job.queued, job.launched) > max(begun, job.killed, summary.time):
        if job.queued > job.launched:
            return "queued"
        if job.spec.launcher in ("local", "torchrun"):
            return "starting" if _local_process_lives(job) else "interrupted"
        return "queued"  # with the cluster
    if summary.ended:
        return summary.ended
    return "interrupted" if summary.time or record is not None else "new"


def whole_summary(path: Path) -> RunSummary:
    """What the log says as of now."""
    tail = RunTail(path)
    while tail.read(1 << 20):
        pass
    return tail.summary


def _local_process_lives(job: Job) -> bool:
    if job.id.isdecimal() and job.place == place():
        return lives(int(job.id), job.identity)
    return time.time() - job.launched < START_S


def _words(path: Path, state: str, summary: RunSummary, job: Job | None, record: ProcessRecord | None) -> str:
    at = f"at step {summary.step}{summary.of_steps}"
    if state == "failed":
        return summary.problem or f"Failed {at}."
    if state == "interrupted":
        if job is not None and job.killed > (record.started if record else 0.0):
            return f"Killed {at}; resume goes on from the newest checkpoint."
        if record is not None and not record.here:
            return f"No sign of life from {record.host} for {SILENCE_S:g} s; last seen {at}."
        told = last_output(path)
        said = f" Its last words: {told}" if told and not summary.begun else ""
        return f"Interrupted {at}; resume goes on from the newest checkpoint.{said}"
    if state == "queued" and job is not None and job.launched > job.queued:
        return f"Waits for {job.spec.launcher} (job {job.id})."
    return {
        "new": "Not begun.",
        "queued": "Waits in the queue.",
        "starting": "Starting.",
        "running": f"Running, {at}.",
        "stopping": f"Saves and stops after this step, {at}.",
        "stopped": f"Stopped {at}; resume goes on.",
        "finished": f"Finished {at}.",
    }[state]


def last_output(path: Path) -> str:
    """The last line that a detached job printed, or nothing."""
    try:
        with (path / OUTPUT).open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - 4096))
            lines = file.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
