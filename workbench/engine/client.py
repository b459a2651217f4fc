"""EngineClient: the window's end of the engine. Starts it, asks it, hears from it, ends it, and cleans up after it.

Nothing here blocks for more than a few milliseconds except `stop` and `restart` of an engine that does not listen.
The engine is a fresh interpreter, not a `multiprocessing` child: those import the caller's main module, here Qt.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from workbench.engine import protocol
from workbench.engine.attached import Attached
from workbench.engine.memory import ArrayRef, Ring, RingRef, Status
from workbench.engine.protocol import Event, Request
from workbench.engine.session import Session

# -P: a folder named like a package in the current directory must not take its place.
COMMAND = (sys.executable, "-P", "-m", "workbench.engine.server")
_PACKAGES = str(Path(__file__).resolve().parents[2])
GONE = "The engine has stopped; press Restart engine to go on."
_LAST = (protocol.Done, protocol.Failed, protocol.Voided)


def _environment() -> dict[str, str]:
    """Half of the cores for computing: the rest is for the sound, the window and whatever else the person runs.

    Set before the engine loads torch: on a busy machine threads that spin while they wait for each other make the small
    computations of a stream fifty times slower, and `torch.set_num_threads` comes too late for some of them.
    """
    paths = os.pathsep.join(filter(None, (_PACKAGES, os.environ.get("PYTHONPATH"))))
    most = max(1, (os.cpu_count() or 2) // 2)
    given = os.environ.get("OMP_NUM_THREADS", "")
    threads = min(most, int(given)) if given.isdecimal() and int(given) else most
    return {
        "OMP_WAIT_POLICY": "PASSIVE",
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "PYTHONPATH": paths,
    }


class EngineClient:
    """One engine at a time. `poll` hands over its events; after its death, `Failed` for whatever was still asked.

    `command` takes the place of the engine's command line; a socket number and the session's token are appended.
    """

    def __init__(self, command: Sequence[str] | None = None) -> None:
        self._command = tuple(command or COMMAND)
        self._ids = itertools.count(1)
        self._generations: dict[type[Request], int] = {}
        self._pending: dict[int, Request] = {}
        self._clip_request = 0  # bulk events of older requests speak of a clip that is gone
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._session: Session | None = None
        self._attached = Attached()
        self.player_status: Status | None = None  # PLAYER_STATUS, from EngineReady on; stays readable after a death
        self.live_status: Status | None = None  # LIVE_STATUS

    # -- life ---------------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Start the engine; returns at once. EngineReady comes through `poll`. Requests may be sent before."""
        if self._process is not None:
            raise RuntimeError("The engine was started already; use restart().")
        if self._session is None:
            self._session = Session()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [*self._command, str(theirs.fileno()), self._session.token],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                env=_environment(),
            )
        self._connection = Connection(ours.detach())

    @property
    def alive(self) -> bool:
        """Whether the engine process runs and listens."""
        return self._connection is not None and self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The engine's process id."""
        return None if self._process is None else self._process.pid

    def restart(self) -> None:
        """End the engine at once, whatever it does, and start a fresh one."""
        self._end(timeout=0.0)
        self.start()

    def stop(self, timeout: float = 3.0) -> None:
        """Ask the engine to leave, then make it; no process and no shared memory is left. May be called twice."""
        self._end(timeout)
        if self._session is not None:
            self._session.close()
            self._session = None

    def _end(self, timeout: float) -> None:
        process, self._process = self._process, None
        if process is not None:
            if timeout > 0 and process.poll() is None:
                with contextlib.suppress(OSError):
                    assert self._connection is not None
                    self._connection.send(protocol.Envelope(0, 0, protocol.Shutdown()))
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout)
            if process.poll() is None:
                process.kill()  # it owns nothing that a polite signal would save: its arrays are removed below
            process.wait()
        self._disconnect()
        self._pending.clear()
        self._attached.clear()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._session is not None:
            self._session.remove_arrays()

    # -- talk ---------------------------------------------------------------------------------------------------
    def send(self, request: Request) -> int:
        """Ask; the id of the request. A dead engine answers by `Failed` at the next `poll`."""
        number = next(self._ids)
        generation = self._generations.get(type(request), 0) + 1
        self._generations[type(request)] = generation
        self._pending[number] = request
        if isinstance(request, protocol.ProcessClip):
            self._clip_request = number
        if self._connection is not None:
            with contextlib.suppress(OSError):  # it died: poll() finds out
                self._connection.send(protocol.Envelope(number, generation, request))
        return number

    def poll(self, limit: int = 200) -> list[Event]:
        """What the engine said since the last call, at most `limit` events. Never waits."""
        events: list[Event] = []
        try:
            while self._connection is not None and len(events) < limit and self._connection.poll(0):
                self._take(self._connection.recv(), events)
        except (EOFError, OSError):
            self._died()
        if self._connection is None:
            events += [protocol.Failed(number, GONE) for number in self._pending]
            self._pending.clear()
        return events

    def _take(self, event: Event, events: list[Event]) -> None:
        if isinstance(event, _LAST):
            self._pending.pop(event.request_id, None)
        elif 0 < event.request_id < self._clip_request and isinstance(event, protocol.CLIP_EVENTS):
            return
        if isinstance(event, (protocol.ClipOpened, protocol.CodecLoaded)):
            self._attached.clear()
        if not self._attached.add_all(event):
            return  # its arrays are gone already, so something newer is on its way
        if isinstance(event, protocol.EngineReady):
            self.player_status = Status.attach(protocol.PLAYER_STATUS, event.player_status)
            self.live_status = Status.attach(protocol.LIVE_STATUS, event.live_status)
        events.append(event)

    def _died(self) -> None:
        if self._process is not None:
            if self._process.poll() is None:
                self._process.kill()  # it closed the line but runs on
            self._process.wait()
        self._disconnect()

    # -- bulk data ----------------------------------------------------------------------------------------------
    def array(self, ref: ArrayRef) -> NDArray[Any]:
        """The array that an event of the present clip refers to. Stays valid for as long as somebody keeps it."""
        return self._attached.array(ref)

    def ring(self, ref: RingRef) -> Ring:
        """A tap of the live session."""
        return Ring.attach(ref)
