"""Processes of this computer: which one a number means, whether it lives, and ending a whole tree of them.

A process number alone says little: numbers are given out again. So a process is known by its number together with the
moment it began. Everything that a job starts carries the mark of its run in its environment, so that also those are
found whose parents are gone.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

RUN_MARK = "SPEEFEARE_RUN"  # environment variable: the run folder that a process works for

_started: list[subprocess.Popen[bytes]] = []


def start_detached(command: list[str], log: Path, environment: dict[str, str], folder: Path | None = None) -> int:
    """Start a process that outlives this one, in a process group of its own; what it says is appended to `log`.

    Gives its number. Raises OSError.
    """
    reap()
    options: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            env={**os.environ, **environment}, cwd=folder, **options,
        )  # fmt: skip
    _started.append(process)
    return process.pid


def adopt(process: subprocess.Popen[bytes]) -> None:
    """Wait for a child that another package started, once it has ended."""
    _started.append(process)


def reap() -> None:
    """Let go of processes started here that have ended."""
    _started[:] = [process for process in _started if process.poll() is None]


def _let_go() -> None:
    """At the end of this process: what still runs is meant to outlive it, and is no leftover to be warned about."""
    reap()
    for process in _started:
        process.returncode = 0


atexit.register(_let_go)


def place() -> str:
    """Where process numbers mean what they mean here: the computer, its present start, and the container."""
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
    with contextlib.suppress(OSError):
        parts.append(os.readlink("/proc/self/ns/pid"))
    return " ".join(parts)


def identity(pid: int) -> str:
    """What tells a process from a later one of the same number; empty where it is gone (or cannot be told)."""
    if Path("/proc/self/stat").exists():
        try:
            state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (OSError, ValueError):
            return ""
        return "" if state in "ZX" else fields[18]  # the 22nd field of all: its start, in clock ticks since boot
    psutil = _psutil()
    if psutil is None:
        return ""
    try:
        process = psutil.Process(pid)
        return "" if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.0f}"
    except psutil.Error:
        return ""


def lives(pid: int, known_identity: str) -> bool:
    """Whether that very process still runs. Without a known identity the number has to do."""
    now = identity(pid)
    if known_identity and now:
        return now == known_identity
    if now or known_identity or identity(os.getpid()):
        return bool(now)
    return _signal(pid, 0)  # identities cannot be told here


def run_processes(run: Path, roots: tuple[tuple[int, str], ...] = ()) -> list[int]:
    """Numbers of all living processes of a run: the roots (number, identity), their descendants, and the marked."""
    found = {pid for pid, known in roots if pid > 0 and lives(pid, known)}
    psutil = _psutil()
    if psutil is not None:
        for pid in tuple(found):
            with contextlib.suppress(psutil.Error):
                found |= {child.pid for child in psutil.Process(pid).children(recursive=True)}
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.environ().get(RUN_MARK) == str(run) and process.status() != psutil.STATUS_ZOMBIE:
                    found.add(process.pid)
    found -= {0, os.getpid()}
    return sorted(found)


def end_run_processes(run: Path, roots: tuple[tuple[int, str], ...] = (), patience_s: float = 10.0) -> int:
    """End every process of a run at once (SIGKILL), those started meanwhile too; how many there were.

    Raises OSError where one cannot be ended.
    """
    ended: set[int] = set()
    until = time.monotonic() + patience_s
    while left := run_processes(run, roots):
        for pid in left:
            ended.add(pid)
            _end_group(pid)
            _signal(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        reap()
        if time.monotonic() > until:
            raise OSError(f"process {left[0]} does not end")
        time.sleep(0.02)
    return len(ended)


def _end_group(pid: int) -> None:
    """The whole group of a process that leads one: at once, before anything in it can start more."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(OSError):
            if os.getpgid(pid) == pid and os.getsid(pid) == pid:
                os.killpg(pid, signal.SIGKILL)


def _signal(pid: int, number: int) -> bool:
    if sys.platform == "win32" and number == 0:  # there, 0 would be Ctrl-C
        return True
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        return number == 0  # it is there, and belongs to somebody else
    except OSError:
        return False
    return True


def _psutil() -> Any:
    """psutil, or None where it is not installed."""
    try:
        import psutil
    except ImportError:
        return None
    return psutil
