"""States of a decoder along a recording, kept in bounded memory, so that decoding can go on from any of them."""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

ROOM_BYTES = 64 << 20


class KeptStates:
    """One state after so many frames, with how many samples the decoder had given by then. Sparser as they grow."""

    def __init__(self, room_bytes: int = ROOM_BYTES) -> None:
        self._room = room_bytes
        self._frames: list[int] = []  # ascending
        self._kept: dict[int, tuple[int, Any, int]] = {}  # frame → samples, state, bytes
        self._every = 1  # of the states that are offered, one in so many is kept
        self._step = 0  # frames between two that are offered

    def before(self, frame: int) -> tuple[int, int, Any]:
        """The last one at or before a frame: its frame, its samples, its state; (0, 0, None) where there is none."""
        place = bisect.bisect_right(self._frames, frame)
        if not place:
            return 0, 0, None
        found = self._frames[place - 1]
        samples, state, _ = self._kept[found]
        return found, samples, state

    def is_known(self, frame: int, samples: int, state: Any) -> bool:
        """Whether the same state, to the bit, is kept for this frame."""
        kept = self._kept.get(frame)
        return kept is not None and kept[0] == samples and same(kept[1], state)

    def keep(self, frame: int, samples: int, state: Any) -> None:
        """Offer a state, in the place of the one that was kept for this frame."""
        self._step = self._step or frame
        if frame not in self._kept:
            if frame // max(1, self._step) % self._every:
                return
            bisect.insort(self._frames, frame)
        self._kept[frame] = (samples, state, size(state))
        while sum(row[2] for row in self._kept.values()) > self._room and len(self._frames) > 1:
            self._every *= 2
            for old in [old for old in self._frames if old // max(1, self._step) % self._every]:
                self._frames.remove(old)
                del self._kept[old]
            if self._every > max(self._frames, default=0):
                break


def same(first: Any, second: Any) -> bool:
    """Whether two states are equal to the bit. What is of no known kind is not."""
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        return first.shape == second.shape and first.dtype == second.dtype and bool(torch.equal(first, second))
    if type(first) is not type(second):
        return False
    if isinstance(first, Mapping):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, tuple | list):
        return len(first) == len(second) and all(same(a, b) for a, b in zip(first, second, strict=True))
    if dataclasses.is_dataclass(first):
        return all(same(getattr(first, row.name), getattr(second, row.name)) for row in dataclasses.fields(first))
    return first is None or (isinstance(first, bool | int | float | str) and bool(first == second))


def size(state: Any) -> int:
    """Bytes of the tensors of a state."""
    if isinstance(state, Tensor):
        return state.numel() * state.element_size()
    if isinstance(state, Mapping):
        return sum(size(value) for value in state.values())
    if isinstance(state, tuple | list):
        return sum(size(value) for value in state)
    if dataclasses.is_dataclass(state):
        return sum(size(getattr(state, row.name)) for row in dataclasses.fields(state))
    return 0
