"""A screen, a keyboard, and the workbench on it in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]


class Screen:
    """An X server without a monitor. Raises RuntimeError where Xvfb or xdotool is missing."""

    def __init__(self) -> None:
        missing = [tool for tool in ("Xvfb", "xdotool") if shutil.which(tool) is None]
        if missing:
            raise RuntimeError(f"Missing {', '.join(missing)}: apt install xvfb xdotool")
        ours, theirs = os.pipe()
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(theirs), "-screen", "0", "1440x900x24", "-nolisten", "tcp"],
            pass_fds=(theirs,), stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs)
        with os.fdopen(ours) as answer:
            self.display = f":{answer.readline().strip()}"

    def stop(self) -> None:
        """Switch it off."""
        self._server.terminate()
        self._server.wait()


class Desk:
    """The real window with FILE open; keys go in as a person's do, the state comes out of its file."""

    def __init__(self, screen: Screen, folder: Path, file: Path) -> None:
        self._state = folder / "state.json"
        self._folder = folder
        self._environment = {
            **os.environ,
            "DISPLAY": screen.display,
            "QT_QPA_PLATFORM": "xcb",
            "XDG_CONFIG_HOME": str(folder / "config"),
        }
        started = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.end_to_end.window_process", str(self._state), str(file)],
            cwd=ROOT, env=self._environment,
        )  # fmt: skip
        self._window = self._xdotool("search", "--sync", "--onlyvisible", "--name", "speefeare").split()[0]
        self.visible_after_s = time.monotonic() - started
        self._xdotool("windowfocus", "--sync", self._window)

    def _xdotool(self, *words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words], env=self._environment, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout

    def key(self, name: str) -> None:
        """Press and release one key."""
        self._xdotool("key", name)

    @property
    def state(self) -> dict[str, Any]:
        """What the window said last."""
        data: dict[str, Any] = json.loads(self._state.read_text()) if self._state.exists() else {}
        return data

    def until(self, true: Callable[[dict[str, Any]], bool], limit_s: float = 90.0) -> dict[str, Any]:
        """Wait for a state. Raises AssertionError with the last one."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            assert self._process.poll() is None, "the window is gone"
            state = self.state
            if state and true(state):
                return state
            time.sleep(0.05)
        raise AssertionError(f"not within {limit_s} s: {self.state}")

    def live_input(self) -> tuple[NDArray[np.float32], int]:
        """The last samples that Live took in `[T]`, and how many there were in all."""
        saved, asked = self._folder / "input.npz", self._folder / "want_input"
        saved.unlink(missing_ok=True)
        asked.touch()
        self.until(lambda _: saved.exists())
        asked.unlink()
        with np.load(saved) as data:
            return data["samples"], int(data["written"])

    def close(self) -> int:
        """Ctrl+Q; the exit code."""
        self.key("ctrl+q")
        return self._process.wait(20)

    def kill(self) -> None:
        """Whatever happened, nothing is left."""
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait(20)
