"""The codes of a session: rows of frames while it grows, codes.npz at the end."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.errors import SpeefeareError
from speefeare_core.sessions.format import CODES, CODES_PART


class CodesPart:
    """codes.part: one row of little-endian int32 (float32 for latents) a frame, after a header line that says so.

    OSError: the disk is full. Whole frames only are on the disk then.
    """

    def __init__(self, folder: Path, books: bool) -> None:
        self._folder = folder
        self._name, self._type = ("codes", "<i4") if books else ("latents", "<f4")
        self._file = (folder / CODES_PART).open("xb", buffering=0)
        self._end = 0

    def write(self, frames: NDArray[Any]) -> None:
        """Append `[K, n]`; K is the same in every call."""
        data = np.ascontiguousarray(frames.T, self._type).tobytes()
        if not self._end:
            data = f"{self._name} {self._type} {frames.shape[0]}\n".encode() + data
        view = memoryview(data)
        try:
            while view:
                view = view[self._file.write(view) or 0 :]
        except OSError:
            self._file.truncate(self._end)
            raise
        self._end += len(data)

    def close(self) -> None:
        """May be called twice."""
        self._file.close()

    def pack(self) -> None:
        """Make codes.npz of it. OSError: the disk is full, and codes.part stays."""
        pack(self._folder, read_codes(self._folder))


def pack(folder: Path, codes: dict[str, NDArray[Any]]) -> None:
    """Write codes.npz and remove codes.part."""
    part = folder / f".{CODES}.part"
    try:
        with part.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **codes)
        os.replace(part, folder / CODES)
    finally:
        part.unlink(missing_ok=True)
    (folder / CODES_PART).unlink(missing_ok=True)


def read_codes(folder: Path) -> dict[str, NDArray[Any]]:
    """`codes` `[K, F]` or `latents` `[D, F]`, whichever way they lie there; empty where there are none.

    Raises `SpeefeareError` for a damaged file.
    """
    try:
        if (folder / CODES).is_file():
            with np.load(folder / CODES, allow_pickle=False) as file:
                return {name: file[name] for name in file.files if name in ("codes", "latents")}
        return _read_part(folder / CODES_PART)
    except Exception as error:  # numpy raises whatever the zip and the header make it raise
        raise SpeefeareError(f"The codes of the session {folder} are damaged ({error}).") from error


def _read_part(path: Path) -> dict[str, NDArray[Any]]:
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        words = file.readline().split()
        data = file.read()
    if len(words) != 3:
        return {}
    width = int(words[2]) * 4
    rows = np.frombuffer(data[: len(data) // width * width], words[1].decode()).reshape(-1, int(words[2]))
    return {words[0].decode(): np.ascontiguousarray(rows.T)}
