"""Entry of the engine process: `python -m workbench.engine.server SOCKET SESSION`."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from multiprocessing.connection import Connection

from workbench.engine import memory
from workbench.engine.server.priority import prefer_this_process


def main(arguments: list[str]) -> None:
    """Serve the window at the other end of an inherited socket until it says Shutdown or goes away."""
    started = time.perf_counter()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the window's to answer
    sys.setswitchinterval(0.001)  # an audio callback waits for the interpreter lock at most this long
    prefer_this_process()
    number, session = arguments
    memory.set_session(session)
    connection = Connection(int(number))
    code = 1
    try:
        from workbench.engine.server.engine import Engine  # imports torch, which takes seconds

        Engine(connection, started).run()
        code = 0
    finally:
        memory.remove_session(session, keep=memory.folders()[-1] / f"{memory.PREFIX}{session}-lock")
        if code:
            sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)  # a task may sit in a long computation, which must not keep a dead engine alive


if __name__ == "__main__":
    main(sys.argv[1:])
