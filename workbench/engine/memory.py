"""Bulk data between window and engine: shared arrays, sample rings and status blocks. Needs numpy only.

The engine creates, the window attaches. An array is a mapped file: of a folder in main memory where the system has one,
of the temporary folder where it is large. A mapping lives as long as an array that shows it, so what is attached stays
readable after the engine has died and after the file was removed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

PREFIX = "speefeare-"
MAX_SHARED_BYTES = 64 * 1024 * 1024  # larger arrays lie on disk, where the system may page them out
# The variable is for containers whose /dev/shm is small, and for tests that want a folder of their own.
_MEMORY_FOLDER = Path(os.environ.get("SPEEFEARE_SHARED_MEMORY", "/dev/shm"))
_session = secrets.token_hex(4)


def set_session(token: str) -> None:
    """Name what this process creates from now on after a session, so that its owner can remove all of it."""
    global _session
    _session = token


def folders() -> tuple[Path, ...]:
    """Where arrays lie: main memory first, if it can be written."""
    disk = Path(tempfile.gettempdir())
    return (_MEMORY_FOLDER, disk) if os.access(_MEMORY_FOLDER, os.W_OK) else (disk,)


def remove_session(token: str, keep: Path | None = None) -> int:
    """Remove every file of a session but `keep`, whether or not its creator still lives; how many there were."""
    count = 0
    for folder in folders():
        for path in folder.glob(f"{PREFIX}{token}-*"):
            if path == keep:
                continue
            with contextlib.suppress(OSError):
                path.unlink()
                count += 1
    return count


@dataclass(frozen=True)
class ArrayRef:
    """Where a shared array lies; small enough for the pipe."""

    kind: Literal["shm", "file"]  # in main memory, or on disk
    name: str  # path
    shape: tuple[int, ...]
    dtype: str


class SharedArray:
    """A numpy array that two processes see. The creator unlinks it; everybody closes it."""

    def __init__(self, ref: ArrayRef, array: NDArray[Any]) -> None:
        self.ref = ref
        self.array: NDArray[Any] = array

    @classmethod
    def create(cls, shape: Sequence[int], dtype: Any) -> SharedArray:
        """A zero-filled array in main memory, or on disk where that is full or too small. OSError: both are."""
        kind = np.dtype(dtype)
        size = max(1, int(np.prod(shape)) * kind.itemsize)
        places = folders()
        if size > MAX_SHARED_BYTES:
            places = places[-1:]
        for place in places:
            path = place / f"{PREFIX}{_session}-{secrets.token_hex(8)}"
            try:
                _reserve(path, size)
            except OSError:
                path.unlink(missing_ok=True)
                if place == places[-1]:
                    raise
                continue
            break
        where: Literal["shm", "file"] = "shm" if path.parent == _MEMORY_FOLDER else "file"
        return cls.attach(ArrayRef(where, str(path), tuple(int(n) for n in shape), kind.str))

    @classmethod
    def attach(cls, ref: ArrayRef) -> SharedArray:
        """The same array in another process. Raises FileNotFoundError where it is gone."""
        if 0 in ref.shape:
            return cls(ref, np.zeros(ref.shape, ref.dtype))
        mapped: NDArray[Any] = np.memmap(ref.name, dtype=ref.dtype, mode="r+", shape=ref.shape)
        return cls(ref, mapped.view(np.ndarray))

    def close(self) -> None:
        """Let go of the mapping; it goes with the last view of `array`."""
        self.array = np.zeros(0, np.uint8)

    def unlink(self) -> None:
        """Remove it from the system; mappings that exist stay valid."""
        unlink(self.ref)


def _reserve(path: Path, size: int) -> None:
    """A file of zeros whose space is really there: a hole that cannot be filled would kill the process on a write."""
    with path.open("xb") as file:
        os.chmod(path, 0o600)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            os.truncate(file.fileno(), size)


def unlink(ref: ArrayRef) -> None:
    """Remove a shared array by its reference, whether or not its creator still lives."""
    with contextlib.suppress(OSError):
        Path(ref.name).unlink()


class Ring:
    """The last `capacity` columns of `[R, n]` data, written by one process and read by others without locks.

    A tap: the writer overwrites, a reader that comes late misses the oldest. Two counters: the writer announces what it
    is about to overwrite, copies, and then counts it as written; a reader looks at the announcement after its copy and
    drops what may have been overwritten meanwhile.
    """

    def __init__(self, counter: SharedArray, data: SharedArray) -> None:
        self._counter = counter
        self._data = data

    @classmethod
    def create(cls, rows: int, capacity: int, dtype: Any) -> Ring:
        """An empty ring."""
        return cls(SharedArray.create((2,), np.int64), SharedArray.create((rows, capacity), dtype))

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

    @property
    def rows(self) -> int:
        """R."""
        return int(self._data.array.shape[0])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the data."""
        return self._data.array.dtype

    def write(self, columns: NDArray[Any]) -> None:
        """Append `[R, n]`; of more than `capacity` columns the last are kept."""
        total = columns.shape[1]
        start = self.written
        kept = columns[:, -self.capacity :]
        self._counter.array[1] = start + total
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
        lost = max(0, int(self._counter.array[1]) - self.capacity - start)
        return columns[:, lost:], end

    def copy_to(self, out: NDArray[Any], start: int) -> int:
        """Copy columns `[start, start + n)` into `out` `[R, n]`, which must all have been written.

        How many of the first are not what they should be, because the writer has overwritten them.
        """
        count = out.shape[1]
        at = start % self.capacity
        first = min(count, self.capacity - at)
        out[:, :first] = self._data.array[:, at : at + first]
        out[:, first:] = self._data.array[:, : count - first]
        return min(count, max(0, int(self._counter.array[1]) - self.capacity - start))

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
