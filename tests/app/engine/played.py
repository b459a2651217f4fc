"""What the tests of the player share: its measures, and what it plays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.engine.server.player_core import PlayerCore

RATE = 16_000
FADE = 80  # 5 ms
LENGTH = 4000
UP = (np.arange(FADE) + 0.5) / FADE


def heard(core: PlayerCore, count: int, block: int = 37) -> NDArray[np.float32]:
    """`count` samples in blocks of any size."""
    blocks = [core.render(min(block, count - at)) for at in range(0, count, block)]
    return np.concatenate(blocks, axis=1)[0]
