"""job.json of a run folder: what was asked for, and what the launcher gave back for it. Without torch."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.recipe_entry import build, plain
from speefeare_core.training.run_log import write_whole

NAME = "job.json"
OUTPUT = "output.log"  # what a detached job printed


@dataclass(frozen=True)
class Job:
    """A job as its launcher knows it. Times are seconds since 1970; 0: not so."""

    spec: JobSpec
    id: str = ""  # process number, or the cluster's name of the job
    identity: str = ""  # of a local process: tells it from a later one of the same number
    place: str = ""  # of a local process: where the number means it
    queued: float = 0.0  # when it was put into a queue
    launched: float = 0.0  # when it was given to its launcher
    killed: float = 0.0  # when it was killed on purpose
    facts: dict[str, Any] = field(default_factory=dict)  # what the launcher wants to find again

    @property
    def run(self) -> Path:
        """The run folder."""
        return Path(self.spec.run)

    def write(self) -> Job:
        """Write job.json whole, and give the job back. Raises OSError."""
        write_whole(self.run / NAME, json.dumps(plain(self), ensure_ascii=False).encode())
        return self

    def changed(self, **values: Any) -> Job:
        """With other values, written."""
        return replace(self, **values).write()


def read_job(run: Path) -> Job | None:
    """The job of a run folder; None where there is none that can be read."""
    try:
        job: Job = build(Job, json.loads((run / NAME).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return replace(job, spec=replace(job.spec, run=str(run)))  # the folder may have been moved
