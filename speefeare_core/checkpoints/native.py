"""The project's own checkpoint: one safetensors file whose metadata say what it is. Loading executes nothing."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speefeare_core.errors import SpeefeareError

if TYPE_CHECKING:
    from torch import Tensor

VERSION = "1"


@dataclass(frozen=True)
class NativeFile:
    """A family, its configuration (plain JSON), its tensors, and words for the card."""

    family: str
    name: str
    config: dict[str, Any]
    tensors: dict[str, Tensor]
    licence: str = "unknown"
    notes: tuple[str, ...] = ()
    source: str = field(default="", compare=False)


def save(native: NativeFile, path: str | Path) -> None:
    """Write by a temporary file, fsync and rename, so that a file of this name is always whole."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    path = Path(path)
    metadata = {
        "speefeare": VERSION,
        "family": native.family,
        "name": native.name,
        "licence": native.licence,
        "notes": json.dumps(list(native.notes)),
        "config": json.dumps(native.config, sort_keys=True),
    }
    part = path.with_name(path.name + ".part")
    try:
        save_file({k: v.contiguous() for k, v in native.tensors.items()}, str(part), metadata)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.chmod(0o666 & ~_umask())  # safetensors makes it readable by its owner alone
        part.replace(path)
    except (OSError, SafetensorError) as error:
        part.unlink(missing_ok=True)
        reason = error.strerror if isinstance(error, OSError) else ""
        raise SpeefeareError(f"{path} cannot be written: {reason or error}.") from error


def _umask() -> int:
    mask = os.umask(0o022)  # it can only be read by setting it
    os.umask(mask)
    return mask


def read_metadata(path: str | Path) -> dict[str, str]:
    """The metadata of a safetensors file, without its tensors. Raises `SpeefeareError` for a damaged file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError, ValueError) as error:
        raise SpeefeareError(
            f"{path} is a damaged or cut-off safetensors file ({error}); copy or download it again."
        ) from error


def read(path: str | Path) -> NativeFile:
    """Read a native checkpoint. Raises `SpeefeareError` where it is damaged or not one of ours."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    metadata = read_metadata(path)
    if "speefeare" not in metadata:
        raise SpeefeareError(f"{path} is a safetensors file, but no codec that this version knows.")
    try:
        return NativeFile(
            family=metadata["family"],
            name=metadata["name"],
            config=json.loads(metadata["config"]),
            tensors=load_file(str(path)),
            licence=metadata.get("licence", "unknown"),
            notes=tuple(json.loads(metadata.get("notes", "[]"))),
            source=str(path),
        )
    except (KeyError, ValueError, SafetensorError, OSError) as error:
        raise SpeefeareError(f"{path} has incomplete codec metadata ({error}); export it again.") from error
