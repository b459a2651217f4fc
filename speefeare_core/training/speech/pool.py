"""All clips of a run as one list, whatever sources they are from; and the part of them that training leaves out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from speefeare_core.audio import Samples
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.speech.interface import Lengths, OpenSpeech

LARGEST_HELD_SHARE = 0.5  # of few clips, so that some are left to train on


class SpeechPool:
    """Clips of one or more opened sources; clip i of N. Holds no samples."""

    def __init__(
        self,
        sources: Sequence[OpenSpeech],
        weights: Sequence[float] | None = None,
        chosen: tuple[NDArray[np.int32], Lengths] | None = None,
    ) -> None:
        """`weights` one a source (1); `chosen` [N] source and [N] clip in it: only those."""
        self.sources = tuple(sources)
        self.weights = tuple(weights) if weights is not None else (1.0,) * len(self.sources)
        self._keys = _unique([source.key for source in self.sources])
        if chosen is None:
            counts = [len(source.names) for source in self.sources]
            chosen = (
                np.repeat(np.arange(len(counts), dtype=np.int32), counts),
                np.concatenate([np.arange(count, dtype=np.int64) for count in counts] or [np.zeros(0, np.int64)]),
            )
        self.source_of, self._clip_of = chosen  # [N], [N]
        self.lengths: Lengths = np.zeros(len(self.source_of), np.int64)  # [N] samples
        for number, source in enumerate(self.sources):
            mine = self.source_of == number
            self.lengths[mine] = source.lengths[self._clip_of[mine]]

    def __len__(self) -> int:
        return len(self.source_of)

    @property
    def rate_hz(self) -> int:
        """Of all clips."""
        return self.sources[0].rate_hz

    @property
    def speech_s(self) -> float:
        """Seconds of all clips together."""
        return float(self.lengths.sum()) / self.rate_hz if len(self) else 0.0

    @property
    def problems(self) -> dict[str, str]:
        """By `source/clip`: what was left out when the sources were opened, and why."""
        return {
            f"{key}/{name}": words
            for key, source in zip(self._keys, self.sources, strict=True)
            for name, words in source.problems.items()
        }

    def name(self, index: int) -> str:
        """`source/clip`, unique and the same in every run on the same data."""
        return f"{self._keys[self.source_of[index]]}/{self._own_name(index)}"

    def speaker(self, index: int) -> str:
        """Empty where it is not known."""
        return self._source(index).speakers[int(self._clip_of[index])]

    def read(self, index: int, start: int = 0, length: int | None = None) -> Samples:
        """Samples [n] float32 of a clip or of a part of it. Raises `SpeefeareError`."""
        return self._source(index).read(int(self._clip_of[index]), start, length)

    def find(self, name: str) -> int:
        """Inverse of `name`. Raises KeyError where no clip is called so."""
        return self._numbers[name]

    def split(self, share: float, at_least: int = 0) -> tuple[SpeechPool, SpeechPool]:
        """What is trained on, and what is held out: about `share` of the clips, `at_least` so many.

        Which ones hangs on the clips' file names alone, so that it is the same in every run, for a folder, its
        manifest and its packed set, and mostly the same when clips are added. Of few clips at most half are held
        out; a share of 0 holds out none.
        """
        wanted = max(round(share * len(self)), at_least) if share else 0
        wanted = min(wanted, int(LARGEST_HELD_SHARE * len(self)))
        values = np.array(
            [_hash(self._own_name(index).rpartition("/")[2]) for index in range(len(self))] if share else [], np.uint64
        )
        held = np.zeros(len(self), bool)
        if wanted:
            held[np.argsort(values, kind="stable")[:wanted]] = True
        return self._only(~held), self._only(held)

    def _own_name(self, index: int) -> str:
        return self._source(index).names[int(self._clip_of[index])]

    def _source(self, index: int) -> OpenSpeech:
        return self.sources[int(self.source_of[index])]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {self.name(index): index for index in range(len(self))}

    def _only(self, wanted: NDArray[np.bool_]) -> SpeechPool:
        return SpeechPool(self.sources, self.weights, (self.source_of[wanted], self._clip_of[wanted]))


def check_not_empty(pool: SpeechPool) -> None:
    """Raises `SpeefeareError` where there is nothing to draw."""
    if not len(pool) or not pool.lengths.any():
        raise SpeefeareError("The data hold no speech; choose a folder, manifest or shards with sound files.")


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest(), "big")


def _unique(keys: Sequence[str]) -> tuple[str, ...]:
    """Equal keys with numbers behind them."""
    seen: dict[str, int] = {}
    found = []
    for key in keys:
        seen[key] = seen.get(key, 0) + 1
        found.append(key if seen[key] == 1 else f"{key}-{seen[key]}")
    return tuple(found)
