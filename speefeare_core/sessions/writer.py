"""Writes a session folder while it happens. What was given to `flush` is safe from the end of this process."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core import __version__
from speefeare_core.audio import Samples
from speefeare_core.errors import SpeefeareError
from speefeare_core.sessions import states
from speefeare_core.sessions.codes import CodesPart
from speefeare_core.sessions.format import INPUT, NAME, OUTPUT, TIMING, Row, SessionInfo, Step, row_text
from speefeare_core.sessions.growing_wav import GrowingWav


class SessionWriter:
    """Not for the live thread: it waits for the disk.

    Raises `SpeefeareError` where the folder cannot be made or holds something; then, from `flush`, where the disk is
    full or gone: what was flushed before stays, and `close` may be called.
    """

    def __init__(self, folder: str | Path, info: SessionInfo) -> None:
        self.folder = Path(folder)
        self.info = info
        codec = info.info
        _make_folder(self.folder)
        try:
            (self.folder / NAME).write_text(info.to_json(), encoding="utf-8")
            self._input = GrowingWav(self.folder / INPUT, codec.rate_hz, codec.channels)
            self._output = GrowingWav(self.folder / OUTPUT, codec.rate_hz, codec.channels)
            self._codes = CodesPart(self.folder, bool(codec.books))
            self._timing = (self.folder / TIMING).open("xb", buffering=0)
        except OSError as error:
            raise SpeefeareError(_cannot_write(self.folder, error)) from error
        self._rows: list[str] = []
        self._blocks: tuple[list[Samples], list[Samples], list[NDArray[Any]]] = ([], [], [])
        self.length_samples = 0  # given so far
        self._flushed_samples = 0

    @property
    def flushed_s(self) -> float:
        """Seconds that are on the disk."""
        return self._flushed_samples / self.info.info.rate_hz

    def add_row(self, row: Row) -> None:
        """A change, a stream's start, dropped frames. In the order of what happened."""
        self._rows.append(row_text(row))

    def add_step(
        self, before: Samples, after: Samples, codes: NDArray[Any] | None, start_s: float, step_s: float
    ) -> None:
        """Input and output `[C, n]`, codes `[K, f]` (latents `[D, f]` of a codec without books), times in seconds."""
        self.add_row(Step(self.length_samples, before.shape[1], start_s, step_s))
        self.length_samples += before.shape[1]
        for kept, block in zip(self._blocks, (before, after, codes), strict=True):
            if block is not None:
                kept.append(block)

    def flush(self) -> None:
        """Everything given so far onto the disk, the line that says so last."""
        before, after, codes = self._blocks
        try:
            if before:
                self._input.write(np.concatenate(before, axis=1))
                self._output.write(np.concatenate(after, axis=1))
            if codes:
                self._codes.write(np.concatenate(codes, axis=1))
            if self._rows:
                data = memoryview("".join(self._rows).encode())
                while data:
                    data = data[self._timing.write(data) or 0 :]
            self._flushed_samples = self.length_samples
        except OSError as error:
            raise SpeefeareError(_cannot_write(self.folder, error)) from error
        finally:
            self._rows, self._blocks = [], ([], [], [])

    def write_state(self, name: str, state: dict[str, Any]) -> None:
        """The state of a stream: tensors, numbers, tuples and dicts of them."""
        try:
            states.save(self.folder / name, state)
        except (OSError, RuntimeError) as error:  # torch tells of a full disk in a way of its own
            raise SpeefeareError(_cannot_write(self.folder, error)) from error

    def set_info(self, **changes: Any) -> None:
        """Replace fields of session.json, by a temporary file and a rename."""
        self.info = dataclasses.replace(self.info, **changes)
        try:
            replace_info(self.folder, self.info)
        except OSError as error:
            raise SpeefeareError(_cannot_write(self.folder, error)) from error

    def close(self, complete: bool = True) -> None:
        """End it: codes.npz, session.json. A folder that could not be ended well opens like one whose program was
        killed. May be called twice."""
        if self._timing.closed:
            return
        for file in (self._input, self._output, self._timing, self._codes):
            file.close()
        with contextlib.suppress(OSError, SpeefeareError):
            self._codes.pack()
            self.set_info(complete=complete)


def versions() -> dict[str, str]:
    """What wrote it."""
    import torch

    return {
        "speefeare": __version__,
        "torch": str(torch.__version__),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def replace_info(folder: Path, info: SessionInfo) -> None:
    """session.json anew. OSError: the disk."""
    part = folder / f".{NAME}.part"
    part.write_text(info.to_json(), encoding="utf-8")
    os.replace(part, folder / NAME)


def _make_folder(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SpeefeareError(f"{folder} is there already; choose a new folder for the session.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpeefeareError(_cannot_write(folder, error)) from error


def _cannot_write(folder: Path, error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).splitlines()[0]
    return f"The session cannot be written into {folder} ({reason}); choose another folder or make room."
