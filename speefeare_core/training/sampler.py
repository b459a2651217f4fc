"""Draws training batches: which clip, which part of it, and how it is changed. Without torch."""

from __future__ import annotations

import math
import threading

import numpy as np
from numpy.typing import NDArray

from speefeare_core.audio import Samples
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.augment import Changes, change
from speefeare_core.training.batch import Batch, Place
from speefeare_core.training.recipe_parts import DataRecipe
from speefeare_core.training.speech.pool import SpeechPool, check_not_empty

TRIES = 20  # clips in a row that cannot be read before the run gives up
BROKEN_SHARE = 0.1  # of all clips; with more of them the data as a whole are at fault
QUIET_TRIES = 8  # parts that are too quiet before one is taken all the same
_STRETCH = 1 << 40  # number of the draw that `stretch` uses


class SpeechSampler:
    """Batch `index` is a pure function of (seed, rank, index) and the data: `draw` may be called from any thread.

    A clip's chance is its length times the weight of its source; with `balanced_sources` every source has the same
    chance times its weight. A clip that cannot be read is drawn anew and named in `broken`.
    """

    def __init__(self, recipe: DataRecipe, pool: SpeechPool, segment_samples: int, seed: int, rank: int = 0) -> None:
        """`rank`: of this process among those of one run, each of which draws other batches."""
        check_not_empty(pool)
        self.recipe, self.pool, self.segment_samples = recipe, pool, segment_samples
        self._seed, self._rank = seed, rank
        self._edges = _edges(recipe, pool)
        self._lock = threading.Lock()
        self.broken: dict[str, str] = {}  # by name of the clip: why it cannot be read

    @property
    def speech_s(self) -> float:
        """Seconds of speech that it draws from."""
        return self.pool.speech_s

    @property
    def example_s(self) -> float:
        """Seconds of audio in an example."""
        return self.segment_samples / self.pool.rate_hz

    @property
    def batch_s(self) -> float:
        """Seconds of audio in a batch."""
        return self.recipe.batch * self.example_s

    def draw(self, index: int) -> Batch:
        """Batch number `index`: audio [B, 1, segment_samples]; a short clip lies between zeros.

        Raises `SpeefeareError` where too much of the data cannot be read.
        """
        random = np.random.default_rng((self._seed, self._rank, index))
        audio = np.zeros((self.recipe.batch, 1, self.segment_samples), np.float32)
        places = tuple(self._example(random, row) for row in audio[:, 0])
        return Batch(audio, places)

    def stretch(self, seconds: float) -> Samples:
        """About this much speech [n] of whole clips in random order, the same on every rank: for first statistics."""
        random = np.random.default_rng((self._seed, 0, _STRETCH))
        parts: list[Samples] = []
        wanted = int(seconds * self.pool.rate_hz)
        for index in random.permutation(len(self.pool)):
            try:
                parts.append(self.pool.read(int(index), 0, wanted))
            except SpeefeareError as error:
                self._note(int(index), error)
                continue
            wanted -= parts[-1].shape[0]
            if wanted <= 0:
                break
        return np.concatenate(parts)

    def _example(self, random: np.random.Generator, row: Samples) -> Place:
        changes = Changes.drawn(self.recipe, random)
        index, start, part = self._part(random, changes.speed)
        filled = change(part, changes, row.shape[0])
        offset = int(random.integers(0, row.shape[0] - filled.shape[0] + 1))
        row[offset : offset + filled.shape[0]] = filled
        gain = changes.finish(row, self.pool.rate_hz, random)
        return Place(
            self.pool.name(index), start, part.shape[0], offset, filled.shape[0], changes.speed, gain, changes.phase,
            changes.tilt, changes.noise_db,
        )  # fmt: skip

    def _part(self, random: np.random.Generator, speed: float) -> tuple[int, int, Samples]:
        """Clip, first sample and samples of a part that is long enough for a segment at this speed, or all of it."""
        wanted = self.segment_samples if speed == 1.0 else int(np.ceil(self.segment_samples * speed)) + 1
        floor_db = self.recipe.quietest_db
        last: SpeefeareError | None = None
        failed = quiet = 0
        while failed < TRIES:
            index = min(int(np.searchsorted(self._edges, random.random(), side="right")), len(self.pool) - 1)
            whole = int(self.pool.lengths[index])
            start = int(random.integers(0, max(0, whole - wanted) + 1))
            try:
                part = self.pool.read(index, start, wanted)
            except SpeefeareError as error:
                self._note(index, error)
                last, failed = error, failed + 1
                continue
            if floor_db is None or quiet >= QUIET_TRIES or _level_db(part) >= floor_db:
                return index, start, part
            quiet += 1
        raise SpeefeareError(f"{TRIES} clips in a row cannot be read, the last one because: {last}") from last

    def _note(self, index: int, error: SpeefeareError) -> None:
        with self._lock:
            self.broken[self.pool.name(index)] = str(error)
            many = len(self.broken)
        if many > max(TRIES, BROKEN_SHARE * len(self.pool)):
            raise SpeefeareError(
                f"{many} of {len(self.pool)} clips cannot be read, the last one because: {error}"
                " Check the data with `speefeare data check`."
            ) from error


def _edges(recipe: DataRecipe, pool: SpeechPool) -> NDArray[np.float64]:
    """[N] cumulative chances of the clips."""
    chances = pool.lengths.astype(np.float64)
    sums = np.bincount(pool.source_of, chances, minlength=len(pool.sources))
    factors = np.array(pool.weights, np.float64)
    if recipe.balanced_sources:
        factors = factors / np.maximum(sums, 1.0)
    chances *= factors[pool.source_of]
    if not chances.sum() > 0:
        raise SpeefeareError("Every source of speech has the weight 0; raise one of data.sources.")
    edges: NDArray[np.float64] = np.cumsum(chances) / chances.sum()
    return edges


def _level_db(part: Samples) -> float:
    power = float(np.mean(np.square(part, dtype=np.float64))) if part.size else 0.0
    return 10 * math.log10(power) if power > 0 else -math.inf
