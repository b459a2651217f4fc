"""Which process a number means, whether it lives, and ending all of a run at once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from speefeare_core.training.process_record import SILENCE_S, Heartbeat, ProcessRecord, read_process
from speefeare_core.training.processes import (
    RUN_MARK,
    end_run_processes,
    identity,
    lives,
    reap,
    run_processes,
    start_detached,
)

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
# A family: a child in a session of its own, and a grandchild whose parent is gone.
FAMILY = """
import os, subprocess, sys, time
sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
subprocess.Popen(sleep, start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sleep[0], sleep)
    os._exit(0)
print("ready", flush=True)
time.sleep(60)
"""


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def wait_for_processes(run: Path, count: int, roots: tuple[tuple[int, str], ...]) -> list[int]:
    until = time.monotonic() + 20
    while len(found := run_processes(run, roots)) < count:
        assert time.monotonic() < until, found
        time.sleep(0.01)
    return found


def test_a_process_is_known_by_number_and_beginning() -> None:
    process = subprocess.Popen(SLEEP)
    known = identity(process.pid)
    assert known and known != identity(os.getpid())
    assert lives(process.pid, known)
    assert not lives(process.pid, known + "1"), "a later process of the same number"
    process.kill()
    process.wait()
    assert identity(process.pid) == ""
    assert not lives(process.pid, known)


def test_one_that_ended_and_was_not_waited_for_is_dead() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    known = identity(process.pid)
    until = time.monotonic() + 20
    while lives(process.pid, known):
        assert time.monotonic() < until
        time.sleep(0.01)
    process.wait()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_all_of_a_run_is_ended_and_nothing_else(tmp_path: Path) -> None:
    log = tmp_path / "log"
    bystander = subprocess.Popen(SLEEP, env={**os.environ, RUN_MARK: str(tmp_path / "other")})
    pid = start_detached([sys.executable, "-c", FAMILY], log, {RUN_MARK: str(tmp_path)})
    roots = ((pid, identity(pid)),)
    found = wait_for_processes(tmp_path, 3, roots)
    assert os.getsid(pid) == pid, "a group of its own"
    assert end_run_processes(tmp_path, roots) >= 3
    assert all(gone(number) for number in found)
    assert run_processes(tmp_path, roots) == []
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()
    reap()


def test_a_root_whose_number_was_given_out_again_is_left_alone(tmp_path: Path) -> None:
    process = subprocess.Popen(SLEEP)
    assert end_run_processes(tmp_path, ((process.pid, "another beginning"),)) == 0
    assert process.poll() is None
    process.kill()
    process.wait()


def test_the_record_says_who_writes_and_beats(tmp_path: Path) -> None:
    path = tmp_path / "process.json"
    with Heartbeat(path, every_s=0.01):
        first = read_process(path)
        assert first is not None and first.pid == os.getpid() and first.here and first.alive
        until = time.monotonic() + 20
        while (now := read_process(path)) is None or now.heartbeat == first.heartbeat:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert now.started == first.started
    assert [file.name for file in tmp_path.iterdir()] == ["process.json"]


def test_here_the_process_counts_and_elsewhere_the_sign_of_life() -> None:
    own = ProcessRecord.of_this_process()
    assert own.alive
    assert replace(own, heartbeat=0.0).alive, "a computer that slept"
    assert not replace(own, identity="1").alive, "the number was given out again"
    elsewhere = replace(own, host="another", place="another")
    assert elsewhere.alive and not elsewhere.here
    assert not replace(elsewhere, heartbeat=time.time() - SILENCE_S - 1).alive


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x", "host": 1}', '{"host": "a"}'])
def test_a_record_that_cannot_be_read_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "process.json").write_text(text)
    assert read_process(tmp_path / "process.json") is None


def test_who_starts_a_job_and_ends_says_nothing_of_it(tmp_path: Path) -> None:
    words = f"""
import sys
from pathlib import Path
from speefeare_core.training.processes import start_detached
for seconds in (0, 20):
    command = [sys.executable, "-c", f"import time; time.sleep({{seconds}})"]
    print(start_detached(command, Path({str(tmp_path / "log")!r}), {{}}))
"""
    done = subprocess.run([sys.executable, "-W", "always", "-c", words], capture_output=True, text=True, timeout=30)
    pids = [int(word) for word in done.stdout.split()]
    assert identity(pids[1]), "it lives on"
    psutil.Process(pids[1]).kill()
    assert done.returncode == 0 and done.stderr == ""
