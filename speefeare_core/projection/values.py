"""What is known of each frame of a recording."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class FrameValues:
    """One number for each frame, NaN where there is none; with `names` they are indices into these."""

    key: str  # "loudness", "pitch", "phone" …
    title: str
    unit: str
    values: NDArray[np.float32]  # [F]
    names: tuple[str, ...] = ()
