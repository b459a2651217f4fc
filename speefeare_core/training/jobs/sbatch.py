"""An sbatch file: SLURM without any package on the login node."""

from __future__ import annotations

import shlex
from pathlib import Path

from speefeare_core.training.jobs.spec import JobSpec

LEAD_S = 120  # the run saves so many seconds before its time is over, and goes on in a new job


def sbatch_text(spec: JobSpec, directives: dict[str, str], environment: dict[str, str], folder: Path) -> str:
    """The file. `directives`: what follows `#SBATCH --`; `folder`: where the output goes.

    Before the time limit SLURM sends USR1 to the shell, which has the run stop and hands the job in again; the same
    command then goes on from the newest checkpoint.
    """
    run = shlex.quote(spec.run)
    lines = ["#!/bin/bash"]
    fixed = {
        "job-name": f"speefeare-{Path(spec.run).name}",
        "output": f"{folder}/%j.log",
        "open-mode": "append",
        "requeue": "",
        "signal": f"B:USR1@{LEAD_S}",
    }
    for name, value in {**fixed, **directives}.items():
        lines.append(f"#SBATCH --{name}" + (f"={value}" if value else ""))
    lines += [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    worker = " ".join(shlex.quote(word) for word in spec.worker())
    lines += [
        "export WORLD_SIZE=${SLURM_NTASKS:-1}",
        'export MASTER_ADDR=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)',
        "export MASTER_PORT=$((20000 + SLURM_JOB_ID % 20000))",
        "again() {",
        f"  touch {run}/stop",
        '  wait "$work"',
        '  scontrol requeue "$SLURM_JOB_ID"',
        "}",
        "trap again USR1",
        f"srun bash -c 'export RANK=$SLURM_PROCID LOCAL_RANK=$SLURM_LOCALID; exec \"$@\"' bash {worker} &",
        "work=$!",
        'wait "$work"',
    ]
    return "\n".join(lines) + "\n"
