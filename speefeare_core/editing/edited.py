"""Edited: what a list of edits made of the encoding of a clip."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from speefeare_core.blocks.pieces import count_frames, cut
from speefeare_core.editing.grid import Mask, rows_of, slowness_of

if TYPE_CHECKING:
    from speefeare_core.codec import CodecInfo, Encoded


@dataclass(frozen=True)
class Edited:
    """Codes, and the cells that do not say their codes. One mask `[F_k]` a book; one `[F]` where there are latents."""

    info: CodecInfo
    original: Encoded  # before all edits; its latents are needed for continuous cells
    encoded: Encoded  # after them
    silent: tuple[Mask, ...]
    continuous: tuple[Mask, ...]

    @property
    def needs_latents(self) -> bool:
        """Whether cells are continuous, for which the latents before quantisation must be in `original`."""
        return any(bool(mask.any()) for mask in self.continuous)

    def changed(self) -> tuple[Mask, ...]:
        """For each row the cells that are not as the encoder made them."""
        before, after = rows_of(self.info, self.original), rows_of(self.info, self.encoded)
        masks = zip(before, after, self.silent, self.continuous, strict=True)
        return tuple(_differ(old, new) | silent | continuous for old, new, silent, continuous in masks)

    def piece(self, start: int, stop: int, length_samples: int) -> Edited:
        """The frames [start, stop), both common to all books or `stop` the end, as `blocks.pieces.cut` cuts."""
        slow = slowness_of(self.info, len(self.silent))

        def part(masks: tuple[Mask, ...]) -> tuple[Mask, ...]:
            return tuple(mask[start // times : -(-stop // times)] for mask, times in zip(masks, slow, strict=True))

        return Edited(
            self.info,
            cut(self.info, self.original, start, stop, length_samples),
            cut(self.info, self.encoded, start, stop, length_samples),
            part(self.silent),
            part(self.continuous),
        )

    def with_latents(self, original: Encoded) -> Edited:
        """With the latents of a fuller encoding of the same clip."""
        return dataclasses.replace(self, original=dataclasses.replace(self.original, latents=original.latents))

    @property
    def frames(self) -> int:
        """Frames of the fastest rate."""
        return count_frames(self.info, self.encoded)


def first_difference(before: Edited, after: Edited) -> tuple[int, int] | None:
    """The frames [start, stop) of the fastest book outside of which both sound alike; None: they do everywhere."""
    slow = slowness_of(after.info, len(after.silent))
    rows = zip(rows_of(after.info, before.encoded), rows_of(after.info, after.encoded), strict=True)
    start, stop = after.frames, 0
    for index, (old, new) in enumerate(rows):
        differ = _differ(old, new) | (before.silent[index] != after.silent[index])
        differ |= before.continuous[index] != after.continuous[index]
        at = np.flatnonzero(differ)
        if len(at):
            start, stop = min(start, int(at[0]) * slow[index]), max(stop, (int(at[-1]) + 1) * slow[index])
    return (start, min(stop, after.frames)) if stop else None


def _differ(old: np.ndarray, new: np.ndarray) -> Mask:
    return np.asarray(old != new if old.ndim == 1 else (old != new).any(axis=1), np.bool_)
