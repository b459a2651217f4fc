"""All that a run has logged, as unbroken curves that grow while it runs. Without torch: windows read it.

Curves have names like paths: `losses/mel`, `shares/mel`, `logits_real`, `gradient_norm`, `rate`, `audio_s_per_s`,
`books/perplexity/0`, `machine/cpu_percent`, `validation/mel_distance`, `validation/by_depth/4`.
A run that was killed goes on from its newest checkpoint; what it had logged past it is dropped here, so that each step
is there once.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from speefeare_core.training.run_log import RunFolder
from speefeare_core.training.run_series import Series

STEP_BYTES = 1 << 14  # read and understood in one go: two milliseconds
# Of a `losses` event: what is no loss.
ABOUT_STEPS = (
    "discriminator", "gradient_norm", "gradient_norm_discriminator", "rate", "rate_discriminator", "logits_real",
    "logits_fake", "audio_s_per_s", "loader_wait", "loader_audio_s_per_s", "progress", "left_s",
    "seconds",
)  # fmt: skip
BOOK_CURVES = ("perplexity", "usage", "dead", "entropy")
_HEAD = ("event", "step", "time")
_VALIDATION = ("mel_distance", "si_sdr", "worse_for")


@dataclass(frozen=True)
class Alarm:
    """Something that the run warned of. `kind`: collapse, discriminator_wins, not_finite, overfit, loader_bound …"""

    step: int
    time: float  # seconds since 1970
    kind: str
    words: str
    advice: str


@dataclass(frozen=True)
class Validation:
    """What can be heard of one step: sound files below the run folder, in the order of the clips."""

    step: int
    samples: tuple[Path, ...]
    originals: tuple[Path, ...]
    mel_distance: float | None
    si_sdr: float | None


@dataclass(eq=False)
class RunHistory:
    """One run folder, read by byte offset. A half-written last line waits; a folder without a log is an empty run."""

    folder: Path
    series: dict[str, Series] = field(default_factory=dict)
    elapsed: Series = field(default_factory=Series)  # step → seconds of training, pauses left out
    alarms: list[Alarm] = field(default_factory=list)
    validations: list[Validation] = field(default_factory=list)
    checkpoints: list[int] = field(default_factory=list)
    resumes: list[int] = field(default_factory=list)  # steps from which the run went on after a pause or a kill
    facts: dict[str, Any] = field(default_factory=dict)  # of the newest `start`: recipe, parameters, device, steps …
    ended: str = ""  # "", "finished", "stopped" or "failed": how the newest sitting ended
    problem: str = ""  # why it failed, and what helps
    stage: str = ""  # "preparing", "training" or ""
    step: int = 0
    first_step: int = 0
    time: float = 0.0  # of the newest event, seconds since 1970
    progress: float = 0.0  # 0..1 of the budget
    left_s: float | None = None
    window_frames: int = 0  # over which books are counted
    book_sizes: tuple[int, ...] = ()  # entries of each codebook
    _trained_s: float = 0.0
    offset: int = 0
    size: int = 0  # of the log, at the last look
    caught_up: bool = False  # everything was read, up to a line that is half written

    @property
    def read_share(self) -> float:
        """How much of the log was read, 0 to 1."""
        return 1.0 if self.caught_up or not self.size else min(1.0, self.offset / self.size)

    def names(self, head: str) -> list[str]:
        """The curves below a name, in the order in which they came: `names("losses")`."""
        return [name for name in self.series if name == head or name.startswith(head + "/")]

    @property
    def books(self) -> int:
        """How many codebooks have curves."""
        return len(self.names("books/perplexity")) or len(self.names("books/usage"))

    def find(self, step: int) -> Validation | None:
        """What can be heard of a step; the newest up to it."""
        return next((row for row in reversed(self.validations) if row.step <= step), None)

    # -- reading ------------------------------------------------------------------------------------------------
    def read(self, budget_s: float = math.inf) -> bool:
        """Take in what the log has, for at most about `budget_s`; whether there was something new.

        A log that became shorter (the folder was begun anew) is read from its start.
        """
        start, grown = time.perf_counter(), False
        while True:
            self.caught_up = not self._read_some()
            if self.caught_up:
                return grown
            grown = True
            if time.perf_counter() - start > budget_s:
                return True

    def _read_some(self) -> bool:
        path = RunFolder(self.folder).events
        try:
            self.size = path.stat().st_size
            if self.size < self.offset:
                self.__init__(self.folder)  # type: ignore[misc]  # another run
                self.size = path.stat().st_size
            if self.size == self.offset:
                return False
            with path.open("rb") as file:
                file.seek(self.offset)
                data = file.read(STEP_BYTES)
                if b"\n" not in data:
                    data += file.readline()
        except OSError:
            return False
        whole = data.rfind(b"\n") + 1
        for line in data[:whole].splitlines():
            try:
                event = json.loads(line)
            except ValueError:  # the line of a killed run
                continue
            if isinstance(event, dict):
                self.take(event)
        self.offset += whole
        return bool(whole)

    def take(self, event: dict[str, Any]) -> None:
        """One event of the log. What it does not know it passes over."""
        kind, step = event.get("event"), event.get("step")
        if not isinstance(step, int) or isinstance(step, bool):
            return
        stamp = _number(event.get("time"))
        if kind in ("preparing", "start"):
            self._begin(str(kind), step, event)
        elif stamp is not None and self.time and math.isfinite(stamp):
            self._trained_s += max(0.0, stamp - self.time)
            self.elapsed.append(step, self._trained_s)
        if stamp is not None and math.isfinite(stamp):
            self.time = stamp
        self.step = step
        reader = _READERS.get(str(kind))
        if reader is not None:
            reader(self, step, event)

    def _begin(self, kind: str, step: int, event: dict[str, Any]) -> None:
        """A sitting begins: forget what was logged past the step that it goes on from."""
        step = max(step, _step_of(event.get("resumed_from")))
        if self.time and kind == "preparing":
            self.resumes = [at for at in self.resumes if at < step]
            if step:
                self.resumes.append(step)
        for series in self.series.values():
            series.cut(step)
        self.elapsed.cut(step)
        self._trained_s = self.elapsed.last or 0.0
        self.alarms = [row for row in self.alarms if row.step <= step]
        self.validations = [row for row in self.validations if row.step <= step]
        self.checkpoints = [at for at in self.checkpoints if at <= step]
        self.ended, self.problem, self.left_s = "", "", None
        self.stage = "preparing"
        if kind == "start":
            self.stage = "training"
            self.facts = {key: value for key, value in event.items() if key not in _HEAD}
            self._size_books(event.get("book_sizes"))
        elif "recipe" in event:
            self.facts.setdefault("recipe", event["recipe"])

    def _size_books(self, sizes: Any) -> None:
        if isinstance(sizes, list) and sizes and all(isinstance(size, int) for size in sizes):
            self.book_sizes = tuple(sizes)

    def _put(self, name: str, step: int, value: Any) -> None:
        if value is None:
            value = math.nan
        elif type(value) not in (int, float):
            return
        series = self.series.get(name)
        if series is None:
            series = self.series[name] = Series()
        series.append(step, value)


def _losses(run: RunHistory, step: int, event: dict[str, Any]) -> None:
    for key, value in event.items():
        if key in _HEAD:
            continue
        if key == "shares" and isinstance(value, dict):
            for term, share in value.items():
                run._put(f"shares/{term}", step, share)
        else:
            run._put(key if key in ABOUT_STEPS else f"losses/{key}", step, value)
    done = _number(event.get("progress"))
    steps = _number(run.facts.get("steps"))
    if done is None and steps:
        done = step / steps
    run.progress = min(max(done or 0.0, 0.0), 1.0)
    run.left_s = _number(event.get("left_s"))


def _books(run: RunHistory, step: int, event: dict[str, Any]) -> None:
    for curve in BOOK_CURVES:
        values = event.get(curve)
        if isinstance(values, list):
            for book, value in enumerate(values):
                run._put(f"books/{curve}/{book}", step, value)
    run.window_frames = int(_number(event.get("window_frames")) or 0)
    run._size_books(event.get("sizes"))


def _machine(run: RunHistory, step: int, event: dict[str, Any]) -> None:
    for key, value in event.items():
        if key not in _HEAD and value is not None:
            run._put(f"machine/{key}", step, value)


def _validation(run: RunHistory, step: int, event: dict[str, Any]) -> None:
    for key, value in event.items():
        if key in _HEAD or key in ("samples", "originals"):
            continue
        if key == "mel_distance_by_depth" and isinstance(value, dict):
            for depth, distance in value.items():
                run._put(f"validation/by_depth/{depth}", step, distance)
        else:
            run._put(f"validation/{key}" if key in _VALIDATION else f"validation/losses/{key}", step, value)
    sounds = _paths(run.folder, event.get("samples"))
    originals = _paths(run.folder, event.get("originals"))
    run.validations = [row for row in run.validations if row.step < step]
    run.validations.append(
        Validation(step, sounds, originals, _number(event.get("mel_distance")), _number(event.get("si_sdr")))
    )


def _checkpoint(run: RunHistory, step: int, event: dict[str, Any]) -> None:
    if not run.checkpoints or run.checkpoints[-1] < step:
        run.checkpoints.append(step)


def _alarm(run: RunHistory, step: int, event: dict[str, Any]) -> None:
    words = {key: str(event.get(key) or "") for key in ("kind", "words", "advice")}
    run.alarms.append(Alarm(step, run.time, **words))


def _ended(run: RunHistory, step: int, event: dict[str, Any]) -> None:
    run.ended, run.stage, run.left_s = str(event["event"]), "", None
    if run.ended == "finished":
        run.progress, run.left_s = 1.0, 0.0
    if run.ended == "failed":
        run.problem = " ".join(filter(None, (str(event.get("words") or ""), str(event.get("advice") or ""))))


_READERS = {
    "losses": _losses, "books": _books, "machine": _machine, "validation": _validation, "checkpoint": _checkpoint,
    "alarm": _alarm, "stopped": _ended, "finished": _ended, "failed": _ended,
}  # fmt: skip


def newest_codec(folder: Path) -> Path | None:
    """The codec that a run has made so far: the finished one, else that of its newest checkpoint; None: none yet."""
    run = RunFolder(folder)
    found = (run.model, folder / "model-latest.safetensors")
    there = [path for path in found if path.is_file()]
    return max(there, key=lambda path: path.stat().st_mtime_ns, default=None)


def _paths(folder: Path, value: Any) -> tuple[Path, ...]:
    """Files of the run folder, and of nowhere else."""
    names = [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
    return tuple(folder / name for name in names if not Path(name).is_absolute() and ".." not in Path(name).parts)


def _step_of(checkpoint: Any) -> int:
    """Of the name of a checkpoint, `step-00000500.pt`; 0 where it is none."""
    digits = Path(checkpoint).stem.removeprefix("step-") if isinstance(checkpoint, str) else ""
    return int(digits) if digits.isdecimal() else 0


def _number(value: Any) -> float | None:
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if good else None
