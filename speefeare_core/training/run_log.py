"""The run folder: the whole interface between a training process and whoever watches it. Without torch.

config.yaml      the recipe and where its data are
events.jsonl     one JSON object a line, only ever appended
checkpoints/     step-00000500.pt: all that a resumed run needs; each whole because it appears by rename
samples/         original/0.wav … and step-00000500/0.wav …: the validation clips, and as each checkpoint decodes them
tensorboard/     the numbers of the log for TensorBoard, where it is installed
process.json     who is writing: process id, host, command, launcher, start, and its last sign of life
stop             once this file exists, the run saves and ends
model-latest.safetensors  the codec as the newest checkpoint has it
model.safetensors  the codec, when the run is done
failed.txt       where in the program the run ended that failed by a mistake of the program
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.process_record import ProcessRecord

PROCESS_BEGAN = time.time()  # about when this process did


@dataclass(frozen=True)
class RunFolder:
    """Names of the files of one run."""

    path: Path

    @property
    def config(self) -> Path:
        """The recipe and the data folder."""
        return self.path / "config.yaml"

    @property
    def events(self) -> Path:
        """The log."""
        return self.path / "events.jsonl"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def process(self) -> Path:
        """Who is writing."""
        return self.path / "process.json"

    @property
    def stop(self) -> Path:
        """The request to end."""
        return self.path / "stop"

    @property
    def model(self) -> Path:
        """The finished codec."""
        return self.path / "model.safetensors"

    @property
    def model_latest(self) -> Path:
        """The codec of the newest checkpoint."""
        return self.path / "model-latest.safetensors"

    @property
    def samples(self) -> Path:
        """Sounds of validation."""
        return self.path / "samples"

    @property
    def tensorboard(self) -> Path:
        """Files for TensorBoard."""
        return self.path / "tensorboard"

    @property
    def trace(self) -> Path:
        """Where a run failed that should not have."""
        return self.path / "failed.txt"

    def create(self) -> None:
        """Make the folder. Raises `SpeefeareError` where that is not allowed."""
        try:
            self.checkpoints.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SpeefeareError(f"The run folder {self.path} cannot be made: {error.strerror}.") from error

    def newest_checkpoint(self) -> Path | None:
        """The checkpoint of the largest step, or None."""
        found = self.all_checkpoints()
        return found[-1] if found else None

    def all_checkpoints(self) -> list[Path]:
        """Checkpoints in the order of their steps."""
        return sorted(self.checkpoints.glob("step-*.pt"), key=checkpoint_step)

    def request_stop(self) -> None:
        """Ask the run to save and end after its present step."""
        self.stop.touch()

    def write_process(self) -> None:
        """Say who is writing."""
        ProcessRecord.of_this_process().write(self.process)


def checkpoint_step(path: Path) -> int:
    """The step of a checkpoint by its name; 0 where the name holds none."""
    digits = path.stem.removeprefix("step-")
    return int(digits) if digits.isdigit() else 0


class EventLog:
    """Appends events; each is one line, written with one call and flushed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if path.exists() and path.stat().st_size:
            with path.open("rb+") as file:
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # the line of a killed run: end it, so that ours stays readable
                    file.write(b"\n")

    def append(self, event: str, step: int, **values: Any) -> None:
        """One event with the time and its values (JSON types)."""
        line = json.dumps({"event": event, "step": step, "time": round(time.time(), 3), **values})
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def read_events(path: Path, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Events from byte `offset` on, and the offset to go on from.

    A half-written last line waits for the next call; a line that is no JSON object (of a killed run) is passed over.
    """
    if not path.exists():
        return [], offset
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read()
    whole = data.rfind(b"\n") + 1
    events = []
    for line in data[:whole].splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            events.append(event)
    return events, offset + whole


def write_whole(path: Path, content: bytes) -> None:
    """Write by a temporary file, fsync and rename: a file of this name is always whole."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)  # on a full disk it would take the room that the last words need
        raise
