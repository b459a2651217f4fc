"""Another plan for the codec that is heard: built on a thread of its own, brought to where the sound is, then taken."""

from __future__ import annotations

import queue
import threading
import time

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from speefeare_core.codec import Codec
from speefeare_core.errors import SpeefeareError
from speefeare_core.plans import Plan, make_plan
from workbench.engine.server.tasks import plain_sentence

HISTORY_S = 2.0  # of the sound, through which the new stream goes before it is heard
CATCH_UP_S = 10.0  # for all of it; a machine that needs longer leaves some out
MISSED = 1  # blocks that the live thread itself makes up for: more would make it late
Samples = NDArray[np.float32]


class PlanChange:
    """A tap (`live_hooks.Tap`) from the moment of the wish until `ready`."""

    def __init__(self, number: int, codec: Codec, frames: int, depth: int, mode: str) -> None:
        self.number = number  # of the request
        self.mode = mode
        self._codec = codec
        self._frames = frames
        self._depth = depth or None
        self._spoken: queue.SimpleQueue[Samples] = queue.SimpleQueue()
        self._plan: Plan | None = None
        self._sentence = ""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live plan", daemon=True)
        self._thread.start()

    def write(
        self, block_in: Samples, out: Samples, codes: Tensor | None, latents: Tensor | None, step_s: float
    ) -> None:
        """Keep what was spoken."""
        self._spoken.put(block_in)

    @property
    def ready(self) -> bool:
        """Whether `take` has an answer."""
        return not self._thread.is_alive()

    def take(self) -> tuple[Plan, list[Samples]]:
        """The plan, and the blocks that its stream has not heard. Raises `SpeefeareError` where there is none."""
        if self._plan is None:
            raise SpeefeareError(self._sentence)
        return self._plan, self._drain()[-MISSED:]

    def close(self, timeout: float = 5.0) -> None:
        """Give up."""
        self._end.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            torch.set_num_threads(1)
            plan = make_plan(self._codec, self._frames, self._depth, self.mode)
            step_s = self._frames / self._codec.info.frame_rate_hz
            limit = time.monotonic() + CATCH_UP_S
            while time.monotonic() < limit and (spoken := self._drain()):
                for block in spoken[-max(1, round(HISTORY_S / step_s)) :]:
                    if self._end.is_set():
                        return
                    plan.stream.step(torch.from_numpy(block)[None].to(self._codec.device))
            self._plan = plan
        except Exception as error:
            self._sentence = plain_sentence(error)

    def _drain(self) -> list[Samples]:
        found = []
        while not self._spoken.empty():
            found.append(self._spoken.get())
        return found
