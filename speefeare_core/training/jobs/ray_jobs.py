"""Ray Jobs: the worker's command is submitted to a Ray cluster, or to the Ray of this computer."""

from __future__ import annotations

import importlib.util
import os
import shlex
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.jobs.job_file import Job
from speefeare_core.training.jobs.launcher import ENDED, RUNNING, UNKNOWN, WAITING, Launcher, LauncherOption
from speefeare_core.training.jobs.local import end_local_processes
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.jobs.torchrun import TorchrunLauncher

if TYPE_CHECKING:
    from collections.abc import Iterator

STATES = {"PENDING": WAITING, "RUNNING": RUNNING, "STOPPED": ENDED, "SUCCEEDED": ENDED, "FAILED": ENDED}
END_S = 20.0  # how long a killed job may take to end


class RayLauncher(Launcher):
    """Several processes run under torchrun on one computer of the cluster."""

    key = "ray"
    title = "Ray cluster"
    help = "A job of a Ray cluster (ray start --head makes one of this computer)."
    options = (
        LauncherOption("address", "Of its dashboard; empty: RAY_ADDRESS, or http://127.0.0.1:8265."),
        LauncherOption("cpus", "CPU cores of each process.", "1", "count"),
        LauncherOption("gpus", "GPUs of each process.", "0", "count"),
        LauncherOption("python", "Interpreter on the cluster; empty: the path of this one."),
    )

    def missing(self) -> str:
        """The package."""
        return "" if importlib.util.find_spec("ray") else "Ray is not installed: pip install 'ray[default]'."

    def command(self, spec: JobSpec) -> list[str]:
        """What the job runs."""
        alone = replace(spec, options={})
        words = spec.worker() if spec.processes == 1 else TorchrunLauncher().command(alone)
        return [self.option(spec, "python") or words[0], *words[1:]]

    def _start(self, job: Job) -> Job:
        spec = job.spec
        with _client(self._address(spec)) as client:
            taken = client.submit_job(
                entrypoint=shlex.join(self.command(spec)),
                submission_id=f"speefeare-{job.run.name}-{int(job.launched * 1000)}",
                runtime_env={"env_vars": self.environment(spec)},
                entrypoint_num_cpus=int(self.option(spec, "cpus")) * spec.processes,
                entrypoint_num_gpus=int(self.option(spec, "gpus")) * spec.processes or None,
                metadata={"run": spec.run},
            )
        return replace(job, id=taken, facts={"address": self._address(spec)})

    def state(self, job: Job) -> str:
        """Asks the dashboard."""
        try:
            with _client(str(job.facts["address"])) as client:
                return STATES.get(str(client.get_job_status(job.id).value), UNKNOWN)
        except (SpeefeareError, KeyError):
            return UNKNOWN

    def kill(self, job: Job) -> None:
        """Has Ray end it; processes of this computer at once."""
        with _client(str(job.facts.get("address", ""))) as client:
            client.stop_job(job.id)
            end_local_processes(job)
            until = time.monotonic() + END_S
            while STATES.get(str(client.get_job_status(job.id).value)) != ENDED:
                if time.monotonic() > until:
                    raise SpeefeareError(f"Ray does not end the job {job.id}; look at its dashboard.")
                time.sleep(0.2)

    def _address(self, spec: JobSpec) -> str:
        return self.option(spec, "address") or os.environ.get("RAY_ADDRESS", "") or "http://127.0.0.1:8265"


@contextmanager
def _client(address: str) -> Iterator[Any]:
    """A client whose failures are plain sentences."""
    from ray.exceptions import AuthenticationError
    from ray.job_submission import JobSubmissionClient

    try:
        yield JobSubmissionClient(address)
    except AuthenticationError as error:
        raise SpeefeareError(
            f"Ray at {address} asks for its token: set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN where the token is not"
            " in Ray's own file on this computer."
        ) from error
    except ConnectionError as error:
        raise SpeefeareError(f"No Ray cluster answers at {address}; start one with: ray start --head.") from error
    except RuntimeError as error:
        words = " ".join(str(error).split())[:300].rstrip(".")
        raise SpeefeareError(f"Ray at {address} did not take it: {words}.") from error
