"""load_codec: from "default", a shipped name, a file or a folder to a codec that is ready to use."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from speefeare_core import resources
from speefeare_core.checkpoints import native
from speefeare_core.checkpoints.sniff import sniff
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

    if str(source).startswith("opus:"):  # comes with a package, not in a file
        built_in: Codec = FAMILIES["opus"].load_class().from_source(str(source))
        return built_in
    path = resolve(source)
    container = sniff(path)
    if container == "native":
        file = path / "model.safetensors" if path.is_dir() else path
        data = native.read(file)
        if data.family not in FAMILIES or not hasattr(FAMILIES[data.family].load_class(), "from_native"):
            raise SpeefeareError(f"{file} is of the family {data.family}, which this version does not know.")
        try:
            codec: Codec = FAMILIES[data.family].load_class().from_native(data)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__  # torch lists signatures
            raise SpeefeareError(f"{file} does not fit its own description ({reason}); export it again.") from error
    else:
        family = next(row for row in FAMILIES.values() if container in row.containers)
        codec = family.load_class().from_folder(path)
    shipped = {folder: name for name, folder in resources.shipped_codecs().items()}
    if path in shipped:  # a name means the same on another machine, a path does not
        codec.info = dataclasses.replace(codec.info, source=shipped[path])
    codec.module.eval().requires_grad_(False).to(choose_device(device))
    return codec
