"""What is kept of a live session: a recording, a frozen minute. For the engine's main loop."""

from __future__ import annotations

from collections.abc import Callable

from speefeare_core.errors import SpeefeareError
from workbench.engine import protocol
from workbench.engine.memory import Status
from workbench.engine.server.live import LiveSession
from workbench.engine.server.live_core import LiveCore
from workbench.engine.server.presenter import FrozenMinute, FrozenReplay
from workbench.engine.server.recorder import Recorder

NOT_RUNNING = "Live does not run; start it first."
NO_REPLAY = -1.0  # status "replay_position"
Keeping = protocol.RecordLive | protocol.FreezeLive | protocol.ReplayFrozen


class LiveKeeper:
    """Call `tend` often and, when a session was stopped, `tend(None)`: its recording is then ended and its minute let
    go."""

    def __init__(self, status: Status, emit: Callable[[protocol.Event], None]) -> None:
        self._status, self._emit = status, emit
        self._session: LiveSession | None = None  # whose recording and minute these are
        self._recorder: Recorder | None = None
        self._minute: FrozenMinute | None = None
        self._replay: FrozenReplay | None = None
        self._replay_core: LiveCore | None = (
            None  # a device switch makes another one, which does not know of the replay
        )
        self._status["replay_position"] = NO_REPLAY

    def handle(self, number: int, request: Keeping, session: LiveSession | None) -> bool:
        """Whether the request is done; False: its end follows. Raises `SpeefeareError`."""
        self.tend(session)
        match request:
            case protocol.RecordLive():
                return self._record(number, request.folder, session)
            case protocol.FreezeLive():
                self._freeze(number, request.frozen, session)
            case protocol.ReplayFrozen():
                self._hear(request, session)
        return True

    def tend(self, session: LiveSession | None) -> None:
        """Tell the status, and let go of what belonged to a session that is over."""
        if session is not None and not session.running:
            session = None
        if self._session is not None and (session is not self._session):
            if self._recorder is not None:
                self._recorder.stop()
            self._forget_minute()
            self._session = None
        if self._recorder is not None:
            self._status["recorded_s"] = self._recorder.seconds
            if not self._recorder.running:
                self._recorder = None
        replay = self._replay
        if replay is not None and (replay.ended or session is None or session.core is not self._replay_core):
            self._replay = replay = None
        self._status["replay_position"] = NO_REPLAY if replay is None else float(replay.position)

    def close(self) -> None:
        """The end: whole files, no shared memory left."""
        recorder = self._recorder
        self.tend(None)
        if recorder is not None:
            recorder.join()
        self._forget_minute()

    def _record(self, number: int, folder: str | None, session: LiveSession | None) -> bool:
        if folder is None:
            return self._recorder is None or not self._recorder.stop(number)
        if self._recorder is not None:
            raise SpeefeareError("A recording runs already; end it before the next one.")
        self._recorder = Recorder(folder, self._running(session), self._emit)
        return True

    def _freeze(self, number: int, frozen: bool, session: LiveSession | None) -> None:
        if not frozen:
            self._forget_minute()
            return
        core = self._running(session).core
        if core is None:
            raise SpeefeareError(NOT_RUNNING)
        minute = FrozenMinute(core.taps, core.info)
        self._forget_minute()
        self._minute = minute
        self._emit(minute.event(number))

    def _hear(self, request: protocol.ReplayFrozen, session: LiveSession | None) -> None:
        if request.start is None:
            if self._replay is not None:
                self._replay.stop()
            return
        if self._minute is None:
            raise SpeefeareError("Nothing is frozen; freeze the last minute first.")
        running = self._running(session)
        if running.rate_hz != self._minute.info.rate_hz:
            raise SpeefeareError("Another codec with another rate runs now; freeze the last minute again to hear it.")
        replay = FrozenReplay(self._minute, request.start, request.end, request.heard, self._replay)
        running.override(replay)
        self._replay, self._replay_core = replay, running.core

    def _running(self, session: LiveSession | None) -> LiveSession:
        if session is None or not session.running:
            raise SpeefeareError(NOT_RUNNING)
        self._session = session
        return session

    def _forget_minute(self) -> None:
        if self._replay is not None:
            self._replay.stop()
        if self._minute is not None:
            self._minute.unlink()
        self._minute = None
