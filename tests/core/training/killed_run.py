"""Trains a recipe twice: once in peace, once in processes that are killed with SIGKILL again and again.

`python killed_run.py RECIPE DATA WHOLE KILLED` prints how often it killed. Children are forked, so that each begins at
once instead of loading torch again.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import speefeare_core.training.checkpoint as checkpoint
from speefeare_core.training.recipe import read_recipe
from speefeare_core.training.run_log import RunFolder
from speefeare_core.training.trainer import Trainer


def main() -> int:
    recipe, data, whole, killed = sys.argv[1:]
    pieces = random.Random(1)
    assert ended(child(recipe, data, whole, "never")) == 0
    kills = 0
    moments = ["random", "half", "random", "unnamed", "random", "named"]
    while True:
        moment = moments.pop(0) if moments else "never"
        pid = child(recipe, data, killed, moment)
        if moment == "random":
            wait_for_lines(Path(killed, "events.jsonl"), pieces.randint(3, 6), pid)
            time.sleep(pieces.uniform(0, 0.1))
            os.kill(pid, signal.SIGKILL)
        code = ended(pid)
        if code == 0:
            print(kills)
            return 0
        if code != -signal.SIGKILL:
            return 1
        kills += 1


def wait_for_lines(log: Path, more: int, pid: int) -> None:
    """Until a log has so many more lines than now, or the process has ended (and waits to be asked how)."""
    before = log.read_bytes().count(b"\n") if log.exists() else 0
    while not (log.exists() and log.read_bytes().count(b"\n") >= before + more):
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return
        time.sleep(0.002)


def child(recipe: str, data: str, folder: str, moment: str) -> int:
    """The process that trains; it kills itself at a moment of its second checkpoint where that is asked for."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        if moment in ("half", "unnamed", "named"):
            checkpoint.write_whole = deadly(moment)  # type: ignore[assignment]
        done = Trainer(read_recipe(recipe), RunFolder(Path(folder)), Path(data), "cpu").train()
        code = 0 if done.finished else 1
    finally:
        sys.stderr.flush()
        os._exit(code)


def deadly(moment: str):  # type: ignore[no-untyped-def]
    """`write_whole` that dies while it writes for the second time."""
    calls = 0
    plain = checkpoint.write_whole

    def write(path: Path, content: bytes) -> None:
        nonlocal calls
        calls += 1
        if calls == 2 and moment != "named":
            part = path.with_name(path.name + ".part")
            part.write_bytes(content[: len(content) // 2] if moment == "half" else content)
            os.kill(os.getpid(), signal.SIGKILL)
        plain(path, content)
        if calls == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    return write


def ended(pid: int) -> int:
    """Exit code of a process, negative for the signal that ended it."""
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    raise SystemExit(main())
