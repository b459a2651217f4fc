"""Writes documents, in small steps so that a window stays alive, and by a rename so that none is ever half there."""

from __future__ import annotations

import datetime
import io
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from speefeare_core import __version__
from speefeare_core.documents.format import ARRAYS, AUDIO, NAME, SUFFIX, VERSION, Arrays, is_document
from speefeare_core.errors import SpeefeareError

STEP_BYTES = 1 << 18


def write_steps(
    path: str | Path,
    parts: Mapping[str, Any],
    arrays: Mapping[str, Arrays] | None = None,
    audio: Path | None = None,
    audio_name: str = "",
    extra: Mapping[str, Any] | None = None,
    durable: bool = True,
) -> Iterator[float]:
    """Write a document; yields the share that is done, after about `STEP_BYTES` each.

    `parts` and `extra` are JSON-ready. `audio` is a sound file that goes in as it is, called `audio_name`. `durable`:
    wait until the disk has it, so that it outlives a power cut too. Leaving the generator early leaves nothing behind.
    Raises `SpeefeareError` where it cannot be written, or where the sound file cannot be read.
    """
    path = Path(path)
    if not is_document(path):
        raise SpeefeareError(f"{path} should end in {SUFFIX}, which is what documents are.")
    part = path.with_name(f".{path.name}.part")
    whole = 1 + sum(array.nbytes for group in (arrays or {}).values() for array in group.values())
    done = 0
    try:
        whole += 0 if audio is None else audio.stat().st_size
        with zipfile.ZipFile(part, "w", allowZip64=True) as file:
            file.writestr(NAME, _manifest(parts, audio, audio_name, extra), zipfile.ZIP_DEFLATED)
            yield done / whole
            for key, group in (arrays or {}).items():
                with file.open(f"{ARRAYS}{key}.npz", "w", force_zip64=True) as target:
                    for block, size in _npz(group):
                        target.write(block)
                        done += size
                        yield done / whole
            if audio is not None:
                with audio.open("rb") as source, file.open(AUDIO + audio_name, "w", force_zip64=True) as target:
                    while block := source.read(STEP_BYTES):
                        target.write(block)
                        done += len(block)
                        yield done / whole
        if durable:
            with part.open("rb+") as written:
                os.fsync(written.fileno())
        os.replace(part, path)
        yield 1.0
    except OSError as error:
        what = error.filename if audio is not None and error.filename == str(audio) else path
        raise SpeefeareError(
            f"{path} cannot be saved ({what}: {error.strerror or error}); choose another folder or make room."
        ) from error
    finally:
        part.unlink(missing_ok=True)


def write(path: str | Path, parts: Mapping[str, Any], **more: Any) -> None:
    """All steps at once; arguments and errors as `write_steps`."""
    for _ in write_steps(path, parts, **more):
        pass


def _manifest(parts: Mapping[str, Any], audio: Path | None, audio_name: str, extra: Mapping[str, Any] | None) -> str:
    data = {
        "speefeare_document": VERSION,
        "program": __version__,
        "saved": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "audio": None if audio is None else {"name": audio_name},
        "parts": dict(parts),
        "extra": dict(extra or {}),
    }
    return json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _npz(arrays: Arrays) -> Iterator[tuple[bytes, int]]:
    """A packed .npz in blocks, each with how many bytes of the arrays went into it."""
    buffer = _Outlet()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=1) as file:
        for name, array in arrays.items():
            array = np.ascontiguousarray(array)
            with file.open(f"{name}.npy", "w", force_zip64=True) as target:
                header = io.BytesIO()
                np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(array))
                target.write(header.getvalue())
                flat = memoryview(array.data).cast("B") if array.size else memoryview(b"")
                for start in range(0, len(flat), STEP_BYTES):
                    block = flat[start : start + STEP_BYTES]
                    target.write(block)
                    yield buffer.take(), len(block)
    yield buffer.take(), 0


class _Outlet(io.RawIOBase):
    """A file that cannot be sought in: what was written into it is taken out bit by bit."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        block = bytes(data)
        self._blocks.append(block)
        return len(block)

    def take(self) -> bytes:
        """What was written since the last call."""
        blocks, self._blocks = self._blocks, []
        return b"".join(blocks)
