"""Every launcher: what it says of itself, what it refuses, what it runs."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from speefeare_core import SpeefeareError
from speefeare_core.training.jobs import LAUNCHERS, launcher_of
from speefeare_core.training.jobs.control import kill, resume, start, status_asked
from speefeare_core.training.jobs.launcher import ENDED, RUNNING
from speefeare_core.training.jobs.sbatch import sbatch_text
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.processes import run_processes
from speefeare_core.training.run_log import RunFolder, read_events
from tests.core.training.jobs.conftest import wait_for, wait_until

MakeSpec = Callable[..., JobSpec]
LOCAL = {"cluster": "local", "cpus": "1"}


@pytest.mark.parametrize("key", LAUNCHERS)
def test_every_launcher_explains_itself(key: str) -> None:
    launcher = LAUNCHERS[key]
    assert launcher.key == key and launcher.title and launcher.help.endswith(".")
    for option in launcher.options:
        assert option.help.endswith("."), option.key
        assert option.kind in ("text", "count", "choice")
        assert not option.choices or option.default in option.choices


def test_options_are_checked() -> None:
    with pytest.raises(SpeefeareError, match="gpus of slurm is a whole number from 0"):
        launcher_of("slurm").check(JobSpec("r", "x", options={"gpus": "all"}))
    with pytest.raises(SpeefeareError, match="one of slurm, local"):
        launcher_of("slurm").check(JobSpec("r", "x", options={"cluster": "pbs"}))
    with pytest.raises(SpeefeareError, match="spread evenly"):
        launcher_of("slurm").check(JobSpec("r", "x", processes=3, options={"nodes": "2", **LOCAL}))
    with pytest.raises(SpeefeareError, match="endpoint"):
        launcher_of("torchrun").check(JobSpec("r", "x", options={"nodes": "2"}))


def test_torchrun_runs_the_worker_once_for_each_process() -> None:
    launcher = LAUNCHERS["torchrun"]
    spec = JobSpec("/r", "x", device="cpu", processes=2)
    words = launcher.command(spec)  # type: ignore[attr-defined]
    assert words[1:3] == ["-m", "torch.distributed.run"]
    assert words[words.index("--nproc-per-node") + 1] == "2"
    assert words[-len(spec.worker_module()) :] == spec.worker_module()
    several = replace(spec, options={"nodes": "2", "node_rank": "1", "endpoint": "first:29500"})
    words = launcher.command(several)  # type: ignore[attr-defined]
    assert words[words.index("--master-addr") + 1] == "first" and words[words.index("--node-rank") + 1] == "1"


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SpeefeareError, match="pip install 'ray"):
        launcher_of("ray").check(JobSpec("r", "x"))
    with pytest.raises(SpeefeareError, match="pip install submitit"):
        launcher_of("slurm").check(JobSpec("r", "x", options={"how": "submitit"}))


def test_without_slurm_the_file_can_still_be_written(make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    spec = make_spec("a")
    with pytest.raises(SpeefeareError, match="how=write"):
        start(replace(spec, launcher="slurm"))
    job = start(replace(spec, launcher="slurm", options={"how": "write", "partition": "gpu"}))
    written = job.run / "slurm" / "job.sh"
    assert str(written) in job.facts["words"]
    assert "#SBATCH --partition=gpu\n" in written.read_text()
    assert wait_for(job.run, "new").words == "Not begun."


def told_by_both(run: Path) -> list[dict[str, str]]:
    """What the launcher told both ranks of a run that has finished."""
    paths = [run / f"rank-{rank}.json" for rank in (0, 1)]
    wait_until(
        run,
        lambda status: status.state == "finished" and all(path.exists() and path.stat().st_size for path in paths),
        "its end, and a word of every rank",
    )
    return [json.loads(path.read_text()) for path in paths]


# -- submitit, on this computer -------------------------------------------------------------------------------------
def test_submitit_runs_every_rank(make_spec: MakeSpec) -> None:
    job = start(replace(make_spec("a", steps=3), launcher="slurm", processes=2, options=LOCAL))
    told = told_by_both(job.run)
    assert [one["LOCAL_RANK"] for one in told] == ["0", "1"]
    assert {one["WORLD_SIZE"] for one in told} == {"2"}
    assert told[0]["MASTER_PORT"] == told[1]["MASTER_PORT"] and told[0]["MASTER_ADDR"]
    assert told[0]["SPEEFEARE_LAUNCHER"] == "slurm"
    wait_until(job.run, lambda status: LAUNCHERS["slurm"].state(job) == ENDED, "the end of the job")


def test_before_its_time_is_over_the_run_saves_and_goes_on_in_a_new_job(make_spec: MakeSpec) -> None:
    job = start(replace(make_spec("a", steps=100_000), launcher="slurm", options=LOCAL))
    wait_until(job.run, lambda status: status.step > 2, "some steps")
    assert LAUNCHERS["slurm"].state(job) == RUNNING
    (task,) = psutil.Process(int(job.id)).children()
    task.send_signal(signal.SIGUSR2)  # as SLURM does to every task

    def sittings() -> list[dict[str, object]]:
        return [event for event in read_events(RunFolder(job.run).events)[0] if event["event"] == "preparing"]

    wait_until(job.run, lambda status: len(sittings()) == 2, "a second sitting")
    assert sittings()[1]["resumed_from"]
    wait_for(job.run, "running")
    kill(job.run)
    assert run_processes(job.run) == []
    wait_until(job.run, lambda status: LAUNCHERS["slurm"].state(job) == ENDED, "the end of the job")


# -- the sbatch file, with commands that do what SLURM's do ---------------------------------------------------------
SBATCH = """#!/bin/bash
[ "$1" = --parsable ] || exit 1
export SLURM_JOB_ID=4321 SLURM_NTASKS=2 SLURM_JOB_NODELIST=here
setsid bash "$2" > "$(dirname "$2")/out" 2>&1 < /dev/null &
echo $! > "$FAKE/shell"
echo "4321;cluster"
"""
SRUN = """#!/bin/bash
for rank in 0 1; do SLURM_PROCID=$rank SLURM_LOCALID=$rank "$@" & done
wait
"""
SCONTROL = """#!/bin/bash
if [ "$1" = show ]; then echo here; else echo "$@" > "$FAKE/again"; fi
"""
SQUEUE = """#!/bin/bash
[ -e "$FAKE/pending" ] && echo PENDING
exit 0
"""
SCANCEL = """#!/bin/bash
echo "$@" > "$FAKE/cancelled"
kill -KILL -- "-$(cat "$FAKE/shell")"
"""


@pytest.fixture
def fake_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "slurm commands"
    folder.mkdir()
    commands = {"sbatch": SBATCH, "srun": SRUN, "scontrol": SCONTROL, "squeue": SQUEUE, "scancel": SCANCEL}
    for name, text in commands.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE", str(folder))
    return folder


def test_the_sbatch_file_runs_every_rank(make_spec: MakeSpec, fake_slurm: Path) -> None:
    spec = replace(make_spec("my run", steps=3), launcher="slurm", processes=2, options={"how": "sbatch"})
    job = start(spec)
    assert job.id == "4321"
    told = told_by_both(job.run)
    assert [one["LOCAL_RANK"] for one in told] == ["0", "1"]
    assert {(one["WORLD_SIZE"], one["MASTER_ADDR"], one["MASTER_PORT"]) for one in told} == {("2", "here", "24321")}
    assert told[0]["SPEEFEARE_RUN"] == str(job.run)
    assert LAUNCHERS["slurm"].state(job) == ENDED
    (fake_slurm / "pending").touch()
    assert LAUNCHERS["slurm"].state(job) == "waiting"


def test_the_sbatch_file_saves_and_hands_itself_in_again(make_spec: MakeSpec, fake_slurm: Path) -> None:
    job = start(replace(make_spec("a", steps=100_000), launcher="slurm", options={"how": "sbatch"}))
    wait_until(job.run, lambda status: status.step > 2, "some steps")
    subprocess.run(["kill", "-USR1", (fake_slurm / "shell").read_text().strip()], check=True)
    wait_for(job.run, "stopped")
    wait_until(job.run, lambda status: (fake_slurm / "again").exists(), "the job handed in again")
    assert (fake_slurm / "again").read_text() == "requeue 4321\n"


def test_a_job_of_slurm_is_cancelled(make_spec: MakeSpec, fake_slurm: Path) -> None:
    job = start(replace(make_spec("a", steps=100_000), launcher="slurm", options={"how": "sbatch"}))
    wait_until(job.run, lambda status: status.step > 2, "some steps")
    assert kill(job.run).state == "interrupted"
    assert (fake_slurm / "cancelled").read_text() == "4321\n"


def test_a_job_that_slurm_ended_before_it_began_can_be_started_again(make_spec: MakeSpec, fake_slurm: Path) -> None:
    (fake_slurm / "sbatch").write_text("#!/bin/bash\necho 99\n")
    (fake_slurm / "pending").touch()
    job = start(replace(make_spec("a", steps=2), launcher="slurm", options={"how": "sbatch"}))
    assert status_asked(job.run).words == "Waits for slurm (job 99)."
    with pytest.raises(SpeefeareError, match="at work already"):
        resume(job.run)
    (fake_slurm / "pending").unlink()
    assert status_asked(job.run).words.startswith("The job 99 of slurm ended before it began")
    (fake_slurm / "sbatch").write_text(SBATCH)
    resume(job.run)
    wait_for(job.run, "finished")


def test_a_refusal_of_slurm_is_passed_on(make_spec: MakeSpec, fake_slurm: Path) -> None:
    (fake_slurm / "sbatch").write_text("#!/bin/bash\necho 'invalid partition specified: gpu' >&2\nexit 1\n")
    with pytest.raises(SpeefeareError, match="sbatch of SLURM refused: invalid partition specified: gpu"):
        start(replace(make_spec("a"), launcher="slurm", options={"how": "sbatch", "partition": "gpu"}))


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
def test_odd_names_survive_the_sbatch_file(tmp_path: Path) -> None:
    spec = JobSpec('/r/it\'s $HOME & "more"', "x")
    text = sbatch_text(spec, {}, {"SPEEFEARE_RUN": spec.run}, tmp_path)
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)
    line = next(line for line in text.splitlines() if line.startswith("export SPEEFEARE_RUN"))
    done = subprocess.run(["bash", "-c", f'{line}; printf %s "$SPEEFEARE_RUN"'], capture_output=True, text=True)
    assert done.stdout == spec.run
