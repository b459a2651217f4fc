"""Reads documents: checks everything before it is used, runs nothing."""

from __future__ import annotations

import io
import json
import math
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.documents.format import (
    ARRAY_BYTES,
    ARRAYS,
    AUDIO,
    JSON_BYTES,
    MEMBERS,
    NAME,
    VERSION,
    Arrays,
    Document,
    EmbeddedAudio,
)
from speefeare_core.errors import SpeefeareError

COPY_BYTES = 1 << 20


def read(path: str | Path) -> Document:
    """A document without its arrays and sound. Raises `SpeefeareError` for one that is missing, damaged or foreign."""
    path = Path(path)
    with _opened(path) as file:
        return _described(path, file)


def read_arrays(path: str | Path, key: str) -> Arrays:
    """The arrays of a part. Raises `SpeefeareError` where they are missing, damaged, too large or no plain numbers."""
    path = Path(path)
    with _opened(path) as file:
        data = _bytes(path, file, f"{ARRAYS}{key}.npz", ARRAY_BYTES)
    found: Arrays = {}
    with _opened(path, io.BytesIO(data)) as inner:
        rows = inner.infolist()
        if len(rows) > MEMBERS or sum(row.file_size for row in rows) > ARRAY_BYTES:
            raise SpeefeareError(f"{path} holds arrays of {key} that are too large to be true; it may be damaged.")
        for row in rows:
            found[row.filename.removesuffix(".npy")] = _array(path, inner.read(row))
    return found


def extract_audio(path: str | Path, target: Path) -> Iterator[float]:
    """Write the embedded sound file to `target` (by a temporary file and a rename); yields the share that is done.

    Raises `SpeefeareError` where there is none, it is cut off, or the target cannot be written.
    """
    path = Path(path)
    part = target.with_name(f".{target.name}.part")
    try:
        with _opened(path) as file:
            embedded = _described(path, file).audio
            if embedded is None:
                raise SpeefeareError(f"{path} holds no sound file; it names one elsewhere.")
            target.parent.mkdir(parents=True, exist_ok=True)
            done = 0
            with file.open(AUDIO + embedded.name) as source, part.open("wb") as copy:
                while block := source.read(COPY_BYTES):
                    done += len(block)
                    copy.write(block)
                    yield done / max(1, embedded.bytes)
        part.replace(target)
    except OSError as error:
        raise SpeefeareError(f"{target} cannot be written: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _opened(path: Path, inside: io.BytesIO | None = None) -> Iterator[zipfile.ZipFile]:
    """The zip file, with one sentence for whatever is wrong with it."""
    try:
        with zipfile.ZipFile(inside or path) as file:
            yield file
    except FileNotFoundError as error:
        raise SpeefeareError(f"There is no document {path}.") from error
    except IsADirectoryError as error:
        raise SpeefeareError(f"{path} is a folder; choose a document (.speefeare) in it.") from error
    except PermissionError as error:
        raise SpeefeareError(f"{path} cannot be read: you may not read it.") from error
    except MemoryError as error:
        raise SpeefeareError(f"{path} holds more than fits into the memory; it may be damaged.") from error
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        ValueError,
        LookupError,
        RuntimeError,
        OSError,
    ) as error:
        raise SpeefeareError(
            f"{path} is no document of this workbench, or it is damaged; open the copy before it, if there is one."
        ) from error


def _described(path: Path, file: zipfile.ZipFile) -> Document:
    names = file.namelist()
    if NAME not in names or len(names) > MEMBERS:
        raise SpeefeareError(f"{path} is a zip file, but no document of this workbench: {NAME} is missing.")
    data = json.loads(_bytes(path, file, NAME, JSON_BYTES).decode("utf-8"))
    if not isinstance(data, dict) or "speefeare_document" not in data:
        raise SpeefeareError(f"{path} is a zip file, but no document of this workbench.")
    version = data["speefeare_document"]
    if version != VERSION:
        raise SpeefeareError(
            f"{path} is a document of version {str(version)[:20]}; this program reads version {VERSION}, so install a"
            " newer speefeare-workbench."
        )
    parts, extra = data.get("parts"), data.get("extra") or {}
    if not isinstance(parts, dict) or not isinstance(extra, dict):
        raise SpeefeareError(f"{path} is damaged: its parts are missing.")
    arrays = (name.removeprefix(ARRAYS).removesuffix(".npz") for name in names if name.startswith(ARRAYS))
    program, saved = (str(data.get(name) or "")[:100] for name in ("program", "saved"))
    return Document(parts, _audio(path, file, data.get("audio")), tuple(arrays), program, saved, extra)


def _audio(path: Path, file: zipfile.ZipFile, data: Any) -> EmbeddedAudio | None:
    if data is None:
        return None
    name = data.get("name") if isinstance(data, dict) else None
    if not isinstance(name, str) or not name or AUDIO + name not in file.namelist():
        raise SpeefeareError(f"{path} is damaged: the sound file that it should hold is missing.")
    row = file.getinfo(AUDIO + name)
    if row.compress_type != zipfile.ZIP_STORED:
        raise SpeefeareError(f"{path} is no document of this workbench: its sound file is packed.")
    return EmbeddedAudio(name, row.file_size)


def _bytes(path: Path, file: zipfile.ZipFile, name: str, limit: int) -> bytes:
    try:
        row = file.getinfo(name)
    except KeyError as error:
        raise SpeefeareError(f"{path} is damaged: {name} is missing in it.") from error
    if row.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or row.file_size > limit:
        raise SpeefeareError(
            f"{path} holds a {name} that is too large to be true, or packed in another way; it may be damaged."
        )
    return file.read(row)


def _array(path: Path, data: bytes) -> NDArray[Any]:
    """One .npy file. Its header is checked first: a wrong shape must not ask for all memory."""
    stream = io.BytesIO(data)
    readers: dict[tuple[int, int], Callable[[io.BytesIO], tuple[tuple[int, ...], bool, np.dtype[Any]]]] = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    version = np.lib.format.read_magic(stream)
    if version not in readers:
        raise SpeefeareError(f"{path} holds an array of an unknown kind; save the document again with this program.")
    shape, _, dtype = readers[version](stream)
    if dtype.kind not in "biuf" or math.prod(shape) * dtype.itemsize != len(data) - stream.tell():
        raise SpeefeareError(f"{path} holds an array that is not what its header says; it may be damaged.")
    stream.seek(0)
    found: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    return found
