"""SLURM: by submitit where it is installed, else by an sbatch file that is written and handed in."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.jobs.job_file import Job
from speefeare_core.training.jobs.launcher import ENDED, RUNNING, UNKNOWN, WAITING, Launcher, LauncherOption
from speefeare_core.training.jobs.local import end_local_processes
from speefeare_core.training.jobs.sbatch import sbatch_text
from speefeare_core.training.jobs.slurm_task import TrainingTask
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.processes import adopt, identity, lives, place

ASK_S = 20.0  # how long SLURM may take to answer


class SlurmLauncher(Launcher):
    """`processes` are tasks, spread evenly over the nodes."""

    key = "slurm"
    title = "SLURM cluster"
    help = "A job of a SLURM cluster; it saves before its time is over and goes on in a new job."
    options = (
        LauncherOption("partition", "The partition; empty: the cluster's default."),
        LauncherOption("minutes", "Time limit of one job; the run goes on in the next one.", "1440", "count", low=1),
        LauncherOption("nodes", "Computers.", "1", "count", low=1),
        LauncherOption("gpus", "GPUs of each computer; 0: none.", "0", "count"),
        LauncherOption("cpus", "CPU cores of each process.", "4", "count", low=1),
        LauncherOption("memory_gb", "Memory of each computer; 0: the cluster's default.", "0", "count"),
        LauncherOption("account", "Account that pays; empty: yours."),
        LauncherOption("qos", "Quality of service; empty: the cluster's default."),
        LauncherOption("constraint", "Features that the computers must have."),
        LauncherOption(
            "how", "submitit, a written sbatch file, or (write) the file alone, to be handed in by hand.",
            "auto", "choice", ("auto", "submitit", "sbatch", "write"),
        ),
        LauncherOption(
            "cluster", "local runs submitit's jobs on this computer, to try things out.", "slurm", "choice",
            ("slurm", "local"),
        ),
    )  # fmt: skip

    def how(self, spec: JobSpec) -> str:
        """submitit, sbatch or write."""
        chosen = self.option(spec, "how")
        if chosen != "auto":
            return chosen
        return "submitit" if importlib.util.find_spec("submitit") else "sbatch"

    def check(self, spec: JobSpec) -> None:
        """Also whether SLURM (or submitit) is here."""
        super().check(spec)
        if spec.processes % int(self.option(spec, "nodes")):
            raise SpeefeareError(
                f"{spec.processes} processes cannot be spread evenly over {self.option(spec, 'nodes')} computers."
            )
        how = self.how(spec)
        if how == "submitit" and not importlib.util.find_spec("submitit"):
            raise SpeefeareError("submitit is not installed: pip install submitit, or --option how=sbatch.")
        if how != "write" and self.option(spec, "cluster") == "slurm" and not shutil.which("sbatch"):
            raise SpeefeareError(
                "There is no sbatch on this computer: start the job on a login node of the cluster, or write the file"
                " with --option how=write."
            )

    def _start(self, job: Job) -> Job:
        return self._submit(job) if self.how(job.spec) == "submitit" else self._hand_in(job)

    def _submit(self, job: Job) -> Job:
        import submitit

        spec = job.spec

        def option(key: str) -> str:
            return self.option(spec, key)

        executor = submitit.AutoExecutor(folder=str(_folder(job)), cluster=option("cluster"))
        nodes = int(option("nodes"))
        given = {
            "timeout_min": int(option("minutes")), "nodes": nodes, "tasks_per_node": spec.processes // nodes,
            "cpus_per_task": int(option("cpus")), "name": f"speefeare-{job.run.name}", "stderr_to_stdout": True,
            "gpus_per_node": int(option("gpus")) or None, "mem_gb": int(option("memory_gb")) or None,
            "slurm_partition": option("partition"), "slurm_account": option("account"), "slurm_qos": option("qos"),
            "slurm_constraint": option("constraint"),
        }  # fmt: skip
        executor.update_parameters(**{name: value for name, value in given.items() if value})
        try:
            handle: Any = executor.submit(TrainingTask(spec.run, spec.worker_module(), self.environment(spec)))
        except (RuntimeError, subprocess.SubprocessError, submitit.core.utils.FailedJobError) as error:
            raise SpeefeareError(f"SLURM did not take the job {spec.run}: {_one_line(error)}.") from error
        if option("cluster") == "local":
            adopt(handle._process)
            pid = str(handle.job_id)
            return replace(job, id=pid, identity=identity(int(pid)), place=place(), facts={"cluster": "local"})
        return replace(job, id=str(handle.job_id), facts={"cluster": "slurm"})

    def _hand_in(self, job: Job) -> Job:
        path = _folder(job) / "job.sh"
        path.write_text(
            sbatch_text(job.spec, self._directives(job.spec), self.environment(job.spec), path.parent), encoding="utf-8"
        )
        if self.how(job.spec) == "write":
            return replace(job, launched=0.0, facts={"words": f"hand it in with: sbatch {path}"})
        told = _ask("sbatch", "--parsable", str(path))
        return replace(job, id=told.split(";")[0].strip(), facts={"cluster": "slurm"})

    def _directives(self, spec: JobSpec) -> dict[str, str]:
        option = self.option
        nodes = int(option(spec, "nodes"))
        given = {
            "nodes": str(nodes), "ntasks-per-node": str(spec.processes // nodes), "time": option(spec, "minutes"),
            "cpus-per-task": option(spec, "cpus"),
            "gpus-per-node": "" if option(spec, "gpus") == "0" else option(spec, "gpus"),
            "mem": "" if option(spec, "memory_gb") == "0" else f"{option(spec, 'memory_gb')}G",
            "partition": option(spec, "partition"), "account": option(spec, "account"), "qos": option(spec, "qos"),
            "constraint": option(spec, "constraint"),
        }  # fmt: skip
        return {name: value for name, value in given.items() if value}

    def state(self, job: Job) -> str:
        """Asks squeue, which can take seconds."""
        if job.facts.get("cluster") == "local":
            return RUNNING if job.place == place() and lives(int(job.id), job.identity) else ENDED
        if not job.id:
            return UNKNOWN
        try:
            told = _ask("squeue", "--noheader", "--jobs", job.id, "--format", "%T").strip()
        except SpeefeareError:  # long ended jobs are unknown to it
            return ENDED
        return WAITING if told.startswith(("PENDING", "CONFIGURING", "REQUEUE")) else RUNNING if told else ENDED

    def kill(self, job: Job) -> None:
        """scancel; processes of this computer at once."""
        if job.facts.get("cluster") == "local":
            end_local_processes(job)
        elif job.id:
            _ask("scancel", job.id)


def _folder(job: Job) -> Path:
    folder = job.run / "slurm"
    folder.mkdir(exist_ok=True)
    return folder


def _ask(*words: str) -> str:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=ASK_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SpeefeareError(f"{words[0]} of SLURM does not answer: {_one_line(error)}.") from error
    if done.returncode:
        raise SpeefeareError(f"{words[0]} of SLURM refused: {_one_line(done.stderr) or 'it did not say why'}.")
    return done.stdout


def _one_line(error: object) -> str:
    return " ".join(str(error).split()).rstrip(".")[:300]
