"""A weighted sum of recordings that is never made as a whole: it is summed where it is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


class Mixed:
    """Σ weight · part of parts `[C, T]`, read like an array `[C, T]`: `mixed[:, a:b]`, `mixed[0]`, `mixed.shape`.

    Raises ValueError for no parts or for parts of several shapes.
    """

    dtype = np.dtype(np.float32)
    ndim = 2

    def __init__(self, parts: Sequence[tuple[Any, float]]) -> None:
        shapes = {part.shape for part, _ in parts}
        if len(shapes) != 1:
            raise ValueError(f"parts of shapes {sorted(shapes)}")
        self._parts = tuple((part, np.float32(weight)) for part, weight in parts)
        self.shape: tuple[int, int] = shapes.pop()

    @property
    def size(self) -> int:
        """Samples of all channels."""
        return self.shape[0] * self.shape[1]

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, where: Any) -> Samples:
        (first, weight), *others = self._parts
        out: Samples = np.multiply(first[where], weight, dtype=np.float32)
        for part, weight in others:
            out += part[where] * weight
        return out
