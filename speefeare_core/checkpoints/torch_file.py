"""Files of torch.save, zip and legacy: a tree of plain data with `TorchStored` leaves; nothing in them is run."""

from __future__ import annotations

import io
import mmap
import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO, cast

from speefeare_core.checkpoints.pickle_content import Forbidden, Named
from speefeare_core.checkpoints.plain_text import is_text
from speefeare_core.checkpoints.stored import ITEM_BYTES, STORAGE_TYPES, Damaged, MappedFile, Storage
from speefeare_core.checkpoints.unpickle import read_pickle
from speefeare_core.errors import SpeefeareError

_MOST_PICKLE_BYTES = 64 << 20
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
# What zipfile raises for damaged archives: among them names in no encoding, unknown compressions, encryption.
_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError, IndexError)
_SAFE = "ask for a .safetensors file, or for a state dict saved with torch.save"


def read_zip(path: Path) -> Any:
    """The tree in a zip of torch.save. Raises `SpeefeareError` for TorchScript, torch.package and damaged files."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            pickle_name = next((name for name in entries if re.fullmatch(r"(?:[^/]+/)?data\.pkl", name)), None)
            _refuse_programs(path, list(entries), pickle_name)
            if pickle_name is None:
                raise SpeefeareError(f"{path} is a zip archive, but none of torch.save; unpack it first.")
            root = pickle_name.removesuffix("data.pkl")
            if entries[pickle_name].file_size > _MOST_PICKLE_BYTES:
                raise Damaged("it describes far more than a checkpoint holds")
            with archive.open(pickle_name) as packed:
                content = packed.read(_MOST_PICKLE_BYTES)
            order = entries.get(f"{root}byteorder")
            if order is not None and archive.read(order)[:8] != b"little":
                raise SpeefeareError(f"{path} was written on a big-endian computer; convert it to .safetensors there.")
        source = MappedFile(path, _places(path, root, entries))
        return _tree(path, io.BytesIO(content), source)
    except Damaged as error:
        raise damaged(path, str(error)) from error
    except _BROKEN_ZIP as error:
        raise damaged(path, "its zip archive is broken or cut off") from error


def _refuse_programs(path: Path, names: list[str], pickle_name: str | None) -> None:
    inside = [name.split("/", 1)[-1] for name in names]
    if any(
        name.startswith((".data/extern_modules", ".data/version")) or name == ".data/python_version" for name in inside
    ):
        if pickle_name is None or any(name.endswith(".py") for name in inside):
            raise SpeefeareError(
                f"{path} is a torch.package archive, which holds Python code that loading would run; it was not loaded."
                " Take the weights file beside it (for DAC weights.pth instead of package.pth)."
            )
    if "constants.pkl" in inside or any(name.startswith("code/") for name in inside):
        raise SpeefeareError(
            f"{path} is a TorchScript program, not plain weights; it was not loaded."
            f" {_SAFE.capitalize()} (torch.save(model.state_dict(), …))."
        )
    if "archive_format" in inside or any(name.startswith("models/") and name.endswith(".json") for name in inside):
        raise SpeefeareError(
            f"{path} is a torch.export program (.pt2); opening it may unpickle parts of it, so it was not loaded."
            " Export the model to ONNX and describe the pair in a codec.yaml."
        )
    if names and all(name.endswith(".npy") for name in names):
        raise SpeefeareError(f"{path} is a numpy archive, no codec; {_SAFE}.")


def _places(path: Path, root: str, entries: dict[str, zipfile.ZipInfo]) -> dict[str, tuple[int, int]]:
    """Storage key → (first byte, length) in the file. torch.save stores without compression."""
    places = {}
    with path.open("rb") as file:
        for name, entry in entries.items():
            if not name.startswith(f"{root}data/"):
                continue
            if entry.compress_type != zipfile.ZIP_STORED:
                raise Damaged("its archive was packed again with compression; download the original")
            file.seek(entry.header_offset)
            header = file.read(30)
            if len(header) != 30 or header[:4] != b"PK\x03\x04":
                raise Damaged("its zip archive is broken")
            name_bytes, extra_bytes = struct.unpack("<HH", header[26:30])
            start = entry.header_offset + 30 + name_bytes + extra_bytes
            places[name.removeprefix(f"{root}data/")] = (start, entry.file_size)
    return places


def read_legacy(path: Path, sure: bool = True) -> Any:
    """The tree in a file of torch.save before 1.6 (a sequence of pickles), or of a plain pickle.

    Not `sure`: where it is no pickle, it is not called a damaged one.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            stream = cast(BinaryIO, mapped)
            first = _read(path, stream, None)
            if first != _LEGACY_MAGIC:
                return first
            _read(path, stream, None), _read(path, stream, None)  # the protocol; sizes of C types
            source = MappedFile(path, {})
            sizes: dict[str, int] = {}
            root = _tree(path, stream, source, sizes)
            keys = _read(path, stream, None)
            position = mapped.tell()
            for key in keys if isinstance(keys, list) else []:
                if len(mapped) - position < 8 or key not in sizes:
                    raise Damaged("it ends before the values of its tensors")
                (count,) = struct.unpack("<q", mapped[position : position + 8])
                length = count * sizes[key]
                if count < 0 or position + 8 + length > len(mapped):
                    raise Damaged("it ends before the values of its tensors")
                source.places[key] = (position + 8, length)
                position += 8 + length
            return root
    except OSError as error:
        raise SpeefeareError(f"{path} cannot be read: {error.strerror or error}.") from error
    except Damaged as error:
        if not sure and is_text(path):
            raise SpeefeareError(f"{path} is a text file, no codec: choose a weights file or its folder.") from error
        if not sure:
            raise SpeefeareError(f"{path} is no codec that this version knows; choose a weights file.") from error
        raise damaged(path, str(error)) from error


def _tree(path: Path, stream: BinaryIO, source: MappedFile, sizes: dict[str, int] | None = None) -> Any:
    def persistent(told: Any) -> Storage:
        if not isinstance(told, tuple) or len(told) < 5 or told[0] != "storage" or not isinstance(told[1], Named):
            raise Damaged("it refers to a storage in an unusual way")
        if len(told) > 5 and told[5] is not None:
            raise Damaged("it is of a torch before 0.4; load and save it there again")
        dtype = STORAGE_TYPES.get(told[1].name)
        if dtype is None or not isinstance(told[2], str):
            raise Damaged("it refers to a storage of an unknown type")
        if sizes is not None:
            sizes[told[2]] = ITEM_BYTES[dtype]
        return Storage(told[2], dtype, source)

    return _read(path, stream, persistent)


def _read(path: Path, stream: BinaryIO, persistent: Any) -> Any:
    try:
        return read_pickle(stream, persistent)
    except Forbidden as error:
        raise SpeefeareError(
            f"{path} is a Python pickle that holds more than tensors and plain data ({error}), so it could run code;"
            f" it was not loaded and nothing in it was run. {_SAFE.capitalize()}."
        ) from error


def damaged(path: Path, reason: str) -> SpeefeareError:
    """The error for a file that contradicts itself."""
    return SpeefeareError(f"{path} is damaged or cut off ({reason}); copy or download it again.")
