"""Live cores without devices, for tests: made in a line, driven block by block, no clock."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from speefeare_core.codec import Codec
from workbench.engine.memory import Status
from workbench.engine.protocol import StartLive
from workbench.engine.server.live_coder import Coder, StreamCoder
from workbench.engine.server.live_core import LiveCore
from workbench.engine.server.live_taps import LiveTaps

PREFILL = 320
Samples = NDArray[np.float32]


def core_of(
    codec: Codec, status: Status, coder: Coder | None = None, guard: bool = False, **changes: object
) -> LiveCore:
    """Unmuted, begun; its taps are the caller's to unlink."""
    request = StartLive(**{"muted": False, **changes})  # type: ignore[arg-type]
    stream = coder or StreamCoder(codec, codec.stream(depth=request.depth, start="silence"), request)
    core = LiveCore(codec.info, stream, request, status, LiveTaps(codec.info, None), guard)
    core.begin(PREFILL)
    return core


def through(core: LiveCore, samples: Samples, block: int, work: Callable[[int], bool] = lambda index: True) -> Samples:
    """Blocks into the microphone, steps where `work(block index)` allows them, blocks out of the loudspeaker."""
    out = []
    for index, at in enumerate(range(0, samples.shape[1], block)):
        piece = samples[:, at : at + block]
        core.push(piece)
        while work(index) and core.step():
            pass
        out.append(core.pull(piece.shape[1]))
    core.tell(0)
    return np.concatenate(out, axis=1)
