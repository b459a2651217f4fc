"""process.json of a run folder: which process writes there, and its sign of life. Without torch."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType

from speefeare_core.training.processes import identity, lives, place
from speefeare_core.training.recipe_entry import build

LAUNCHER_VARIABLE = "SPEEFEARE_LAUNCHER"  # environment variable: who started the process
BEAT_S = 5.0  # from one sign of life to the next
SILENCE_S = 60.0  # without one for so long, a process of another computer is taken for dead


@dataclass(frozen=True)
class ProcessRecord:
    """Who writes in a run folder. Times are seconds since 1970."""

    pid: int
    host: str
    command: tuple[str, ...] = ()
    launcher: str = "local"
    started: float = 0.0
    heartbeat: float = 0.0
    identity: str = ""  # tells it from a later process of the same number
    place: str = ""  # where the number means this process

    @classmethod
    def of_this_process(cls) -> ProcessRecord:
        """Who we are."""
        now, pid = time.time(), os.getpid()
        launcher = os.environ.get(LAUNCHER_VARIABLE, "local")
        return cls(pid, socket.gethostname(), tuple(sys.argv), launcher, now, now, identity(pid), place())

    @property
    def here(self) -> bool:
        """Whether its number means something on this computer (and in this container)."""
        return self.place == place() if self.place else self.host == socket.gethostname()

    @property
    def alive(self) -> bool:
        """Here: whether that very process runs. Elsewhere: whether its last sign of life is recent."""
        if self.here:
            return lives(self.pid, self.identity)
        return time.time() - self.heartbeat < SILENCE_S

    def write(self, path: Path) -> None:
        """Write it whole."""
        from speefeare_core.training.run_log import write_whole

        write_whole(path, json.dumps(asdict(self)).encode())


def read_process(path: Path) -> ProcessRecord | None:
    """The record in a file; None where there is none that can be read."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        known = {name: data[name] for name in ProcessRecord.__dataclass_fields__ if name in data}
        made: ProcessRecord = build(ProcessRecord, known)
    except (OSError, ValueError, TypeError):
        return None
    return made


class Heartbeat:
    """While it is open, process.json is written anew every few seconds. Use it with `with`."""

    def __init__(self, path: Path, every_s: float = BEAT_S) -> None:
        self._path, self._every_s = path, every_s
        self._record = ProcessRecord.of_this_process()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._record.write(self._path)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._end.wait(self._every_s):
            with contextlib.suppress(OSError):  # a full disk is told by who writes what matters
                replace(self._record, heartbeat=time.time()).write(self._path)
