"""What a live session gets over: a computer that slept, and devices that stood still. All on the live thread."""

from __future__ import annotations

import dataclasses
import time
from collections import deque
from typing import TYPE_CHECKING

from speefeare_core.errors import SpeefeareError
from workbench.engine import protocol
from workbench.engine.server import live_devices
from workbench.engine.server.live_core import LiveCore
from workbench.engine.server.live_devices import Side
from workbench.engine.server.live_taps import LiveTaps
from workbench.engine.server.sleep_watch import SleepWatch

if TYPE_CHECKING:
    from workbench.engine.server.live import LiveSession

WAKE_S = 10.0  # after sleep, in which live goes on without sound where the loudspeaker does not come back
MOST, WITHIN_S = 4, 60.0  # a device that stands still is opened again, but no more than so often
LEAST_S = 2.0  # one that stands still sooner than this after it was opened again is gone
SLEPT = "The computer stood still for {:.0f} s; live goes on from now, without the {} frames that waited."
STOOD = "The sound device {} stood still and was opened again."
GONE = "The sound device {} went away, so live has stopped."


class Recovery:
    """Looks after one session."""

    def __init__(self, session: LiveSession) -> None:
        self._session = session
        self._sleep = SleepWatch()
        self._woken = -WAKE_S
        self._reopened: deque[float] = deque(maxlen=MOST)

    def awake(self) -> None:
        """What took long until now was no sleep."""
        self._sleep.look()

    def look_at_sleep(self, core: LiveCore) -> None:
        """Many times a second: after sleep, what waits is old and goes."""
        slept = self._sleep.look()
        if slept:
            self._woken = time.monotonic()
            frames = core.drop_waiting()
            self._session.emit(protocol.Notice(0, SLEPT.format(slept, frames)))

    def look_at_devices(self) -> str:
        """Why the session cannot go on; empty: it can."""
        session = self._session
        assert session.output is not None
        session.output.port.forget_old()
        sides: list[Side] = [side for side in (session.input, session.output) if side is not None]
        gone = next((side for side in sides if side.stream.lost()), None)
        if gone is None or self._opened_again(gone.stream.name):
            return ""
        return GONE.format(gone.stream.name)

    def _opened_again(self, name: str) -> bool:
        """Whether the device `name`, which stands still, only did so: after sleep, or an underrun that the system's
        sound server did not get over."""
        now = time.monotonic()
        often = len(self._reopened) == MOST and now - self._reopened[0] < WITHIN_S
        if often or (self._reopened and now - self._reopened[-1] < LEAST_S):
            return False
        slept = now - self._woken < WAKE_S
        self._woken = -WAKE_S
        try:
            self._open_again(slept)
        except SpeefeareError:
            return False
        self._reopened.append(time.monotonic())
        if not slept:
            self._session.emit(protocol.Notice(0, STOOD.format(name)))
        return True

    def _open_again(self, slept: bool) -> None:
        """The same devices once more. Raises `SpeefeareError` where they are not there."""
        session = self._session
        assert session.output is not None and session.prepared is not None
        info = session.codec.info
        for side in (session.input, session.output):
            if side is not None:
                side.stream.stop()
        new_in, latency_s = None, session.request.device_latency_s
        if session.input is not None:
            new_in = live_devices.open_input(session.sound, session.request.input, info, latency_s)
        name = session.request.output
        try:
            if slept:
                new_out = live_devices.open_output_or_silence(session.sound, name, info, session.emit, latency_s)
            else:
                new_out = live_devices.open_output(session.sound, name, info, latency_s)
        except SpeefeareError:
            if new_in is not None:
                new_in.stream.stop()
            raise
        for _ in live_devices.settling([side for side in (new_in, new_out) if side is not None]):
            if not session.running:
                break
        taps = LiveTaps(info, session.prepared.basis, session.codec.book_energies)
        prepared, before = dataclasses.replace(session.prepared, request=session.request), session.core
        session.take_over_now(prepared, new_in, new_out, session.source, taps)
        if before is not None and session.core is not None:
            session.core.count_on(before)
        self.awake()
