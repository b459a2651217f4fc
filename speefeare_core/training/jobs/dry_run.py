"""Dry run: a few real steps in a process and a folder of their own, and what they say about the whole run.

Without torch. The steps are those of the job itself, by the same command; only budget and log differ.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from speefeare_core.training.jobs.estimate import WARM, Estimate, estimate
from speefeare_core.training.jobs.job_file import OUTPUT
from speefeare_core.training.jobs.local import LocalLauncher
from speefeare_core.training.jobs.prepare import new_config, prepare
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.jobs.status import whole_summary
from speefeare_core.training.jobs.torchrun import TorchrunLauncher
from speefeare_core.training.processes import end_run_processes, identity, run_processes
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.run_config import RunConfig, read_config
from speefeare_core.training.run_log import RunFolder

MEASURED = 5  # steps that count, without discriminators and with them
LIMIT_MIN = 3.0  # of rehearsal
LOOK_S = 0.1


def dry_run(spec: JobSpec, show: Callable[[str], None] = lambda words: None) -> Estimate:
    """Make a few steps of a job; its run folder is neither needed nor touched.

    A job of a cluster is rehearsed here, with one process. Raises `SpeefeareError` where the job cannot be, or fails.
    """
    config = _config(spec)
    with tempfile.TemporaryDirectory(prefix="speefeare-dry-run-", ignore_cleanup_errors=True) as folder:
        here = spec.launcher in ("local", "torchrun")
        job = JobSpec(
            run=str(Path(folder, "run").resolve()),
            recipe=_written(config.recipe.changed(_rehearsal(config.recipe)), Path(folder)),
            data=config.data, device=spec.device, processes=spec.processes if here else 1,
            launcher=spec.launcher if here else "local",
        )  # fmt: skip
        prepare(job)
        memory_mb = _rehearse(job, show)
        return estimate(config.recipe, job, memory_mb, Path(spec.run))


def _config(spec: JobSpec) -> RunConfig:
    run = RunFolder(Path(spec.run))
    if run.config.exists() and not spec.recipe:
        config = read_config(run)
        return replace(config, recipe=config.recipe.changed(spec.changes))
    return new_config(spec.absolute())


def _rehearsal(recipe: Recipe) -> dict[str, Any]:
    """What differs: the discriminators join half-way, every step is written down, and the end comes soon."""
    each = WARM + MEASURED
    judged = recipe.adversarial
    later = bool(judged.discriminators) and (judged.start_step > 0 or judged.start_share > 0)
    return {
        "budget.steps": 2 * each if later else each, "budget.minutes": LIMIT_MIN, "budget.epochs": 0,
        "adversarial.start_step": each if later else 0, "adversarial.start_share": 0.0, "log_every": 1,
        "checkpoint_every": 1_000_000,
    }  # fmt: skip


def _written(recipe: Recipe, folder: Path) -> str:
    from speefeare_core.training.recipe import write_recipe

    path = folder / "recipe.yaml"
    write_recipe(recipe, path)
    return str(path)


def _rehearse(job: JobSpec, show: Callable[[str], None]) -> float:
    """Run it to its end; the most memory that its processes had together, in MB."""
    launcher = TorchrunLauncher() if job.launcher == "torchrun" else LocalLauncher()
    run, most = Path(job.run), 0.0
    options: dict[str, Any] = {} if sys.platform == "win32" else {"start_new_session": True}
    with (run / OUTPUT).open("wb") as output:
        process = subprocess.Popen(
            launcher.command(job), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            env={**os.environ, **launcher.environment(job)}, **options,
        )  # fmt: skip
    try:
        while process.poll() is None:
            most = max(most, sum(_peak_mb(pid) for pid in (process.pid, *run_processes(run)) if pid))
            show(f"dry run: step {whole_summary(run).step}")
            time.sleep(LOOK_S)
    finally:
        if process.poll() is None:
            end_run_processes(run, ((process.pid, identity(process.pid)),))
        process.wait()
    return most


def _peak_mb(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    try:
        import psutil

        return float(psutil.Process(pid).memory_info().rss) / 1e6
    except Exception:  # not installed, or the process is gone
        return 0.0
