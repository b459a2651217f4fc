"""Shared arrays that belong to the codec and not to a clip: they go when another codec comes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.engine.memory import SharedArray


class Shelf:
    """Used on the task thread only. The window maps what it is told of at once, so nothing that it shows goes."""

    def __init__(self) -> None:
        self._arrays: dict[Any, list[SharedArray]] = {}

    def share(self, key: Any, array: NDArray[Any]) -> SharedArray:
        """A shared copy."""
        shared = SharedArray.create(array.shape, array.dtype)
        shared.array[...] = array
        self.put(key, [shared])
        return shared

    def put(self, key: Any, arrays: list[SharedArray]) -> None:
        """Keep these under a key, in the place of what was there."""
        for old in self._arrays.pop(key, ()):
            old.unlink()
        self._arrays[key] = arrays

    def clear(self) -> None:
        """Remove all from the system."""
        for arrays in self._arrays.values():
            for array in arrays:
                array.unlink()
        self._arrays.clear()


SHELF = Shelf()


def padded(rows: list[NDArray[Any]], fill: Any) -> NDArray[Any]:
    """Arrays of different first lengths as one `[K, N, …]`."""
    longest = max(len(row) for row in rows)
    out = np.full((len(rows), longest, *rows[0].shape[1:]), fill, rows[0].dtype)
    for place, row in zip(out, rows, strict=True):
        place[: len(row)] = row
    return out
