"""Shared arrays of a clip: unlinked with it, or before, with the take or the topic that they belong to."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping

from workbench.engine.memory import SharedArray


class Kept:
    """Arrays by what they belong to; None: to the clip as a whole."""

    def __init__(self) -> None:
        self._arrays: dict[Hashable, list[SharedArray]] = {}

    def keep(self, array: SharedArray, of: Hashable = None) -> SharedArray:
        """From now on it is unlinked with all others."""
        self._arrays.setdefault(of, []).append(array)
        return array

    def release(self, *arrays: SharedArray) -> None:
        """Unlink these now; one that is not kept (any more) is unlinked too."""
        for array in arrays:
            for kept in self._arrays.values():
                if array in kept:
                    kept.remove(array)
            array.unlink()

    def release_of(self, of: Hashable) -> None:
        """Unlink all that belong to something."""
        for array in self._arrays.pop(of, []):
            array.unlink()

    def unlink(self) -> None:
        """Unlink everything; whoever has it mapped may go on reading."""
        for of in list(self._arrays):
            self.release_of(of)


def to_drop(sizes: Mapping[int, int], held: Collection[int], room: int) -> list[int]:
    """Which takes must go so that the bytes of all fit into `room`: the first of `sizes` that are not held."""
    gone: list[int] = []
    total = sum(sizes.values())
    for number, size in sizes.items():
        if total <= room:
            break
        if size and number not in held:
            gone.append(number)
            total -= size
    return gone
