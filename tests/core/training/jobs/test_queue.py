"""The queue: order, one runner, what happens when it is killed. The runner is called here, its jobs are processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from speefeare_core import SpeefeareError
from speefeare_core.training.jobs import queue
from speefeare_core.training.jobs.control import kill, start
from speefeare_core.training.jobs.queue import (
    dequeue,
    enqueue,
    ensure_runner,
    move_in_queue,
    queue_entries,
    runner_lives,
)
from speefeare_core.training.jobs.runner import run_queue
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.jobs.status import run_status
from speefeare_core.training.run_log import RunFolder, read_events
from tests.core.training.jobs.conftest import wait_for, wait_until

MakeSpec = Callable[..., JobSpec]


@pytest.fixture(autouse=True)
def no_runner(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """No runner is started by itself; the commands that would have been."""
    asked: list[list[str]] = []

    def note(command: list[str], log: Path, environment: dict[str, str]) -> int:
        asked.append(command)
        return 0

    monkeypatch.setattr(queue, "start_detached", note)
    return asked


def names(runs: Path) -> list[str]:
    return [entry.run.name for entry in queue_entries(runs)]


def begun(run: Path) -> float:
    return float(next(event["time"] for event in read_events(RunFolder(run).events)[0]))


def test_jobs_run_one_after_the_other(make_spec: MakeSpec, tmp_path: Path, no_runner: list[list[str]]) -> None:
    runs = tmp_path / "runs"
    for name in "abc":
        entry = enqueue(make_spec(name, steps=2, fails=name == "b"))
        assert run_status(entry.run).state == "queued"
    assert names(runs) == ["a", "b", "c"]
    assert [command[-2:] for command in no_runner] == [["speefeare_core.training.jobs.runner", str(runs)]] * 3
    run_queue(runs, look_s=0.01)
    assert names(runs) == []
    assert [run_status(runs / name).state for name in "abc"] == ["finished", "failed", "finished"]
    ends = {name: run_status(runs / name).updated for name in "abc"}
    assert begun(runs / "b") >= ends["a"] and begun(runs / "c") >= ends["b"]


def test_the_order_can_be_changed_and_jobs_taken_out(make_spec: MakeSpec, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    for name in "abcd":
        enqueue(make_spec(name))
    move_in_queue(runs / "d", 0)
    move_in_queue(runs / "a", 99)
    assert names(runs) == ["d", "b", "c", "a"]
    dequeue(runs / "b")
    assert names(runs) == ["d", "c", "a"]
    assert run_status(runs / "b").state == "new"
    with pytest.raises(SpeefeareError, match="does not wait"):
        dequeue(runs / "b")
    with pytest.raises(SpeefeareError, match="in the queue already"):
        enqueue(make_spec("c"))


def test_a_waiting_job_that_is_stopped_or_started_by_hand_is_passed_over(make_spec: MakeSpec, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    enqueue(make_spec("a", steps=2))
    by_hand = make_spec("b", steps=2)
    enqueue(by_hand)
    kill(runs / "a")
    assert run_status(runs / "a").state != "queued"
    start(by_hand)
    wait_for(runs / "b", "finished")
    events = len(read_events(RunFolder(runs / "b").events)[0])
    run_queue(runs, look_s=0.01)
    assert names(runs) == []
    assert not RunFolder(runs / "a").events.exists()
    assert len(read_events(RunFolder(runs / "b").events)[0]) == events


def test_a_new_runner_takes_up_what_was_cut_off(make_spec: MakeSpec, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    spec = make_spec("a", steps=20)
    entry = enqueue(spec)
    start(spec)
    wait_until(entry.run, lambda status: status.step > 6, "a checkpoint")
    queue.QueueEntry(entry.spec, entry.added, launched=1.0, file=entry.file).write()
    kill(entry.run)  # the computer went off: nobody killed it on purpose
    job = queue.read_job(entry.run)
    assert job is not None
    job.changed(killed=0.0)
    run_queue(runs, look_s=0.01)
    assert run_status(entry.run).state == "finished"
    begun = [event for event in read_events(RunFolder(entry.run).events)[0] if event["event"] == "preparing"]
    assert len(begun) == 2 and begun[1]["resumed_from"]
    assert names(runs) == []


def test_a_job_that_was_killed_on_purpose_is_not_taken_up(make_spec: MakeSpec, tmp_path: Path) -> None:
    spec = make_spec("a", steps=100_000)
    entry = enqueue(spec)
    start(spec)
    wait_for(entry.run, "running")
    queue.QueueEntry(entry.spec, entry.added, launched=1.0, file=entry.file).write()
    kill(entry.run)
    run_queue(tmp_path / "runs", look_s=0.01)
    assert run_status(entry.run).words.startswith("Killed")


def test_there_is_one_runner(make_spec: MakeSpec, tmp_path: Path, no_runner: list[list[str]]) -> None:
    runs = tmp_path / "runs"
    assert not runner_lives(runs)
    enqueue(make_spec("a"))
    holder = (
        "import sys; from pathlib import Path; from speefeare_core.file_lock import lock_file\n"
        "with lock_file(Path(sys.argv[1])) as held: print(held, flush=True); sys.stdin.read()"
    )
    lock = runs / "queue" / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == "True\n"
        assert runner_lives(runs)
        no_runner.clear()
        ensure_runner(runs)
        assert no_runner == []
        run_queue(runs, look_s=0.01)
        assert names(runs) == ["a"], "the other one sees to it"
        other.communicate("")
    assert not runner_lives(runs)
    ensure_runner(runs)
    assert len(no_runner) == 1


def test_what_cannot_be_started_does_not_hold_up_the_rest(make_spec: MakeSpec, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    entry = enqueue(make_spec("a"))
    enqueue(make_spec("b", steps=2))
    RunFolder(entry.run).config.write_text("damaged")
    run_queue(runs, look_s=0.01)
    assert run_status(runs / "b").state == "finished"
    assert run_status(entry.run).state == "failed"
    assert "damaged" in run_status(entry.run).words
