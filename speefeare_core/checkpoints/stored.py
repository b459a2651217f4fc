"""Stored: a tensor that still lies in its file; its name and shape are known, its values are read when asked for.

Telling what a checkpoint is needs names and shapes alone, so nothing here imports torch before `load`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.errors import SpeefeareError

if TYPE_CHECKING:
    from torch import Tensor

# What torch calls its storages → its dtype, and the bytes of one element.
STORAGE_TYPES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
    "UntypedStorage": "uint8",
}
ITEM_BYTES = {
    **dict.fromkeys(("float64", "int64", "uint64", "complex64"), 8),
    **dict.fromkeys(("float32", "int32", "uint32"), 4),
    **dict.fromkeys(("float16", "bfloat16", "int16", "uint16"), 2),
    **dict.fromkeys(("int8", "uint8", "bool", "float8_e4m3fn", "float8_e5m2"), 1),
    "complex128": 16,
}


class Damaged(ValueError):
    """The bytes of a file contradict themselves. `str(error)` says how, without naming the file."""


class Stored(ABC):
    """One tensor in a file."""

    shape: tuple[int, ...]

    @abstractmethod
    def load(self) -> Tensor:
        """The tensor, mapped from the file where possible. Raises `Damaged`."""


class Bytes(ABC):
    """Where the storages of a torch file lie."""

    @abstractmethod
    def of(self, key: str) -> NDArray[np.uint8]:
        """The bytes of one storage, mapped, private to this process. Raises `Damaged`."""


class MappedFile(Bytes):
    """A file whose storages lie in one piece each: key → (first byte, number of bytes)."""

    def __init__(self, path: Path, places: dict[str, tuple[int, int]]) -> None:
        self.path = path
        self.places = places
        self._map: NDArray[np.uint8] | None = None

    def of(self, key: str) -> NDArray[np.uint8]:
        if key not in self.places:
            raise Damaged(f"the values of tensor storage {key[:40]} are missing")
        if self._map is None:
            try:
                self._map = np.memmap(self.path, np.uint8, "c")
            except (OSError, ValueError) as error:
                raise SpeefeareError(f"{self.path} cannot be read: {error}.") from error
        start, length = self.places[key]
        if start < 0 or length < 0 or start + length > self._map.size:
            raise Damaged("it ends before the values of its tensors")
        return self._map[start : start + length]


@dataclass(frozen=True)
class Storage:
    """What a torch pickle says of one storage."""

    key: str
    dtype: str
    source: Bytes


@dataclass(frozen=True)
class TorchStored(Stored):
    """A tensor of a torch file: a strided view of a storage. Offset and strides count elements."""

    storage: Storage
    dtype: str
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @classmethod
    def checked(cls, storage: Any, dtype: str, offset: Any, shape: Any, stride: Any) -> TorchStored:
        """Raises `Damaged` where the parts are not what torch writes."""
        numbers = (offset, *shape, *stride) if isinstance(shape, tuple) and isinstance(stride, tuple) else (None,)
        if not isinstance(storage, Storage) or len(shape) != len(stride) or len(shape) > 16:
            raise Damaged("a tensor in it has no proper description")
        if any(type(number) is not int or not 0 <= number < 1 << 48 for number in numbers):
            raise Damaged("a tensor in it has no proper size")
        return cls(storage, dtype, offset, shape, stride)

    def load(self) -> Tensor:
        import torch

        raw = self.storage.source.of(self.storage.key)
        item = ITEM_BYTES[self.dtype]
        count = int(np.prod([float(n) for n in self.shape]))
        extent = 1 + sum((n - 1) * step for n, step in zip(self.shape, self.stride, strict=True)) if count else 0
        first, last = self.offset * item, (self.offset + extent) * item
        # A tensor that repeats its values by a stride of 0 could claim any size.
        if last > raw.size or count * item > raw.size:
            raise Damaged("a tensor in it is larger than its values")
        piece = raw[first:last]
        if piece.ctypes.data % item:
            piece = piece.copy()
        flat = torch.from_numpy(np.asarray(piece)).view(getattr(torch, self.dtype))
        return flat.as_strided(self.shape, self.stride)
