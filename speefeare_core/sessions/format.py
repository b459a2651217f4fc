"""What the files of a session hold, as plain data. Loads without torch."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from speefeare_core.codec import CodecInfo
from speefeare_core.errors import SpeefeareError

VERSION = "1"
NAME, INPUT, OUTPUT, TIMING = "session.json", "input.wav", "output.wav", "timing.jsonl"
CODES, CODES_PART = "codes.npz", "codes.part"
FILES = (NAME, INPUT, OUTPUT, TIMING, CODES, CODES_PART)


@dataclass(frozen=True)
class StreamStart:
    """Where a stream begins, and from what: silence, a state in a file, or (`known` False) nobody kept it."""

    at: int
    frames: int  # of a step; 0: there is no stream, blocks were coded
    mode: str = "float32"
    compiled: bool = True  # a plan; False: the plain stream
    kind: str = ""  # the stream's class, whose state it is
    state: str = ""  # the file; "": from silence
    known: bool = True


@dataclass(frozen=True)
class Step:
    """One step of the codec."""

    at: int
    samples: int
    start_s: float  # since the recording began
    step_s: float


@dataclass(frozen=True)
class Change:
    """Settings that differ from this sample on."""

    at: int
    values: dict[str, Any]


@dataclass(frozen=True)
class Dropped:
    """Frames that were skipped before this sample."""

    at: int
    frames: int


Row = StreamStart | Step | Change | Dropped


@dataclass(frozen=True)
class SessionInfo:
    """session.json. `codec` is what `load_codec` takes."""

    codec: str
    info: CodecInfo
    started: str  # ISO 8601, with the time zone
    settings: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    fingerprint: str = ""  # of the weights, see `fingerprint`; "": not known yet
    complete: bool = False
    notes: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The text of session.json."""
        data = {"speefeare_session": VERSION, **dataclasses.asdict(self), "info": self.info.to_dict()}
        return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def is_session(path: str | Path) -> bool:
    """Whether it is a session's folder, or a file in one that stands for it (session.json)."""
    path = Path(path)
    return (path / NAME).is_file() or (path.name == NAME and path.is_file())


def folder_of(path: str | Path) -> Path:
    """The folder of what `is_session` accepts."""
    path = Path(path)
    return path.parent if path.name == NAME else path


def read_info(folder: str | Path) -> SessionInfo:
    """session.json of a folder. Raises `SpeefeareError` where it is missing, damaged or of another version."""
    folder = folder_of(folder)
    try:
        data = json.loads((folder / NAME).read_text(encoding="utf-8"))
        version = data.pop("speefeare_session")
        if version != VERSION:
            raise SpeefeareError(
                f"{folder} is a session of version {version}; this program reads version {VERSION}, so install a newer"
                " speefeare-workbench."
            )
        data |= {"info": CodecInfo.from_dict(data["info"]), "notes": tuple(data["notes"])}
        return SessionInfo(**data)
    except FileNotFoundError as error:
        raise SpeefeareError(f"{folder} is no recorded session: {NAME} is missing.") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SpeefeareError(f"{folder / NAME} is damaged, so the session cannot be opened ({error!r}).") from error


def row_text(row: Row) -> str:
    """One line of timing.jsonl."""
    match row:
        case Step():
            seconds = {"start_s": round(row.start_s, 6), "step_s": round(row.step_s, 6)}
            data: dict[str, Any] = {"at": row.at, "samples": row.samples, **seconds}
        case Change():
            data = {"at": row.at, "change": row.values}
        case Dropped():
            data = {"at": row.at, "dropped": row.frames}
        case StreamStart():
            values = dataclasses.asdict(row)
            data = {"at": values.pop("at"), "stream": values}
    return json.dumps(data, ensure_ascii=False) + "\n"


def parse_row(line: str) -> Row:
    """Inverse of `row_text`. Raises ValueError, KeyError or TypeError for anything else."""
    data = json.loads(line)
    at = data["at"]
    if "samples" in data:
        return Step(int(at), int(data["samples"]), float(data["start_s"]), float(data["step_s"]))
    if "change" in data:
        return Change(int(at), dict(data["change"]))
    if "dropped" in data:
        return Dropped(int(at), int(data["dropped"]))
    return StreamStart(int(at), **data["stream"])
