"""Questions that only another process may answer: the core itself loads neither Qt nor the sound card."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

WAIT_S = 30.0  # a sound server that hangs must not hang the doctor

_SOUND = """
import json, sounddevice as sd
apis = [api["name"] for api in sd.query_hostapis()]
print(json.dumps({
    "portaudio": sd.get_portaudio_version()[1].partition(",")[0],
    "devices": [
        {"name": row["name"], "host_api": apis[row["hostapi"]], "inputs": row["max_input_channels"],
         "outputs": row["max_output_channels"], "rate_hz": row["default_samplerate"],
         "default_input": at == sd.default.device[0], "default_output": at == sd.default.device[1]}
        for at, row in enumerate(sd.query_devices())
    ],
}))
"""
_QT = """
import json
from PySide6 import QtCore, QtWidgets
print(json.dumps({"qt": QtCore.qVersion()}))
"""


@dataclass(frozen=True)
class Answer:
    """What the child printed as JSON, or why there is nothing."""

    data: dict[str, Any]
    problem: str = ""


def ask_sound() -> Answer:
    """PortAudio's version and devices."""
    return ask(_SOUND)


def ask_qt() -> Answer:
    """Qt's version; the problem names a shared library that is missing."""
    return ask(_QT)


def ask(code: str, wait_s: float = WAIT_S) -> Answer:
    """Run `code` in a fresh interpreter, which prints one JSON object last."""
    try:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=wait_s)
    except subprocess.TimeoutExpired:
        return Answer({}, f"no answer within {wait_s:.0f} s")
    if done.returncode == 0:
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return Answer(answer)
    lines = done.stderr.strip().splitlines()
    return Answer({}, lines[-1] if lines else f"ended with code {done.returncode}")
