"""Pieces of an `Encoded`: cut at frames, and put together again.

A piece is an `Encoded` whose `length_samples` is what it adds to the recording, so that the lengths of all pieces add
up to the whole. Positions are frames of the fastest book; slower books are cut at frames common to all. Side
information `[B, F, …]` runs along with the frames; of any other shape it belongs to the whole recording.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from speefeare_core.codec import CodecInfo, Encoded
from speefeare_core.errors import SpeefeareError

if TYPE_CHECKING:
    from torch import Tensor


def common_frames(info: CodecInfo) -> int:
    """Frames of the fastest book after which every book begins a frame (4 for rates of 4:2:1)."""
    return math.lcm(*(slowness(info, book) for book in range(info.depth)), 1)


def slowness(info: CodecInfo, book: int) -> int:
    """Frames of the fastest book within one frame of this one."""
    return max(1, round(info.frame_rate_hz / info.books[book].frame_rate_hz))


def group_slowness(info: CodecInfo, encoded: Encoded) -> tuple[int, ...]:
    """`slowness` of each group of codes."""
    found, book = [], 0
    for group in encoded.code_groups:
        found.append(slowness(info, book))
        book += group.shape[1]
    return tuple(found)


def count_frames(info: CodecInfo, encoded: Encoded) -> int:
    """Frames of the fastest rate."""
    if encoded.code_groups:
        slow = group_slowness(info, encoded)
        return max(group.shape[-1] * times for group, times in zip(encoded.code_groups, slow, strict=True))
    if encoded.latents is not None:
        return int(encoded.latents.shape[-1])
    along = [value.shape[1] for value in encoded.side.values() if value.ndim > 1]
    if not along:
        raise SpeefeareError(f"{info.name} gave neither codes nor latents nor side information.")
    return int(max(along))


def cut(info: CodecInfo, encoded: Encoded, start: int, stop: int, length_samples: int) -> Encoded:
    """The frames [start, stop), both common to all books (or `stop` the end). Tensors are views."""
    frames = count_frames(info, encoded)
    groups = tuple(
        group[..., start // times : -(-stop // times)]
        for group, times in zip(encoded.code_groups, group_slowness(info, encoded), strict=True)
    )
    latents = encoded.latents
    if latents is not None and latents.shape[-1] == frames:
        latents = latents[..., start:stop]
    side = {
        name: value[:, start:stop] if value.ndim > 1 and value.shape[1] == frames else value
        for name, value in encoded.side.items()
    }
    return Encoded(groups, latents, length_samples, side)


def split(info: CodecInfo, encoded: Encoded, frames: int) -> Iterator[Encoded]:
    """Pieces of `frames` frames, rounded up to what is common to all books; without latents where there are codes."""
    size = round_up(max(1, frames), common_frames(info))
    total, told = count_frames(info, encoded), 0
    kept = Encoded(encoded.code_groups, None, 0, encoded.side) if encoded.code_groups else encoded
    for start in range(0, total, size):
        stop = min(start + size, total)
        upto = encoded.length_samples if stop == total else min(encoded.length_samples, stop * info.hop_samples)
        yield cut(info, kept, start, stop, upto - told)
        told = upto


def round_up(count: int, unit: int) -> int:
    """The next multiple of `unit`."""
    return -(-count // unit) * unit


class Joiner:
    """Puts pieces together on the CPU, in buffers that grow. `latents=False` drops them where there are codes.

    `expected_frames` saves growing. Small pieces that are kept would pin the freed memory between them, so all is
    copied.
    """

    def __init__(self, info: CodecInfo, expected_frames: int = 0, latents: bool = True) -> None:
        self._info = info
        self._expected = expected_frames
        self._keep_latents = latents or not info.books
        self._buffers: dict[str, _Buffer] = {}
        self._constant: dict[str, Tensor] = {}
        self._length = 0

    def push(self, piece: Encoded | None) -> None:
        """Append a piece (None: nothing)."""
        if piece is None:
            return
        self._length += piece.length_samples
        frames = count_frames(self._info, piece)
        for index, group in enumerate(piece.code_groups):
            self._append(f"group {index}", group, -1)
        if piece.latents is not None and self._keep_latents:
            self._append("latents", piece.latents, -1)
        for name, value in piece.side.items():
            if value.ndim > 1 and value.shape[1] == frames:
                self._append(f"side {name}", value, 1)
            else:
                self._constant.setdefault(name, value)

    def result(self) -> Encoded:
        """Everything so far; the tensors are views of the buffers."""
        groups = [self._buffers[name].filled() for name in self._buffers if name.startswith("group ")]
        latents = self._buffers["latents"].filled() if "latents" in self._buffers else None
        side = {
            name.removeprefix("side "): buffer.filled()
            for name, buffer in self._buffers.items()
            if name.startswith("side ")
        }
        return Encoded(tuple(groups), latents, self._length, {**self._constant, **side})

    def _append(self, name: str, value: Tensor, axis: int) -> None:
        if name not in self._buffers:
            self._buffers[name] = _Buffer(value, axis, self._expected)
        self._buffers[name].append(value)


class _Buffer:
    def __init__(self, like: Tensor, axis: int, expected: int) -> None:
        self._axis = axis % like.ndim
        self._count = 0
        shape = list(like.shape)
        shape[self._axis] = max(expected, shape[self._axis])
        self._data = like.new_empty(shape, device="cpu")

    def append(self, value: Tensor) -> None:
        count = value.shape[self._axis]
        if self._count + count > self._data.shape[self._axis]:
            shape = list(self._data.shape)
            shape[self._axis] = (self._count + count) * 5 // 4
            larger = self._data.new_empty(shape)
            larger.narrow(self._axis, 0, self._count).copy_(self.filled())
            self._data = larger
        self._data.narrow(self._axis, self._count, count).copy_(value)
        self._count += count

    def filled(self) -> Tensor:
        return self._data.narrow(self._axis, 0, self._count)
