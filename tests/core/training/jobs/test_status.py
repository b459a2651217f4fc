"""How a run stands, told from its folder alone."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from speefeare_core import SpeefeareError
from speefeare_core.training.jobs.job_file import OUTPUT, Job, read_job
from speefeare_core.training.jobs.listing import list_runs
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.jobs.status import ACTIVE, STATES, run_status
from speefeare_core.training.process_record import ProcessRecord
from speefeare_core.training.run_log import EventLog, RunFolder

OWN = ProcessRecord.of_this_process()
DEAD = replace(OWN, identity="1")
LATER = time.time() + 3600
BEGIN = [("preparing", {"recipe": "small"}), ("start", {"recipe": "small", "steps": 100, "launcher": "local"})]
STEPS = [*BEGIN, ("losses", {"total": 1.0, "progress": 0.5, "left_s": 60.0})]


def run_with(
    path: Path, events: list[tuple[str, dict[str, Any]]], record: ProcessRecord | None = None, stop: bool = False,
    **job: float,
) -> Path:  # fmt: skip
    """A run folder with this log, process, request to stop and job."""
    run = RunFolder(path)
    run.create()
    run.config.write_text("recipe: {}")
    log = EventLog(run.events)
    for kind, values in events:
        log.append(kind, 50, **values)
    if record is not None:
        record.write(run.process)
    if stop:
        run.stop.touch()
    if job:
        Job(JobSpec(str(path), "small"), **job).write()  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize(
    ("state", "words", "given"),
    [
        ("new", "Not begun", {"events": []}),
        ("starting", "Starting", {"events": BEGIN[:1], "record": OWN}),
        ("running", "step 50 of 100", {"events": STEPS, "record": OWN}),
        ("stopping", "stops after this step", {"events": STEPS, "record": OWN, "stop": True}),
        ("stopped", "resume goes on", {"events": [*STEPS, ("stopped", {})], "record": DEAD}),
        ("finished", "Finished at step 50", {"events": [*STEPS, ("finished", {})], "record": DEAD}),
        ("failed", "No. Do.", {"events": [*STEPS, ("failed", {"words": "No.", "advice": "Do."})], "record": DEAD}),
        ("interrupted", "Interrupted at step 50", {"events": STEPS, "record": DEAD}),
        ("interrupted", "Killed at step 50", {"events": STEPS, "record": DEAD, "killed": LATER}),
        ("interrupted", "Interrupted at step 50", {"events": STEPS, "record": DEAD, "killed": 1.0}),
        ("running", "Running", {"events": [*STEPS, ("stopped", {}), *STEPS], "record": OWN}),
        ("interrupted", "Interrupted", {"events": [*STEPS, ("finished", {}), *STEPS], "record": DEAD}),
        ("queued", "Waits in the queue", {"events": [], "queued": LATER}),
        ("queued", "Waits in the queue", {"events": STEPS, "record": DEAD, "queued": LATER}),
        ("running", "Running", {"events": STEPS, "record": OWN, "queued": 1.0}),
        ("interrupted", "Interrupted", {"events": [], "launched": time.time() - 100}),
        ("starting", "Starting", {"events": [], "launched": LATER}),
        ("running", "Running", {"events": STEPS, "record": replace(OWN, host="b", place="b", heartbeat=LATER)}),
        ("interrupted", "life from b", {"events": STEPS, "record": replace(OWN, host="b", place="b", heartbeat=1.0)}),
    ],
)  # fmt: skip
def test_states(state: str, words: str, given: dict[str, Any], tmp_path: Path) -> None:
    status = run_status(run_with(tmp_path / "run", **given))
    assert status.state == state and state in STATES
    assert words in status.words
    assert status.active == (state in ACTIVE)
    assert (status.left_s is not None) <= (state in ("starting", "running", "stopping"))


def test_a_job_of_a_cluster_waits_until_its_process_writes(tmp_path: Path) -> None:
    path = run_with(tmp_path / "run", [], launched=time.time())
    job = read_job(path)
    assert job is not None
    job.changed(spec=replace(job.spec, launcher="slurm"), id="77")
    assert (run_status(path).state, run_status(path).words) == ("queued", "Waits for slurm (job 77).")
    replace(OWN, started=time.time()).write(RunFolder(path).process)
    assert run_status(path).state == "starting"


def test_a_process_that_dies_before_its_first_line_leaves_its_last_words(tmp_path: Path) -> None:
    path = run_with(tmp_path / "run", [], launched=time.time() - 100)
    (path / OUTPUT).write_text("Traceback\nModuleNotFoundError: No module named 'torch'\n\n")
    assert "No module named 'torch'" in run_status(path).words


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpeefeareError, match="holds no training run"):
        run_status(tmp_path)


def test_runs_of_a_folder_the_newest_first(tmp_path: Path) -> None:
    run_with(tmp_path / "a", STEPS, DEAD)
    time.sleep(0.01)
    run_with(tmp_path / "b", STEPS, DEAD)
    run_with(tmp_path / "c", [])
    (tmp_path / "no run").mkdir()
    (tmp_path / "file").touch()
    assert [Path(status.run).name for status in list_runs(tmp_path)] == ["b", "a", "c"]
    assert [Path(status.run).name for status in list_runs(tmp_path / "a")] == ["a"]
    with pytest.raises(SpeefeareError, match="cannot be read"):
        list_runs(tmp_path / "absent")


def test_a_run_that_was_moved_is_still_itself(tmp_path: Path) -> None:
    run_with(tmp_path / "a", STEPS, DEAD, launched=1.0)
    (tmp_path / "a").rename(tmp_path / "b")
    job = read_job(tmp_path / "b")
    assert job is not None and job.spec.run == str(tmp_path / "b")
