"""Bulk data between window and engine: shared arrays, sample rings and status blocks. Needs numpy only.

The engine creates, the window attaches. An attached mapping stays readable after the engine has died.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import shared_memory
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

PREFIX = "speefeare-"
MAX_SHARED_BYTES = 64 * 1024 * 1024  # larger arrays lie in a mapped temporary file, which the system may page out


@dataclass(frozen=True)
class ArrayRef:
    """Where a shared array lies; small enough for the pipe."""

    kind: Literal["shm", "file"]
    name: str
    shape: tuple[int, ...]
    dtype: str


class SharedArray:
    """A numpy array that two processes see. The creator unlinks it; everybody closes it."""

    def __init__(self, ref: ArrayRef, array: NDArray[Any], memory: shared_memory.SharedMemory | None) -> None:
        self.ref = ref
        self.array: NDArray[Any] = array
        self._memory = memory

    @classmethod
    def create(cls, shape: Sequence[int], dtype: Any) -> SharedArray:
        """A zero-filled array, in shared memory or, where it is large, in a mapped temporary file."""
        kind = np.dtype(dtype)
        size = max(1, int(np.prod(shape)) * kind.itemsize)
        if size > MAX_SHARED_BYTES:
            handle, path = tempfile.mkstemp(prefix=PREFIX, suffix=".array")
            os.truncate(handle, size)
            os.close(handle)
            return cls.attach(ArrayRef("file", path, tuple(shape), kind.str))
        memory = shared_memory.SharedMemory(PREFIX + secrets.token_hex(8), create=True, size=size)
        ref = ArrayRef("shm", memory.name, tuple(shape), kind.str)
        array: NDArray[Any] = np.ndarray(ref.shape, kind, buffer=memory.buf)
        array[...] = 0
        return cls(ref, array, memory)

    @classmethod
    def attach(cls, ref: ArrayRef) -> SharedArray:
        """The same array in another process. Raises FileNotFoundError where it is gone."""
        if ref.kind == "file":
            mapped: NDArray[Any] = np.memmap(ref.name, dtype=ref.dtype, mode="r+", shape=ref.shape)
            return cls(ref, mapped, None)
        memory = shared_memory.SharedMemory(ref.name)
        return cls(ref, np.ndarray(ref.shape, np.dtype(ref.dtype), buffer=memory.buf), memory)

    def close(self) -> None:
        """Let go of the mapping. Views of `array` must not be used afterwards."""
        self.array = np.zeros(0, np.uint8)
        if self._memory is not None:
            with contextlib.suppress(BufferError):  # a view is still alive: the mapping goes with it
                self._memory.close()

    def unlink(self) -> None:
        """Remove it from the system; mappings that exist stay valid."""
        unlink(self.ref)


def unlink(ref: ArrayRef) -> None:
    """Remove a shared array by its reference, whether or not its creator still lives."""
    if ref.kind == "file":
        Path(ref.name).unlink(missing_ok=True)
        return
    with contextlib.suppress(FileNotFoundError):
        memory = shared_memory.SharedMemory(ref.name)
        memory.unlink()
        memory.close()


class Ring:
    """The last `capacity` columns of `[R, n]` data, written by one process and read by others without locks.

    A tap: the writer overwrites, a reader that comes late misses the oldest. Columns are copied before the counter
    moves; a reader checks the counter again after its copy and drops what was overwritten meanwhile.
    """

    def __init__(self, counter: SharedArray, data: SharedArray) -> None:
        self._counter = counter
        self._data = data

    @classmethod
    def create(cls, rows: int, capacity: int, dtype: Any) -> Ring:
        """An empty ring."""
        return cls(SharedArray.create((1,), np.int64), SharedArray.create((rows, capacity), dtype))

    @classmethod
    def attach(cls, ref: RingRef) -> Ring:
        """The same ring in another process."""
        return cls(SharedArray.attach(ref.counter), SharedArray.attach(ref.data))

    @property
    def ref(self) -> RingRef:
        """What the other process needs to attach."""
        return RingRef(self._counter.ref, self._data.ref)

    @property
    def written(self) -> int:
        """Columns written since the start."""
        return int(self._counter.array[0])

    @property
    def capacity(self) -> int:
        """Columns kept."""
        return int(self._data.array.shape[1])

    def write(self, columns: NDArray[Any]) -> None:
        """Append `[R, n]`; of more than `capacity` columns the last are kept."""
        total = columns.shape[1]
        start = self.written
        kept = columns[:, -self.capacity :]
        at = (start + total - kept.shape[1]) % self.capacity
        first = min(kept.shape[1], self.capacity - at)
        self._data.array[:, at : at + first] = kept[:, :first]
        self._data.array[:, : kept.shape[1] - first] = kept[:, first:]
        self._counter.array[0] = start + total

    def read_since(self, position: int) -> tuple[NDArray[Any], int]:
        """Columns from `position` on, as far as they are still there: `([R, n], new position)`."""
        end = self.written
        start = max(position, end - self.capacity, 0)
        index = np.arange(start, end) % self.capacity
        columns = self._data.array[:, index]
        lost = max(0, self.written - self.capacity - start)
        return columns[:, lost:], end

    def latest(self, count: int) -> NDArray[Any]:
        """The last `count` columns `[R, ≤ count]`."""
        return self.read_since(max(0, self.written - count))[0]

    def close(self) -> None:
        """Let go of the mappings."""
        self._counter.close()
        self._data.close()

    def unlink(self) -> None:
        """Remove from the system."""
        self._counter.unlink()
        self._data.unlink()


@dataclass(frozen=True)
class RingRef:
    """Where a ring lies."""

    counter: ArrayRef
    data: ArrayRef


class Status:
    """Named float64 values that one process writes and others read (positions, counters, levels)."""

    def __init__(self, names: Sequence[str], memory: SharedArray) -> None:
        self._index = {name: index for index, name in enumerate(names)}
        self._memory = memory

    @classmethod
    def create(cls, names: Sequence[str]) -> Status:
        """All values zero."""
        return cls(names, SharedArray.create((len(names),), np.float64))

    @classmethod
    def attach(cls, names: Sequence[str], ref: ArrayRef) -> Status:
        """The same values in another process."""
        return cls(names, SharedArray.attach(ref))

    @property
    def ref(self) -> ArrayRef:
        """What the other process needs to attach."""
        return self._memory.ref

    def __getitem__(self, name: str) -> float:
        return float(self._memory.array[self._index[name]])

    def __setitem__(self, name: str, value: float) -> None:
        self._memory.array[self._index[name]] = value

    def close(self) -> None:
        """Let go of the mapping."""
        self._memory.close()

    def unlink(self) -> None:
        """Remove from the system."""
        self._memory.unlink()
