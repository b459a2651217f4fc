"""A live session for a soak: an engine alone, or the real window with its engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psutil

from tests.app.engine.harness import Talk
from tests.benchmarks.soak_figures import Look, Soak
from tests.end_to_end.desktop import Screen
from workbench.engine import protocol
from workbench.engine.client import EngineClient

START_S = 120.0
MB = 1e6


@dataclass(frozen=True)
class Plan:
    """What is to run. `file` None: the input device."""

    codec: str
    file: Path | None
    output: str
    mode: str = "float32"
    frames: int = 1


class Run(Protocol):
    """One session."""

    def begin(self) -> Soak:
        """Start it; what is fixed about it, without looks."""
        ...

    def look(self, at_s: float) -> Look:
        """How it is now."""
        ...

    @property
    def ended(self) -> str:
        """Why it runs no longer; empty: it runs."""
        ...

    def close(self) -> None:
        """End all processes."""
        ...


class EngineRun:
    """The engine, asked by this process."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._client = EngineClient()
        self._talk = Talk(self._client)

    def begin(self) -> Soak:
        plan = self._plan
        self._client.start()
        self._talk.ask(protocol.LoadCodec(plan.codec, "cpu"))
        file = None if plan.file is None else str(plan.file)
        request = protocol.StartLive(
            input=protocol.VIRTUAL_DEVICE if file else protocol.DEFAULT_DEVICE, output=plan.output, file=file,
            loop_file=True, muted=False, howl_guard=False, mode=plan.mode, frames_per_step=plan.frames,
        )  # fmt: skip
        started = next(event for event in self._talk.ask(request) if isinstance(event, protocol.LiveStarted))
        return Soak(started.rate_hz, started.frame_rate_hz, started.step_frames)

    def look(self, at_s: float) -> Look:
        self._talk.events += self._client.poll()
        status, pid = self._client.live_status, self._client.pid
        assert status is not None and pid is not None
        notices = tuple(event.sentence for event in self._talk.events if isinstance(event, protocol.Notice))
        return Look(at_s, {name: status[name] for name in protocol.LIVE_STATUS}, resident_mb(pid), notices=notices)

    @property
    def ended(self) -> str:
        self._talk.events += self._client.poll()
        if not self._client.alive:
            return "The engine died."
        over = [
            event.reason or "live stopped" for event in self._talk.events if isinstance(event, protocol.LiveStopped)
        ]
        return over[0] if over else ""

    def close(self) -> None:
        self._client.stop()


class WindowRun:
    """The window in a process of its own, on a screen without a monitor (`xvfb`) or on none."""

    def __init__(self, plan: Plan, folder: Path, xvfb: bool) -> None:
        self._plan = plan
        self._state_file = folder / "state.json"
        self._stack = ExitStack()
        self._environment = {**os.environ, "XDG_CONFIG_HOME": str(folder / "config"), "QT_QPA_PLATFORM": "offscreen"}
        if xvfb:
            screen = Screen()
            self._stack.callback(screen.stop)
            self._environment |= {"DISPLAY": screen.display, "QT_QPA_PLATFORM": "xcb"}
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> Soak:
        plan = self._plan
        source = protocol.DEFAULT_DEVICE if plan.file is None else f"file:{plan.file}"
        command = [sys.executable, "-m", "tests.benchmarks.soak_window", str(self._state_file)]
        self._process = subprocess.Popen(
            [*command, plan.codec, source, plan.output, plan.mode, str(plan.frames)], env=self._environment
        )
        limit = time.monotonic() + START_S
        while not self._state().get("running"):
            if self._process.poll() is not None or time.monotonic() > limit:
                self.close()
                raise RuntimeError(f"Live did not start in the window: {self._state().get('messages')}")
            time.sleep(0.1)
        state = self._state()
        return Soak(state["rate_hz"], state["frame_rate_hz"], state["step_frames"])

    def _state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._state_file.read_text()) if self._state_file.exists() else {}
        return found

    def look(self, at_s: float) -> Look:
        assert self._process is not None
        state = self._state()
        counters = dict.fromkeys(protocol.LIVE_STATUS, 0.0) | state["counters"]
        engine, window = resident_mb(state["engine"]), resident_mb(self._process.pid)
        return Look(at_s, counters, engine, window, state["redraws"], notices=tuple(state["messages"]))

    @property
    def ended(self) -> str:
        if self._process is None or self._process.poll() is not None:
            return "The window is gone."
        state = self._state()
        return "" if state["running"] else "; ".join(state["messages"]) or "live stopped"

    def close(self) -> None:
        if self._process is not None:
            self._process.terminate()  # the window closes itself and its engine
            self._process.wait(20)
        self._stack.close()


def resident_mb(pid: int) -> float:
    """Resident memory of a process, what it shares with others counted in full; 0 where it is gone."""
    try:
        return float(psutil.Process(pid).memory_info().rss) / MB
    except psutil.NoSuchProcess:
        return 0.0
