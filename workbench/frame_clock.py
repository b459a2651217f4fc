"""One timer for the whole window: hear the engine, read its status blocks, refresh the visible panels."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from PySide6.QtCore import QObject, Qt, QTimer

from workbench.context import Context
from workbench.engine.memory import Status
from workbench.engine.protocol import LIVE_STATUS, Event
from workbench.engine_events import EngineEvents
from workbench.verbs import training

FRAME_MS = 16
TEXT_FRAMES = 15  # counters that are read as text change four times a second


class Refreshable(Protocol):
    """What the clock wants of a panel."""

    def refresh(self) -> None:
        """Move cursors, pull taps."""


class FrameClock(QObject):
    """Ticks 60 times a second on the GUI thread. `worst_tick_ms`: the longest tick since it was last set to 0."""

    def __init__(
        self, context: Context, events: EngineEvents, visible_panels: Callable[[], Iterable[Refreshable]]
    ) -> None:
        super().__init__()
        self.ctx = context
        self.events = events
        self.worst_tick_ms = 0.0
        self._visible_panels = visible_panels
        self._waiting: list[Event] = []
        self._frame = 0
        self._muted = 0.0  # as the status block last said
        self._replayed = -1.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self.tick)

    def start(self) -> None:
        """Begin to tick."""
        self._timer.start()

    def stop(self) -> None:
        """No further tick."""
        self._timer.stop()

    def tick(self) -> None:
        """One frame."""
        start = time.perf_counter()
        self._frame += 1
        self._hear_engine()
        client = self.ctx.client
        if self.ctx.engine.status == "ready" and client.player_status is not None and client.live_status is not None:
            self._read_player(client.player_status)
            if self.ctx.live.running:
                self._read_live(client.live_status)
        training.poll(self.ctx)
        for panel in self._visible_panels():
            panel.refresh()
        self.worst_tick_ms = max(self.worst_tick_ms, (time.perf_counter() - start) * 1000.0)

    def _hear_engine(self) -> None:
        alive = self.ctx.client.alive  # asked first, so that what a dying engine still said is heard below
        self._waiting = self.events.apply([*self._waiting, *self.ctx.client.poll()])
        if not alive and self.ctx.engine.status != "dead" and not self._waiting:
            self.events.engine_died()

    def _read_player(self, status: Status) -> None:
        playback = self.ctx.playback
        if self.ctx.clip.in_engine and not playback.seek_request:
            playback.position = int(status["position"])
        playback.peak = status["peak"]
        if self.ctx.run_watch.sounding:
            self.ctx.run_watch.position_s = status["sounds_s"]
        playback.underruns = int(status["underruns"])
        playback.update(playing=bool(status["playing"]))

    def _read_live(self, status: Status) -> None:
        live = self.ctx.live
        live.counters = {name: status[name] for name in LIVE_STATUS}
        if status["muted"] != self._muted:  # the howl guard mutes by itself; a wish just sent is not overruled
            self._muted = status["muted"]
            live.update(muted=bool(self._muted))
        if self._replayed >= 0 > status["replay_position"]:  # replay has come to its end
            live.update(heard="")
        self._replayed = status["replay_position"]
        if self._frame % TEXT_FRAMES == 0:
            live.set_counters(live.counters)
