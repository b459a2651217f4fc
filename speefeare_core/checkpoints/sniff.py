"""What is this file? Decided by content, never by name alone, and without executing anything."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path

from speefeare_core.checkpoints.native import read_metadata
from speefeare_core.errors import SpeefeareError

LYRA_FILES = ("soundstream_encoder.tflite", "quantizer.tflite", "lyragan.tflite")
_PICTURES = {b"\x89PNG": "PNG picture", b"\xff\xd8\xff": "JPEG picture", b"GIF8": "GIF picture", b"BM": "BMP picture"}
_SOUNDS = {b"RIFF": "sound or video", b"fLaC": "FLAC sound", b"OggS": "Ogg sound", b"ID3": "MP3 sound"}


def sniff(path: str | Path) -> str:
    """The container: "native" or a key that some family lists in `containers`.

    Raises `SpeefeareError` that names the file, the reason and what would work.
    """
    path = Path(path)
    if not path.exists():
        raise SpeefeareError(f"There is no codec file or folder {path}.")
    if path.is_dir():
        return _sniff_folder(path)
    size = path.stat().st_size
    if size == 0:
        raise SpeefeareError(f"{path} is empty (0 bytes); download it again.")
    with path.open("rb") as file:
        head = file.read(16)
    for magic, kind in {**_PICTURES, **_SOUNDS}.items():
        if head.startswith(magic):
            raise SpeefeareError(f"{path} is a {kind} file, no codec: choose a .safetensors file or a codec folder.")
    # A safetensors file begins with the length of its header, whose first byte may be that of a pickle too.
    header = head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= size - 8
    if not header and (zipfile.is_zipfile(path) or head.startswith(b"\x80")):
        _refuse_pickle(path)
    if path.suffix == ".safetensors" or head[8:9] == b"{":
        if "speefeare" in read_metadata(path):
            return "native"
        raise SpeefeareError(f"{path} is a safetensors file, but no codec that this version knows.")
    raise SpeefeareError(f"{path} is no codec that this version knows; choose a .safetensors file or a codec folder.")


def _sniff_folder(path: Path) -> str:
    if all((path / name).is_file() for name in LYRA_FILES):
        return "lyra"
    if (path / "model.safetensors").is_file():
        return sniff(path / "model.safetensors")
    missing = [name for name in LYRA_FILES if not (path / name).is_file()]
    if len(missing) < len(LYRA_FILES):
        raise SpeefeareError(f"The Lyra folder {path} lacks {', '.join(missing)}.")
    raise SpeefeareError(f"The folder {path} holds no codec: no model.safetensors and no Lyra files.")


def _refuse_pickle(path: Path) -> None:
    """Explain a torch or pickle file. Only torch's restricted reader touches it: tensors and plain data."""
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickle protocols; the sentence below says what matters
            torch.load(str(path), map_location="cpu", weights_only=True)
    except Exception as error:  # the restricted reader raises many kinds; every one of them means: not plain weights
        raise SpeefeareError(
            f"{path} is a Python pickle that holds more than tensors, so it could run code; it was not loaded and"
            " nothing in it was run. Ask for a .safetensors file, or a state dict saved with torch.save."
        ) from error
    raise SpeefeareError(f"{path} holds plain tensors, but of no codec that this version knows.")
