"""A sound card for tests: a private PulseAudio with a loudspeaker to record and a microphone to speak into."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TOOLS = ("pulseaudio", "pactl", "paplay", "parec")
START_S = 10.0
AWAKE_S = 2.5


class Pulse:
    """`speaker` and `mic_feed` are null sinks, `mic` a source that hears `mic_feed`. All at one rate, float, mono."""

    def __init__(self, folder: Path, rate_hz: int) -> None:
        missing = [tool for tool in TOOLS if shutil.which(tool) is None]
        if missing:
            raise RuntimeError(
                f"Missing {', '.join(missing)}: apt install pulseaudio pulseaudio-utils libasound2-plugins"
            )
        self.rate_hz = rate_hz
        runtime = folder / "runtime"
        runtime.mkdir(mode=0o700)
        self.socket = folder / "native"
        kind = f"rate={rate_hz} format=float32le channels=1"
        script = folder / "start.pa"
        script.write_text(
            f"load-module module-native-protocol-unix socket={self.socket} auth-anonymous=1\n"
            f"load-module module-null-sink sink_name=speaker {kind}\n"
            f"load-module module-null-sink sink_name=mic_feed {kind}\n"
            "load-module module-remap-source source_name=mic master=mic_feed.monitor\n"
            "set-default-sink speaker\nset-default-source mic\n"
        )
        self.environment = {
            "XDG_RUNTIME_DIR": str(runtime),
            "PULSE_RUNTIME_PATH": str(runtime),
            "PULSE_SERVER": f"unix:{self.socket}",
            "PULSE_COOKIE": str(folder / "cookie"),
        }
        arguments = ("-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--high-priority=yes")
        with (folder / "pulseaudio.log").open("wb") as log:
            self._server = subprocess.Popen(
                ["pulseaudio", *arguments, "-F", str(script)], env=self._env(), stdout=log, stderr=log
            )
        _prefer(self._server)
        limit = time.monotonic() + START_S
        while subprocess.run(["pactl", "info"], env=self._env(), capture_output=True).returncode:
            if self._server.poll() is not None or time.monotonic() > limit:
                self.stop()
                raise RuntimeError("PulseAudio did not start:\n" + (folder / "pulseaudio.log").read_text())
            time.sleep(0.05)

    def _env(self) -> dict[str, str]:
        return {**os.environ, **self.environment}

    def stop(self) -> None:
        """End the server."""
        self._server.kill()
        self._server.wait()

    def unload(self, sink: str) -> None:
        """Take a sink away, as if it were unplugged."""
        rows = subprocess.run(["pactl", "list", "short", "modules"], env=self._env(), capture_output=True, text=True)
        number = next(row.split()[0] for row in rows.stdout.splitlines() if f"sink_name={sink} " in row)
        subprocess.run(["pactl", "unload-module", number], env=self._env(), check=True)

    def suspend(self, sink: str, asleep: bool) -> None:
        """Let a sink stand still without being gone, or go on."""
        subprocess.run(["pactl", "suspend-sink", sink, str(int(asleep))], env=self._env(), check=True)

    def plug(self, sink: str) -> None:
        """Bring a sink back that was taken away."""
        kind = f"rate={self.rate_hz} format=float32le channels=1"
        modules = [f"module-null-sink sink_name={sink} {kind}"]
        if sink == "mic_feed":
            modules.append("module-remap-source source_name=mic master=mic_feed.monitor")
        for module in modules:
            subprocess.run(
                ["pactl", "load-module", *module.split()], env=self._env(), check=True, stdout=subprocess.DEVNULL
            )
        default = ("set-default-source", "mic") if sink == "mic_feed" else ("set-default-sink", sink)
        subprocess.run(["pactl", *default], env=self._env(), check=True)

    def record(self) -> Recording:
        """Begin to record the loudspeaker; returns when the sink is wide awake.

        A sink that slept has silence rendered for two seconds ahead, and loses samples when it is asked for less.
        """
        recording = Recording(self.rate_hz, self._env())
        time.sleep(AWAKE_S)
        return recording

    def speak(self, file: Path) -> subprocess.Popen[bytes]:
        """Begin to play a file into the microphone."""
        speaker = subprocess.Popen(["paplay", "--device=mic_feed", str(file)], env=self._env())
        _prefer(speaker)
        return speaker


def _prefer(process: subprocess.Popen[bytes]) -> None:
    """The measuring apparatus must not be what stutters on a busy computer."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(process.pid, os.SCHED_RR, os.sched_param(5))


class Recording:
    """What the loudspeaker gives out, until `stop`. Into a file: a full pipe would make it lose samples."""

    def __init__(self, rate_hz: int, environment: dict[str, str]) -> None:
        arguments = (f"--rate={rate_hz}", "--format=float32le", "--channels=1", "--latency-msec=20", "--raw")
        self._file = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            ["parec", "--device=speaker.monitor", *arguments], env=environment, stdout=self._file
        )
        _prefer(self._process)

    def stop(self) -> NDArray[np.float32]:
        """`[T]`."""
        self._process.terminate()
        self._process.wait()
        with self._file as file:
            file.seek(0)
            data = file.read()
        return np.frombuffer(data[: len(data) // 4 * 4], np.float32)
