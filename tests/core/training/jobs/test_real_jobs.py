"""Tiny networks trained through every launcher, by the commands that people write."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from speefeare_core import load_codec
from speefeare_core.cli import main
from speefeare_core.training.jobs import LAUNCHERS
from speefeare_core.training.jobs.control import kill, start
from speefeare_core.training.jobs.launcher import ENDED, RUNNING
from speefeare_core.training.jobs.queue import queue_entries, runner_lives
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.jobs.status import run_status
from speefeare_core.training.processes import end_run_processes, run_processes
from speefeare_core.training.recipe import write_recipe
from speefeare_core.training.run_log import RunFolder, read_events
from tests.core.training.jobs.conftest import wait_for, wait_until
from tests.core.training.tiny_run import ADVERSARY, tiny

PATIENCE_S = 100.0  # torch loads slowly on a busy computer
REAL_WORKER = JobSpec.worker_module


@pytest.fixture
def words(tones: Path, tmp_path: Path) -> Iterator[list[str]]:
    """`RUN --recipe … --data … --device cpu` of a run in tmp_path/runs/a."""
    recipe = tmp_path / "tiny.yaml"
    write_recipe(tiny(), recipe)
    run = tmp_path / "runs" / "a"
    yield [str(run), "--recipe", str(recipe), "--data", str(tones), "--device", "cpu"]
    end_run_processes(run)


def speefeare(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """What a command says as JSON."""
    code = main([*words, "--json"])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert code in (0, 3), told
    return told


def starts(run: Path) -> list[dict[str, Any]]:
    return [event for event in read_events(RunFolder(run).events)[0] if event["event"] == "start"]


def test_here_to_the_end_with_changes(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    told = speefeare(capsys, "train", *words, "--set", "data.batch=2", "--steps", "4")
    assert (told["step"], told["finished"]) == (4, True)
    assert load_codec(told["model"]).info.name == "tiny"
    assert main(["train", *words, "--json"]) == 2, "begun with other changes"
    assert "begun with another recipe" in capsys.readouterr().out
    shown = speefeare(capsys, "runs", "show", words[0])
    assert shown["state"] == "finished" and "--set data.batch=2" in shown["command"]
    assert [row["state"] for row in speefeare(capsys, "runs", "list", str(Path(words[0]).parent))["runs"]] == [
        "finished"
    ]


@pytest.mark.slow
def test_detached_stopped_and_resumed(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    run = Path(speefeare(capsys, "train", *words, "--steps", "1000000", "--detach")["run"])
    wait_until(run, lambda status: status.step > 4, "some steps", PATIENCE_S)
    assert speefeare(capsys, "runs", "stop", str(run))["state"] in ("stopping", "stopped")
    more = wait_for(run, "stopped", patience_s=PATIENCE_S).step + 3
    speefeare(capsys, "runs", "resume", str(run), "--steps", str(more))
    assert wait_until(run, lambda status: status.state == "finished", "the end", PATIENCE_S).step == more
    assert load_codec(RunFolder(run).model).info.name == "tiny"


@pytest.mark.slow
def test_torchrun_trains_with_two_ranks(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    told = speefeare(capsys, "train", *words, "--launcher", "torchrun", "--processes", "2")
    assert told["finished"]
    (begun,) = starts(Path(told["run"]))
    assert (begun["world_size"], begun["launcher"]) == (2, "torchrun")


@pytest.mark.slow
def test_torchrun_is_killed_with_all_its_ranks(make_spec: Callable[..., JobSpec]) -> None:
    run = start(replace(make_spec("a", steps=100_000), launcher="torchrun", processes=2)).run
    ranks = {"rank-0.json", "rank-1.json"}
    wait_until(
        run, lambda status: status.step > 2 and {row.name for row in run.glob("rank-*.json")} == ranks,
        "some steps, and a word of every rank", PATIENCE_S,
    )  # fmt: skip
    assert len(run_processes(run)) >= 3, "torchrun, the first rank and its child"
    assert kill(run).state == "interrupted"
    assert run_processes(run) == []


@pytest.mark.slow
def test_submitit_trains_with_two_ranks(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--launcher", "slurm", "--processes", "2", "--option", "cluster=local", "--option", "cpus=1"]
    run = Path(speefeare(capsys, "train", *words, *options)["run"])
    assert wait_for(run, "finished", "failed", "interrupted", patience_s=PATIENCE_S).state == "finished"
    assert [(event["world_size"], event["launcher"]) for event in starts(run)] == [(2, "slurm")]
    wait_until(run, lambda status: end_run_processes(run) == 0, "its end", PATIENCE_S)


@pytest.mark.slow
def test_ray_trains_and_ends_jobs(
    words: list[str], capsys: pytest.CaptureFixture[str], make_spec: Callable[..., JobSpec]
) -> None:
    node = Path(__file__).with_name("ray_node.py")
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:
        cluster = subprocess.Popen(
            [sys.executable, str(node), folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        with cluster:
            assert cluster.stdout is not None
            address = cluster.stdout.readline().strip()
            assert address.startswith("http"), "no Ray"
            light = replace(make_spec("b", steps=100_000), launcher="ray", options={"address": address})
            job = start(light)
            wait_until(job.run, lambda status: status.step > 2, "some steps", PATIENCE_S)
            assert LAUNCHERS["ray"].state(job) == RUNNING
            assert kill(job.run).state == "interrupted"
            assert LAUNCHERS["ray"].state(job) == ENDED
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(JobSpec, "worker_module", REAL_WORKER)
                options = ["--launcher", "ray", "--option", f"address={address}"]
                run = Path(speefeare(capsys, "train", *words, *options)["run"])
            wait_for(run, "finished", "failed", "interrupted", patience_s=PATIENCE_S)
            assert run_status(run).state == "finished"
            assert [event["launcher"] for event in starts(run)] == ["ray"]
            cluster.communicate("")


@pytest.mark.slow
def test_the_queue_works_without_us(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    runs = Path(words[0]).parent
    speefeare(capsys, "train", *words, "--queue")
    told = speefeare(capsys, "runs", "queue", str(runs))
    assert [Path(row["run"]).name for row in told["jobs"]] == ["a"]
    wait_for(runs / "a", "finished", patience_s=PATIENCE_S)
    wait_until(runs / "a", lambda status: not runner_lives(runs), "the end of the runner")
    assert queue_entries(runs) == ()


@pytest.mark.slow
def test_a_dry_run_foretells_steps_memory_and_end(
    tones: Path, words: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    recipe = tmp_path / "adversarial.yaml"
    write_recipe(tiny(adversarial={**ADVERSARY, "start_step": 500}, budget__steps=1000), recipe)
    told = speefeare(capsys, "train", words[0], "--recipe", str(recipe), *words[3:], "--dry-run")
    assert not Path(words[0]).exists()
    assert (told["limit"], told["steps"]) == ("steps", 1000)
    assert told["adversarial_step_s"] > told["step_s"] > 0
    assert told["total_s"] >= 500 * (told["step_s"] + told["adversarial_step_s"])
    assert told["memory_mb"] > 100 and told["disk_mb"] > 0 and told["parameters"] > 1000
