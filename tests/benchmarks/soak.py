"""Live for as long as you like: what is dropped, how long a step takes, and what grows.

    python -m tests.benchmarks.soak --minutes 30 --codec default --window
    python -m tests.benchmarks.soak --minutes 5 --codec encodec.th --microphone --output soak.log

Without `--window` an engine alone runs; with it the real window shows the live tab and draws all of itself 60 times a
second (`--xvfb`: on an X server). A file speaks, again and again; with `--microphone` it is played into the microphone
of a private PulseAudio. Where PulseAudio is missing, or with `--sound virtual`, a clock without sound takes the
loudspeaker's place. Each row is a moment; the last lines say what grew. The exit code is 0 where live ran to the end
and no frame was dropped.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from speefeare_core.resources import resource
from tests.benchmarks.soak_figures import Soak, heading, row, summary
from tests.benchmarks.soak_runs import EngineRun, Plan, Run, WindowRun
from tests.end_to_end.pulse import TOOLS, Pulse
from tests.end_to_end.undisturbed import stolen_s
from workbench.engine.protocol import DEFAULT_DEVICE, VIRTUAL_DEVICE

SAMPLE = ("samples", "sense_and_sensibility.flac")
DEVICE_RATE_HZ = 48_000
POLL_S = 0.25


def soak(run: Run, seconds: float, every_s: float, log: Log, speaker: Speaker | None = None) -> Soak:
    """Run it, write rows into `log`, and give back everything."""
    if speaker is not None:
        speaker.go_on()
    found = run.begin()
    log.say(heading())
    begun, stolen = time.monotonic(), stolen_s()
    due = every_s
    while not found.stopped:
        time.sleep(min(POLL_S, every_s))
        passed = time.monotonic() - begun
        if speaker is not None:
            speaker.go_on()
        found.stopped = run.ended
        if passed >= due or passed >= seconds or (found.stopped and not found.looks):
            found.looks.append(dataclasses.replace(run.look(passed), stolen_s=stolen_s() - stolen))
            log.say(row(found))
            due += every_s
        if passed >= seconds:
            break
    log.say(summary(found))
    return found


class Speaker:
    """Plays a file into the microphone, again and again."""

    def __init__(self, pulse: Pulse, file: Path) -> None:
        self._pulse, self._file = pulse, file
        self._process: subprocess.Popen[bytes] | None = None

    def go_on(self) -> None:
        """Begin again where it has ended."""
        if self._process is None or self._process.poll() is not None:
            self._process = self._pulse.speak(self._file)

    def stop(self) -> None:
        """Be silent."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()


def main(argv: list[str] | None = None) -> int:
    """The command."""
    args = _parser().parse_args(argv)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak")))
        log = Log(Path(args.output))
        stack.callback(log.close)
        pulse = None
        if args.sound == "pulse":
            pulse = Pulse(folder, DEVICE_RATE_HZ)
            stack.callback(pulse.stop)
            os.environ.update(pulse.environment)
        file = Path(args.file).absolute()
        speaker = Speaker(pulse, file) if args.microphone and pulse is not None else None
        if speaker is not None:
            stack.callback(speaker.stop)
        output = DEFAULT_DEVICE if pulse is not None else VIRTUAL_DEVICE
        plan = Plan(args.codec, None if speaker is not None else file, output, args.mode, args.frames)
        run: Run = WindowRun(plan, folder, args.xvfb) if args.window else EngineRun(plan)
        stack.callback(run.close)
        log.say(_conditions(args))
        found = soak(run, 60.0 * args.minutes, args.every, log, speaker)
    dropped = found.looks[0].counters["dropped_frames"] + found.total("dropped_frames")
    return 0 if not found.stopped and dropped == 0 else 1


class Log:
    """Lines for the terminal and for a file."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")

    def say(self, text: str) -> None:
        """One line or more; there at once."""
        print(text, flush=True)
        print(text, file=self._file, flush=True)

    def close(self) -> None:
        """The end."""
        self._file.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.soak", description=__doc__.splitlines()[0])
    able = all(shutil.which(tool) for tool in TOOLS)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--codec", default="default")
    parser.add_argument("--file", default=str(resource(*SAMPLE)), help="what is spoken")
    parser.add_argument("--microphone", action="store_true", help="through the microphone of PulseAudio")
    parser.add_argument("--sound", choices=("pulse", "virtual"), default="pulse" if able else "virtual")
    parser.add_argument("--window", action="store_true", help="the real window, drawn 60 times a second")
    parser.add_argument("--xvfb", action="store_true", help="on an X server without a monitor")
    parser.add_argument("--mode", default="float32")
    parser.add_argument("--frames", type=int, default=1, help="of a step")
    parser.add_argument("--every", type=float, default=10.0, metavar="SECONDS", help="between two rows")
    parser.add_argument("--output", default="soak.log", metavar="FILE", help="the log")
    return parser


def _conditions(args: argparse.Namespace) -> str:
    window = f", window on {'Xvfb' if args.xvfb else 'no screen'}" if args.window else ""
    spoken = "PulseAudio's microphone" if args.microphone else "a file as microphone"
    return (
        f"{args.codec}, {args.mode}, {args.frames} a step; {spoken}, sound {args.sound}{window}; {platform.platform()},"
        f" {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {time.strftime('%Y-%m-%d %H:%M')}"
    )


if __name__ == "__main__":
    sys.exit(main())
