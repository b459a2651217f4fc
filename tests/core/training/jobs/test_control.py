"""Start, stop, kill, resume and clone, with real processes that do not load torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from speefeare_core import SpeefeareError
from speefeare_core.training.jobs.control import clone, kill, resume, start, stop
from speefeare_core.training.jobs.job_file import read_job
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.processes import run_processes
from speefeare_core.training.recipe import read_recipe
from speefeare_core.training.run_config import read_config
from speefeare_core.training.run_log import RunFolder, read_events
from tests.core.training.jobs.conftest import wait_for, wait_until

MakeSpec = Callable[..., JobSpec]
LONG = 100_000


def steps_of(run: Path) -> list[int]:
    return [event["step"] for event in read_events(RunFolder(run).events)[0] if event["event"] == "losses"]


def test_a_job_runs_to_its_end(make_spec: MakeSpec) -> None:
    job = start(make_spec("a", steps=3))
    status = wait_for(job.run, "finished")
    assert (status.step, status.steps, status.progress) == (3, 3, 1.0)


def test_stop_saves_and_resume_goes_on(make_spec: MakeSpec) -> None:
    run = start(make_spec("a", steps=LONG)).run
    wait_until(run, lambda status: status.step > 2, "some steps")
    assert stop(run).state in ("stopping", "stopped")
    stopped = wait_for(run, "stopped")
    assert not RunFolder(run).stop.exists()
    resume(run, {"budget.steps": stopped.step + 2})
    status = wait_for(run, "finished")
    assert steps_of(run) == list(range(1, status.step + 1)), "none twice, none left out"


def test_kill_ends_the_tree_and_resume_goes_on_from_the_checkpoint(make_spec: MakeSpec) -> None:
    run = start(make_spec("a", steps=LONG)).run
    wait_until(run, lambda status: status.step > 6, "a checkpoint")
    tree = run_processes(run)
    assert len(tree) == 2, "the run and its child"
    status = kill(run)
    assert status.state == "interrupted" and status.words.startswith("Killed at step")
    assert not [pid for pid in tree if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]
    saved = RunFolder(run).newest_checkpoint()
    assert saved is not None
    resume(run)
    wait_until(run, lambda now: now.step > status.step, "new steps")
    kill(run)
    begun = [event for event in read_events(RunFolder(run).events)[0] if event["event"] == "preparing"]
    assert [event["resumed_from"] for event in begun] == [None, saved.name]


def test_a_run_at_work_is_not_started_or_resumed_again(make_spec: MakeSpec) -> None:
    spec = make_spec("a", steps=LONG)
    run = start(spec).run
    wait_for(run, "running")
    with pytest.raises(SpeefeareError, match="being trained already"):
        start(spec)
    with pytest.raises(SpeefeareError, match="at work already"):
        resume(run)
    kill(run)
    with pytest.raises(SpeefeareError, match="not at work"):
        kill(run)
    with pytest.raises(SpeefeareError, match="not at work"):
        stop(run)


def test_the_same_command_again_goes_on_and_another_is_refused(make_spec: MakeSpec) -> None:
    spec = make_spec("a", steps=3)
    run = start(spec).run
    wait_for(run, "finished")
    start(spec)
    wait_until(run, lambda status: len(read_events(RunFolder(run).events)[0]) > 8, "a second sitting")
    wait_for(run, "finished")
    with pytest.raises(SpeefeareError, match="begun with another recipe"):
        start(JobSpec(spec.run, spec.recipe, spec.data, changes={"seed": 1}))
    with pytest.raises(SpeefeareError, match="a run already"):
        start(JobSpec(spec.run, "", spec.data))


def test_a_finished_run_goes_on_only_with_more_budget(make_spec: MakeSpec) -> None:
    run = start(make_spec("a", steps=3)).run
    wait_for(run, "finished")
    with pytest.raises(SpeefeareError, match="more budget"):
        resume(run)
    with pytest.raises(SpeefeareError, match="keeps its data.batch"):
        resume(run, {"data.batch": 2})
    with pytest.raises(SpeefeareError, match="budget.stepz"):
        resume(run, {"budget.stepz": 2})
    resume(run, {"budget.steps": 6})
    wait_until(run, lambda status: status.state == "finished" and status.step == 6, "the new end")


def test_a_clone_has_the_changes_and_is_made_by_its_command(make_spec: MakeSpec, tmp_path: Path) -> None:
    spec = make_spec("a", steps=3)
    run = start(spec).run
    wait_for(run, "finished")
    made = clone(run, tmp_path / "b", {"budget.steps": 4, "data.batch": 2})
    assert (made.recipe, made.data) == (spec.recipe, spec.data)
    wait_for(start(made).run, "finished")
    recipe = read_config(RunFolder(tmp_path / "b")).recipe
    assert (recipe.budget.steps, recipe.data.batch) == (4, 2)
    again = clone(tmp_path / "b", tmp_path / "c", {"seed": 5})
    assert again.changes == {"budget.steps": 4, "data.batch": 2, "seed": 5}
    with pytest.raises(SpeefeareError, match="a run already"):
        clone(run, tmp_path / "b")


def test_a_clone_is_of_the_run_where_its_recipe_was_changed_later(make_spec: MakeSpec, tmp_path: Path) -> None:
    spec = make_spec("a", steps=3)
    run = start(spec).run
    wait_for(run, "finished")
    Path(spec.recipe).write_text("name: other\nfamily: other\n")
    made = clone(run, tmp_path / "b", {"seed": 3})
    recipe = read_recipe(made.recipe).changed(made.changes)
    assert (recipe.name, recipe.budget.steps, recipe.seed) == ("a", 3, 3)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"recipe": "nothing-here"}, "There is no recipe named"),
        ({"recipe": ""}, "give --recipe"),
        ({"data": ()}, "--data"),
        ({"data": ("/no/such/folder",)}, "no speech at"),
        ({"changes": {"data.bach": 3}}, "bach"),
        ({"changes": {"data.batch": 0}}, "at least 1"),
        ({"launcher": "cloud"}, "local, torchrun, slurm, ray"),
        ({"processes": 2}, "torchrun"),
        ({"processes": 0}, "at least one process"),
        ({"options": {"partition": "x"}}, "no option partition"),
    ],
)
def test_what_cannot_be_started_leaves_nothing(make_spec: MakeSpec, changes: dict[str, Any], word: str) -> None:
    spec = make_spec("a")
    with pytest.raises(SpeefeareError, match=word):
        start(JobSpec(**{**vars(spec), **changes}))
    assert not Path(spec.run).exists()


def test_a_folder_of_other_things_is_not_taken(make_spec: MakeSpec) -> None:
    spec = make_spec("a")
    Path(spec.run).mkdir(parents=True)
    (Path(spec.run) / "thesis.txt").touch()
    with pytest.raises(SpeefeareError, match="holds other files"):
        start(spec)


def test_a_failure_is_told(make_spec: MakeSpec) -> None:
    status = wait_for(start(make_spec("a", fails=True)).run, "failed")
    assert status.words == "It was asked to fail. Ask it not to."


def test_the_job_is_kept_in_the_folder(make_spec: MakeSpec) -> None:
    spec = make_spec("a", steps=3)
    job = start(spec)
    wait_for(job.run, "finished")
    assert read_job(job.run) == job and job.spec == spec
