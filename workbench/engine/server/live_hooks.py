"""What can listen to a live session and what can speak in its place. Both are called by the live thread, once a step.

The session owns when they come and go: `LiveSession.add_tap`, `remove_tap` and `override`. A tap must not wait for a
disk or a lock; it copies what it wants to keep and works on a thread of its own.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Samples = NDArray[np.float32]


class Tap(Protocol):
    """Hears every step. The arrays are new in every step and are not written again, so they may be kept."""

    def write(
        self, block_in: Samples, out: Samples, codes: Tensor | None, latents: Tensor | None, step_s: float
    ) -> None:
        """Input after its gain and output before the mute, both `[C, n]`; codes `[1, K, f]` as they left the encoder,
        latents `[1, D, f]` (None: the codec has none, or, buffered, none came with this step); `step_s`: computing time
        of the step in seconds."""
        ...


class OutputOverride(Protocol):
    """Takes the loudspeaker for a while; sound changes over in 10 ms. The codec goes on meanwhile, the taps see it."""

    def hear(self, block: Samples) -> None:
        """Called first in each step: the microphone's `[C, n]`, before gain."""
        ...

    def replace(self, out: Samples) -> Samples | None:
        """What the loudspeaker gets instead of this step's `out` `[C, n]`, muted or not; None: nothing to say (any
        more), so the live sound is heard. Not above -1 dBFS, to which it is clipped.

        The first sample given back and the first sample that was just heard count as the same moment.
        """
        ...
