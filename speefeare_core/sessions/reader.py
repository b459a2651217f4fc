"""Opens a session folder, also one whose recording was never ended."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.errors import SpeefeareError
from speefeare_core.sessions import codes as code_files
from speefeare_core.sessions.format import (
    INPUT,
    OUTPUT,
    TIMING,
    Change,
    Dropped,
    Row,
    SessionInfo,
    Step,
    folder_of,
    parse_row,
    read_info,
)
from speefeare_core.sessions.growing_wav import held_samples, mend
from speefeare_core.sessions.writer import replace_info

GROWS_S = 10.0  # a folder that was written to this lately may still be recorded, and is not mended


@dataclass(frozen=True)
class Session:
    """A recorded session. `rows` are the lines of timing.jsonl in order; sound files are read by whoever wants them."""

    folder: Path
    info: SessionInfo
    rows: tuple[Row, ...]
    length_samples: int
    codes: NDArray[Any] | None  # [K, F]
    latents: NDArray[Any] | None  # [D, F], of a codec without books
    note: str = field(default="")  # what was wrong with the folder

    @classmethod
    def open(cls, path: str | Path) -> Session:
        """Read a folder (or its session.json). Raises `SpeefeareError` for one that holds no session.

        A recording that was never ended gives its whole steps, says so in `note`, and is mended where it may be.
        """
        folder = folder_of(path)
        info = read_info(folder)
        rows = _read_rows(folder / TIMING)
        for name in (INPUT, OUTPUT):
            if not (folder / name).is_file():
                raise SpeefeareError(f"The session {folder} is incomplete: {name} is missing.")
        note = ""
        if not info.complete:
            held = min(held_samples(folder / name, info.info.channels) for name in (INPUT, OUTPUT))
            rows = [row for row in rows if row.at + (row.samples if isinstance(row, Step) else 0) <= held]
        length = sum(row.samples for row in rows if isinstance(row, Step))
        codes = {
            name: values[:, : length // info.info.hop_samples] for name, values in code_files.read_codes(folder).items()
        }
        if not info.complete:
            note = f"The recording was not ended; its {length / info.info.rate_hz:.2f} s are all there."
            if time.time() - (folder / TIMING).stat().st_mtime > GROWS_S:
                with contextlib.suppress(OSError):  # a folder that may only be read is as good without
                    _mend(folder, info, rows, length, codes, note)
        return cls(folder, info, tuple(rows), length, codes.get("codes"), codes.get("latents"), note)

    @property
    def length_s(self) -> float:
        """Seconds."""
        return self.length_samples / self.info.info.rate_hz

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps alone."""
        return tuple(row for row in self.rows if isinstance(row, Step))

    @property
    def dropped_frames(self) -> int:
        """Frames that were skipped because the computer was late."""
        return sum(row.frames for row in self.rows if isinstance(row, Dropped))

    @property
    def real_time_factor(self) -> float:
        """Computing time over length; 0 where nothing was recorded."""
        return sum(step.step_s for step in self.steps) / self.length_s if self.length_samples else 0.0

    def settings_at_end(self) -> dict[str, Any]:
        """The settings as they were last."""
        settings: dict[str, Any] = {}
        for row in self.rows:
            if isinstance(row, Change):
                settings |= row.values
        return settings

    def summary(self) -> dict[str, Any]:
        """What `speefeare info` says of it, JSON-ready."""
        steps = [1000 * step.step_s for step in self.steps] or [0.0]
        return {
            "folder": str(self.folder),
            "codec": self.info.codec,
            "codec_name": self.info.info.name,
            "started": self.info.started,
            "length_s": self.length_s,
            "rate_hz": self.info.info.rate_hz,
            "channels": self.info.info.channels,
            "books": 0 if self.codes is None else int(self.codes.shape[0]),
            "frames": self.length_samples // self.info.info.hop_samples,
            "steps": len(self.steps),
            "step_ms_median": float(np.median(steps)),
            "step_ms_p99": float(np.percentile(steps, 99)),
            "real_time_factor": self.real_time_factor,
            "dropped_frames": self.dropped_frames,
            "changes": sum(isinstance(row, Change) for row in self.rows[1:]),
            "settings": self.info.settings,
            "versions": self.info.versions,
            "fingerprint": self.info.fingerprint,
            "notes": [*self.info.notes, *([self.note] if self.note else [])],
        }


def _read_rows(path: Path) -> list[Row]:
    """Up to the last whole line. Raises `SpeefeareError` where the file is missing or a line before is damaged."""
    rows: list[Row] = []
    try:
        lines = path.read_bytes().splitlines(keepends=True)
        for line in lines:
            if line.endswith(b"\n"):
                rows.append(parse_row(line.decode()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SpeefeareError(f"{path} is damaged at line {len(rows) + 1}; the session cannot be opened.") from error
    return rows


def _mend(
    folder: Path, info: SessionInfo, rows: list[Row], length: int, codes: dict[str, NDArray[Any]], note: str
) -> None:
    from speefeare_core.sessions.format import row_text

    for name in (INPUT, OUTPUT):
        mend(folder / name, info.info.rate_hz, info.info.channels, length)
    (folder / TIMING).write_text("".join(map(row_text, rows)), encoding="utf-8")
    if codes:
        code_files.pack(folder, codes)
    replace_info(folder, dataclasses.replace(info, complete=True, notes=(*info.notes, note)))
