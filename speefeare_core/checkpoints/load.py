"""load_codec: from "default", a name, a file or a folder to a codec that is ready to use."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speefeare_core import resources
from speefeare_core.checkpoints import native
from speefeare_core.checkpoints.reading import load_sniffed
from speefeare_core.checkpoints.sniff import Sniffed, examine
from speefeare_core.codecs import FAMILIES, Family
from speefeare_core.codecs.plugins import find_family, load_plugin_class, plugins
from speefeare_core.errors import SpeefeareError

if TYPE_CHECKING:
    from speefeare_core.codec import Codec

# What reading a file into a network raises where the two disagree.
_MISFITS = (KeyError, IndexError, TypeError, ValueError, AttributeError, RuntimeError, ArithmeticError, MemoryError)


def resolve(source: str | Path) -> Path:
    """The file or folder that a source means. Raises `SpeefeareError` for an unknown name; never downloads."""
    text = str(source)
    if text == "default":
        return resources.default_codec()
    shipped = resources.shipped_codecs()
    if text in shipped:
        return shipped[text]
    path = Path(text).expanduser()
    try:
        if path.exists():
            return path
    except OSError as error:  # of a folder that may not be looked into
        raise SpeefeareError(f"{path} cannot be read: {error.strerror or error}.") from error
    from speefeare_core.catalog import is_catalog_source, local_path

    if is_catalog_source(text):
        return local_path(text)
    if path.name == text and not path.suffix:
        raise SpeefeareError(
            f"There is no codec named {text}; shipped are {' and '.join(sorted(shipped))}, and `speefeare catalog`"
            f" lists those to download; or give a file or folder.{plugins().hint()}"
        )
    return path


def load_codec(source: str | Path = "default", device: str = "auto") -> Codec:
    """Load a codec in eval mode with gradients off.

    `source`: "default", a shipped name, a file, a folder, a name of the catalog or `hf:owner/name` that has been
    downloaded, or what a family makes by itself: "opus:12" for Opus at 12 kbps.
    `device`: "auto", "cpu", "cuda", "cuda:1", "mps".
    Executes nothing of what it loads, and uses no network. Raises `SpeefeareError`, one sentence with the file and
    what would help.
    """
    from speefeare_core.devices import choose_device

    maker = _maker(str(source))
    if maker is not None:  # comes with a package, not in a file
        made: Codec = _class_of(maker).from_source(str(source))
        return made
    path = resolve(source)
    chosen = choose_device(device)  # a device that is not there is told before the weights are read
    codec = _load_path(path)
    shipped = {folder: name for name, folder in resources.shipped_codecs().items()}
    if path in shipped:  # a name means the same on another machine, a path does not
        codec.info = dataclasses.replace(codec.info, source=shipped[path])
    elif not codec.info.source:  # a family of another package may not say it
        codec.info = dataclasses.replace(codec.info, source=str(path))
    codec.module.eval().requires_grad_(False).to(chosen)
    return codec


def _maker(source: str) -> Family | None:
    """The family that makes this source without a file: `opus:12`, `mulaw`."""
    prefix = source.partition(":")[0] + ":"
    for family in FAMILIES.values():
        if prefix in family.prefixes:
            return family
    if len(prefix) > 2 and source.startswith(prefix) and prefix != "hf:" and not Path(source).exists():
        return next((family for family in plugins().families.values() if prefix in family.prefixes), None)
    return None


def _load_path(path: Path) -> Codec:
    try:
        sniffed = examine(path)
    except PermissionError as error:
        raise SpeefeareError(f"{error.filename} cannot be read: {error.strerror or error}.") from error
    found = sniffed.found
    family = find_family(found.family)
    if family is None:
        raise SpeefeareError(
            f"{found.file} is of the family {found.family}, which this version does not know.{plugins().hint()}"
        )
    if found.layout in family.containers:
        codec: Codec = _class_of(family).from_folder(path)
        return codec
    if found.layout == "native":
        return _from_native(found.file, family)
    codec = _from_official(sniffed, family)
    codec.info = dataclasses.replace(codec.info, notes=(*codec.info.notes, *found.evidence))
    return codec


def _class_of(family: Family) -> Any:
    return family.load_class() if family.key in FAMILIES else load_plugin_class(family)


def _from_official(sniffed: Sniffed, family: Family) -> Codec:
    from speefeare_core.checkpoints.budget import within_budget

    found = sniffed.found
    official = load_sniffed(sniffed)
    try:
        with within_budget(sum(tensor.numel() for tensor in official.tensors.values())):
            codec: Codec = _class_of(family).from_official(official)
    except _MISFITS as error:
        raise SpeefeareError(
            f"{found.file} looks like a {found.title} checkpoint, but does not hold what one has ({_reason(error)});"
            " it may be of another version, or damaged."
        ) from error
    return codec


def _from_native(file: Path, family: Family) -> Codec:
    from speefeare_core.checkpoints.budget import within_budget

    data = native.read(file)
    if not hasattr(_class_of(family), "from_native"):
        raise SpeefeareError(f"{file} is of the family {data.family}, which this version does not know.")
    try:
        with within_budget(sum(tensor.numel() for tensor in data.tensors.values())):
            codec: Codec = _class_of(family).from_native(data)
    except _MISFITS as error:
        raise SpeefeareError(f"{file} does not fit its own description ({_reason(error)}); export it again.") from error
    return codec


def _reason(error: BaseException) -> str:
    words = str(error).splitlines()[0][:200] if str(error) else ""  # torch lists signatures
    return words or type(error).__name__
