"""From a weights file to the tree in it: plain data whose leaves are `Stored` tensors. Content decides."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speefeare_core.checkpoints.plain_text import read_config
from speefeare_core.checkpoints.stored import Damaged, Stored
from speefeare_core.checkpoints.torch_file import damaged, read_legacy, read_zip
from speefeare_core.errors import SpeefeareError

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS = (".safetensors", ".pt", ".pth", ".th", ".ckpt", ".bin", ".pkl")
# Endings of files that hold a codec in another way, or seem to: a sentence says which.
_NEARLY = (".json", ".yaml", ".yml", ".onnx", ".pt2", ".nemo", ".tflite", ".h5", ".gguf", ".npy", ".npz")
_OTHERS = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"BM": "a BMP picture",
    b"RIFF": "a sound or video file",
    b"fLaC": "a FLAC sound file",
    b"OggS": "an Ogg sound file",
    b"ID3": "an MP3 sound file",
    b"%PDF": "a PDF document",
    b"GGUF": "a GGUF file of a language model",
    b"\x1f\x8b": "a gzip archive (unpack it first)",
    b"7z\xbc\xaf": "a 7z archive (unpack it first)",
    b"<!DOCTYPE": "a web page, perhaps of a download that asked for a login",
    b"<html": "a web page, perhaps of a download that asked for a login",
    b"version https://git-lfs": "a Git LFS pointer, which only names the real file (run git lfs pull)",
}


@dataclass(frozen=True)
class Container:
    """One weights file, opened."""

    kind: str  # "safetensors", "torch zip", "torch legacy"
    path: Path
    tree: Any
    metadata: dict[str, str] = field(default_factory=dict)  # of safetensors


class SafetensorsFile:
    """An open safetensors file; its library checks every length."""

    def __init__(self, path: Path) -> None:
        from safetensors import SafetensorError, safe_open

        self.path = path
        try:
            with safe_open(str(path), framework="numpy") as file:
                self.metadata: dict[str, str] = dict(file.metadata() or {})
                self.shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}
        except (SafetensorError, OSError, ValueError) as error:
            raise SpeefeareError(
                f"{path} is a damaged or cut-off safetensors file ({error}); copy or download it again."
            ) from error
        self._open: Any = None

    def load(self, name: str) -> Tensor:
        """One tensor, mapped."""
        from safetensors import SafetensorError, safe_open

        try:
            if self._open is None:
                self._open = safe_open(str(self.path), framework="pt")
            tensor: Tensor = self._open.get_tensor(name)
        except (SafetensorError, OSError, ValueError, AttributeError, KeyError) as error:
            raise Damaged(f"its tensor {name} cannot be read") from error
        return tensor


@dataclass(frozen=True)
class SafetensorsStored(Stored):
    """A tensor of a safetensors file."""

    file: SafetensorsFile
    name: str
    shape: tuple[int, ...]

    def load(self) -> Tensor:
        return self.file.load(self.name)


def may_be_weights(path: Path) -> bool:
    """Whether a file may be a checkpoint: by its ending, or as it begins like one."""
    if path.suffix.lower() in (*WEIGHTS, *_NEARLY):
        return True
    if not path.is_file() or path.stat().st_size < 16:
        return False
    with path.open("rb") as file:
        return is_safetensors(path) or file.read(4) in (b"PK\x03\x04", b"\x80\x02\x8a\n")


def is_safetensors(path: Path) -> bool:
    """Whether the file begins as safetensors do: the length of the header, and a brace."""
    with path.open("rb") as file:
        head = file.read(9)
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= path.stat().st_size - 8


def open_container(path: Path) -> Container:
    """Open one weights file. Raises `SpeefeareError` that says what else it is, and what would work."""
    if not path.is_file():
        raise SpeefeareError(f"There is no codec file or folder {path}.")
    size = path.stat().st_size
    if size == 0:
        raise SpeefeareError(f"{path} is empty (0 bytes); download it again.")
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise SpeefeareError(f"{path} cannot be read: {error.strerror or error}.") from error
    if path.name.endswith(".index.json"):
        return _open_index(path)
    if is_safetensors(path):
        return _open_safetensors(path)
    _refuse_others(path, head)
    if zipfile.is_zipfile(path) or head.startswith(b"PK\x03\x04"):
        return Container("torch zip", path, read_zip(path))
    if path.suffix.lower() == ".safetensors":
        return _open_safetensors(path)
    if head.startswith(b"\x80") or path.suffix.lower() in WEIGHTS:
        return Container("torch legacy", path, read_legacy(path, sure=head.startswith(b"\x80")))
    raise SpeefeareError(f"{path} is no codec that this version knows; choose a weights file or a codec folder.")


def _refuse_others(path: Path, head: bytes) -> None:
    for magic, kind in _OTHERS.items():
        if head.startswith(magic):
            raise SpeefeareError(f"{path} is {kind}, no codec: choose a weights file or a codec folder.")
    if head[257:262] == b"ustar":
        if path.suffix == ".nemo":
            raise SpeefeareError(
                f"{path} is a NeMo archive, which this version does not load; convert the codec to .safetensors or to"
                " an ONNX pair with a codec.yaml."
            )
        raise SpeefeareError(f"{path} is a tar archive; unpack it and choose the weights file in it.")
    if path.suffix.lower() == ".json":
        raise SpeefeareError(
            f"{path} is a configuration or other text without weights; choose the weights file beside it."
        )
    if path.suffix.lower() == ".onnx":
        raise SpeefeareError(
            f"{path} is one ONNX file; describe encoder and decoder in a codec.yaml beside them and choose that."
        )
    if head.startswith(b"\x93NUMPY"):
        raise SpeefeareError(
            f"{path} is a numpy array, no codec"
            + ("; its objects are a pickle, which could run code, and were not read." if b"'|O'" in head else ".")
        )
    if head[4:8] == b"TFL3":
        raise SpeefeareError(f"{path} is one TFLite file; of Lyra v2 choose the folder that holds all three.")


def _open_safetensors(path: Path) -> Container:
    file = SafetensorsFile(path)
    tree = {name: SafetensorsStored(file, name, shape) for name, shape in file.shapes.items()}
    return Container("safetensors", path, tree, file.metadata)


def _open_index(path: Path) -> Container:
    """A checkpoint in several files, by its index. Its files must lie beside it."""
    names = read_config(path).get("weight_map")
    files = sorted({str(name) for name in names.values()}) if isinstance(names, dict) else []
    if not files or any(Path(name).name != name for name in files):
        raise SpeefeareError(f"{path} lists no files of tensors beside it; download it again.")
    missing = [name for name in files if not (path.parent / name).is_file()]
    if missing:
        raise SpeefeareError(
            f"{path.parent} lacks {', '.join(missing[:5])}, which {path.name} lists; download the rest."
        )
    parts = [open_container(path.parent / name) for name in files if not name.endswith(".index.json")]
    tree: dict[str, Any] = {}
    for part in parts:
        if not isinstance(part.tree, dict):
            raise damaged(part.path, "it holds no tensors by name")
        tree.update(part.tree)
    return Container(f"{parts[0].kind} in {len(parts)} files" if parts else "empty", path, tree)
