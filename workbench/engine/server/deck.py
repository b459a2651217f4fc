"""Several sounds over one cursor beside the clip, of which one is heard: with ramps wherever it would click."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


class Deck:
    """`sounds` are `[C, T]` of one length. Only the thread that renders uses it; others may look."""

    def __init__(self, sounds: Sequence[Samples], heard: int, start: int, loop: bool, ramp_samples: int) -> None:
        self._sounds = tuple(sounds)
        self.length = self._sounds[0].shape[1]
        self._ramp = max(1, min(ramp_samples, self.length // 2))
        self._loop = loop
        self._heard = min(max(heard, 0), len(self._sounds) - 1)
        self._shares = [float(index == self._heard) for index in range(len(self._sounds))]
        self._level, self._wanted = 0.0, 1.0
        self._next: int | None = None  # where it goes on once it is silent
        self.cursor = min(max(start, 0), self.length)
        self.started = False

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        if self._next is not None:
            return False
        silent = self._wanted == 0.0 and self._level <= 0.0
        return silent or (not self._loop and self.cursor >= self.length)

    def stop(self) -> None:
        """End it one ramp from now."""
        self._wanted, self._next = 0.0, None

    def select(self, heard: int) -> None:
        """Hear another one; a number that is none is passed over."""
        if 0 <= heard < len(self._sounds):
            self._heard = heard

    def seek(self, sample: int) -> None:
        """Go on from another sample, after a ramp."""
        if self._wanted > 0.0 or self._next is not None:
            self._wanted, self._next = 0.0, min(max(sample, 0), self.length - 1)

    def add_to(self, out: Samples) -> None:
        """Add the next samples to a block `[C, n]`; a block of other channels than its own is left as it is."""
        self.started = True
        at, size = 0, out.shape[1]
        while at < size and not self.ended:
            if self._next is not None and self._level <= 0.0:
                self.cursor, self._next, self._wanted = self._next, None, 1.0
            if self.cursor >= self.length:
                self.cursor = 0
            count = min(size - at, self.length - self.cursor)
            if self._wanted == 0.0:
                count = min(count, max(1, round(self._level * self._ramp)))
            self._add_piece(out[:, at : at + count])
            at += count
            self.cursor += count

    def _add_piece(self, out: Samples) -> None:
        count = out.shape[1]
        time = np.arange(1, count + 1) / self._ramp
        place = np.arange(self.cursor, self.cursor + count)
        level = _towards(self._level, self._wanted, time)
        self._level = float(level[-1])
        edges = np.minimum(self.length - place - 0.5, np.where(self._loop, place + 0.5, self._ramp)) / self._ramp
        level = np.minimum(level, np.minimum(edges, 1.0))
        for index, sound in enumerate(self._sounds):
            share = _towards(self._shares[index], float(index == self._heard), time)
            self._shares[index] = float(share[-1])
            if share.any() and sound.shape[0] == out.shape[0]:
                out += sound[:, self.cursor : self.cursor + count] * (share * level).astype(np.float32)


def _towards(now: float, wanted: float, time: NDArray[np.float64]) -> NDArray[np.float64]:
    """From one value to another, one per ramp."""
    moved: NDArray[np.float64] = np.clip(now + np.sign(wanted - now) * time, min(now, wanted), max(now, wanted))
    return moved
