"""load_codec: from "default", a shipped name, a file or a folder to a codec that is ready to use."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from speefeare_core import resources
from speefeare_core.checkpoints import native
from speefeare_core.checkpoints.reading import load_sniffed
from speefeare_core.checkpoints.sniff import examine
from speefeare_core.codecs import FAMILIES
from speefeare_core.errors import SpeefeareError

if TYPE_CHECKING:
    from speefeare_core.codec import Codec


def resolve(source: str | Path) -> Path:
    """The file or folder that a source means. Raises `SpeefeareError` for an unknown name."""
    text = str(source)
    if text == "default":
        return resources.default_codec()
    shipped = resources.shipped_codecs()
    if text in shipped:
        return shipped[text]
    path = Path(text).expanduser()
    if not path.exists() and path.name == text and not path.suffix:
        raise SpeefeareError(
            f"There is no codec named {text}; shipped are {', '.join(sorted(shipped))}, or give a file or folder."
        )
    return path


def load_codec(source: str | Path = "default", device: str = "auto") -> Codec:
    """Load a codec in eval mode with gradients off.

    `source`: "default", a shipped name, a file, a folder, or "opus:12" for Opus at 12 kbps.
    `device`: "auto", "cpu", "cuda", "cuda:1", "mps".
    Executes nothing of what it loads. Raises `SpeefeareError`, one sentence with the file and what would help.
    """
    from speefeare_core.devices import choose_device

    built_in = next((row for row in FAMILIES.values() if str(source).startswith(row.prefixes or "\0")), None)
    if built_in is not None:  # comes with a package, not in a file
        made: Codec = built_in.load_class().from_source(str(source))
        return made
    path = resolve(source)
    codec = _load_path(path)
    shipped = {folder: name for name, folder in resources.shipped_codecs().items()}
    if path in shipped:  # a name means the same on another machine, a path does not
        codec.info = dataclasses.replace(codec.info, source=shipped[path])
    codec.module.eval().requires_grad_(False).to(choose_device(device))
    return codec


def _load_path(path: Path) -> Codec:
    sniffed = examine(path)
    found = sniffed.found
    if found.family not in FAMILIES:
        raise SpeefeareError(f"{found.file} is of the family {found.family}, which this version does not know.")
    row = FAMILIES[found.family]
    if found.layout in row.containers:
        codec: Codec = row.load_class().from_folder(path)
        return codec
    if found.layout == "native":
        return _from_native(found.file)
    try:
        codec = row.load_class().from_official(load_sniffed(sniffed))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise SpeefeareError(
            f"{found.file} looks like a {found.title} checkpoint, but does not hold what one has ({_reason(error)});"
            " it may be of another version, or damaged."
        ) from error
    codec.info = dataclasses.replace(codec.info, notes=(*codec.info.notes, *found.evidence))
    return codec


def _from_native(file: Path) -> Codec:
    data = native.read(file)
    if not hasattr(FAMILIES[data.family].load_class(), "from_native"):
        raise SpeefeareError(f"{file} is of the family {data.family}, which this version does not know.")
    try:
        codec: Codec = FAMILIES[data.family].load_class().from_native(data)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise SpeefeareError(f"{file} does not fit its own description ({_reason(error)}); export it again.") from error
    return codec


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__  # torch lists signatures
