"""`WantLadder`: the clip is encoded once more, because the latents of a long one are not kept."""

from __future__ import annotations

import time

import numpy as np
import torch
from numpy.typing import NDArray

from speefeare_core import blocks
from speefeare_core.codec import Codec, Encoded
from speefeare_core.evaluation import mean_pyramid
from speefeare_core.evaluation.ladder import parts_of
from speefeare_core.evaluation.ladder_rows import LadderRow, RowEnergies, growing_books, row_energies
from speefeare_core.evaluation.ladder_words import words_about, words_about_growth
from workbench.engine.memory import SharedArray
from workbench.engine.server.answers import Desk
from workbench.engine.server.clip import Clip
from workbench.engine.server.coding import FIRST_BLOCK_S, LARGEST_BLOCK_S
from workbench.engine.server.pace import Pace
from workbench.engine.server.progress import Reporter
from workbench.engine.server.tasks import Work
from workbench.engine.topics.ladder import LadderReady, WantLadder

SHOW_EVERY_S = 0.25


class GrowingLadder:
    """Rows in shared memory, which the clip keeps; `event` says what there is."""

    def __init__(self, codec: Codec, clip: Clip, frames: int) -> None:
        self._codec, self._clip = codec, clip
        self._frames = frames
        self._rows: tuple[LadderRow, ...] = ()
        self._energies: SharedArray | None = None
        self._stored: SharedArray | None = None
        self._levels: list[NDArray[np.float32]] = []
        self._sums: NDArray[np.float64] = np.zeros(0)
        self._done = 0

    def push(self, found: RowEnergies) -> None:
        """The rows of the next frames; what is beyond the frames that were expected is left out."""
        if self._energies is None:
            self._rows = found.rows
            self._energies = self._clip.keep(SharedArray.create((self._frames, len(found.rows)), np.float32))
            if lengths := mean_pyramid.level_lengths(self._frames):
                self._stored = self._clip.keep(SharedArray.create((sum(lengths), len(found.rows)), np.float32))
                self._levels = mean_pyramid.split_levels(self._stored.array, self._frames)
            self._sums = np.zeros(len(found.rows))
        end = min(self._frames, self._done + found.energies.shape[1])
        values = found.energies[:, : end - self._done]
        self._energies.array[self._done : end] = values.T
        mean_pyramid.raise_levels(self._energies.array, self._levels, self._done, end)
        self._sums += values.sum(axis=1, dtype=np.float64)
        self._done = end

    def event(self, number: int) -> LadderReady:
        """What there is now."""
        info = self._codec.info
        parts = parts_of(self._codec, bool(self._rows))
        means = tuple(float(value) for value in self._sums / max(self._done, 1))
        return LadderReady(
            number,
            self._rows,
            None if self._energies is None else self._energies.ref,
            None if self._stored is None else self._stored.ref,
            self._done,
            info.frame_rate_hz,
            means,
            parts,
            (*words_about(info, parts), *words_about_growth(growing_books(self._rows, means))),
        )


def work(desk: Desk, number: int, request: WantLadder) -> Work:
    """Encode piece by piece, and keep the energies alone."""
    yield
    codec, clip = desk.codec, desk.clip
    info, samples = codec.info, clip.samples(0)
    length = samples.shape[1]
    ladder = GrowingLadder(codec, clip, codec.frames_for(length))
    if info.books:
        report = Reporter(desk.emit, number)
        encoder = blocks.encoder(codec, length_samples=length)
        pace = Pace(round(FIRST_BLOCK_S * info.rate_hz), round(LARGEST_BLOCK_S * info.rate_hz))
        done, shown = 0, time.monotonic()
        while done < length:
            yield
            with pace as size:
                piece = encoder.push(torch.from_numpy(samples[:, done : done + size].copy())[None])
                has_rows = piece is None or _push(ladder, codec, piece)
            if not has_rows:  # nor will any other piece have some
                break
            done = min(length, done + size)
            report("Measuring what is left over", done, length)
            if piece is not None and time.monotonic() - shown > SHOW_EVERY_S:
                shown = time.monotonic()
                desk.emit(ladder.event(number))
        else:
            yield
            last = encoder.finish()
            if last is not None:
                _push(ladder, codec, last)
    desk.emit(ladder.event(number))


def _push(ladder: GrowingLadder, codec: Codec, piece: Encoded) -> bool:
    """Whether the piece has rows."""
    found = row_energies(codec, piece)
    if found is not None:
        ladder.push(found)
    return found is not None
