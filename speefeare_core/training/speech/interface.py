"""What every source of training speech is, once opened: clips with names and lengths, any part of which can be read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from speefeare_core.audio import Samples

Lengths = NDArray[np.int64]


class OpenSpeech(ABC):
    """Speech that is opened, not read: what is kept in memory is names and lengths, never samples.

    `read` may be called from several threads at once.
    """

    key: str  # a short name, first part of `Place.clip`
    rate_hz: int  # of everything that `read` gives
    names: Sequence[str]  # one a clip; unique, and the same each time
    lengths: Lengths  # [N] samples at `rate_hz`
    speakers: Sequence[str]  # one a clip; "" where it is not known
    problems: Mapping[str, str]  # by name: clips that were left out, and why, in one sentence

    @abstractmethod
    def read(self, index: int, start: int = 0, length: int | None = None) -> Samples:
        """Samples [n] float32 of a clip, from `start` on: n = min(length, what is left of it).

        Raises `SpeefeareError` where it cannot be read.
        """
