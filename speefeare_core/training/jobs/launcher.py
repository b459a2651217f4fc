"""What a launcher is: it takes a job to where it trains, and can say how it stands there and end it. Without torch."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.jobs.job_file import Job
from speefeare_core.training.jobs.prepare import prepare
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.process_record import LAUNCHER_VARIABLE
from speefeare_core.training.processes import RUN_MARK
from speefeare_core.training.run_log import RunFolder

WAITING, RUNNING, ENDED, UNKNOWN = "waiting", "running", "ended", "unknown"  # how a job stands with its launcher


@dataclass(frozen=True)
class LauncherOption:
    """One option of a launcher, for forms and the command line."""

    key: str
    help: str  # one plain sentence
    default: str = ""
    kind: str = "text"  # text, count (a whole number from `low` on) or choice
    choices: tuple[str, ...] = ()
    low: int = 0


class Launcher(ABC):
    """One way to run a job. The run folder must be one that both sides see."""

    key: str
    title: str
    help: str
    options: tuple[LauncherOption, ...] = ()
    several: bool = True  # whether it starts more than one process
    local: bool = False  # whether the job runs on this computer, as processes that we see

    def missing(self) -> str:
        """What has to be installed or set up first, as one sentence; empty where nothing is."""
        return ""

    def check(self, spec: JobSpec) -> None:
        """Raises `SpeefeareError` where the spec asks for what this launcher cannot do, or something is missing."""
        if problem := self.missing():
            raise SpeefeareError(problem)
        if spec.processes < 1:
            raise SpeefeareError(f"A job has at least one process, not {spec.processes}.")
        if spec.processes > 1 and not self.several:
            raise SpeefeareError(
                f"The launcher {self.key} starts one process; for {spec.processes} use --launcher torchrun."
            )
        known = {option.key: option for option in self.options}
        for name, value in spec.options.items():
            if name not in known:
                names = ", ".join(known) or "none"
                raise SpeefeareError(f"The launcher {self.key} has no option {name}; it has {names}.")
            _check_value(self.key, known[name], value)

    def start(self, spec: JobSpec) -> Job:
        """Start a new run, or let one go on that was begun with the same recipe and data. Returns at once.

        Raises `SpeefeareError` where anything does not fit, before anything is started.
        """
        self.check(spec)
        try:
            job = prepare(spec)
            RunFolder(job.run).stop.unlink(missing_ok=True)
            return self._start(replace(job, launched=time.time())).write()
        except OSError as error:
            raise SpeefeareError(f"The job {spec.run} cannot be started: {error.strerror or error}.") from error

    @abstractmethod
    def _start(self, job: Job) -> Job:
        """Start it; the job with what is needed to find it again."""

    @abstractmethod
    def state(self, job: Job) -> str:
        """WAITING, RUNNING, ENDED or UNKNOWN. May ask a cluster, which can take seconds."""

    @abstractmethod
    def kill(self, job: Job) -> None:
        """End it and all its processes at once. Raises `SpeefeareError` where that fails."""

    def option(self, spec: JobSpec, key: str) -> str:
        """The value of an option, or its default."""
        default = next(option.default for option in self.options if option.key == key)
        return spec.options.get(key, "") or default

    def environment(self, spec: JobSpec) -> dict[str, str]:
        """What every process of the job finds in its environment."""
        return {RUN_MARK: spec.run, LAUNCHER_VARIABLE: self.key, "PYTHONUNBUFFERED": "1", **_passed_on()}


def _passed_on() -> dict[str, Any]:
    """Threads that wait by spinning take many times as long on a busy computer."""
    return {} if "OMP_WAIT_POLICY" in os.environ else {"OMP_WAIT_POLICY": "PASSIVE"}


def _check_value(launcher: str, option: LauncherOption, value: str) -> None:
    if option.kind == "count":
        if not (value.isascii() and value.isdecimal() and int(value[:9]) >= option.low):
            raise SpeefeareError(
                f"The option {option.key} of {launcher} is a whole number from {option.low} on, not {value!r}."
            )
    elif option.choices and value not in option.choices:
        raise SpeefeareError(
            f"The option {option.key} of {launcher} is one of {', '.join(option.choices)}, not {value!r}."
        )
