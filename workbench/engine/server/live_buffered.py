"""Buffered live: blocks of a second or so, computed one after the other on a thread of their own.

For codecs that look ahead, and for those that are too slow to be called for every few frames. The sound comes later by
a block and by what its computation may take; the live thread never waits.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from speefeare_core.codec import CodecInfo
from workbench.engine.protocol import SetLive
from workbench.engine.server.live_coder import Coded, Coder
from workbench.engine.server.live_queue import OutputQueue

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class BlockTimes:
    """In samples: of a block; how much less than it took the inner coder has given after one; what computing one may
    take; of a step of the live thread."""

    block: int
    late: int
    compute: int
    step: int

    @property
    def held(self) -> int:
        """How much later than its input a sample is given."""
        return self.block + self.late + self.compute + self.step


class BufferedCoder:
    """A `Coder` whose steps of any whole frames are answered from blocks that were finished before.

    `inner` computes `times.block` samples at once. `threaded=False`: only while `work` is called.
    """

    def __init__(self, info: CodecInfo, inner: Coder, times: BlockTimes, threaded: bool = True) -> None:
        self._inner = inner
        self._hop = info.hop_samples
        self.block_samples = times.block
        self.delay_samples = times.held + inner.delay_samples
        self._out = OutputQueue(info.rate_hz, info.channels, 4 * (times.held + times.block))
        self._out.put(np.zeros((info.channels, times.held), np.float32))
        self._owed = 0  # samples that were due before they were finished
        self._lost = 0  # samples that came too late or were never computed
        self._collected: Samples = np.zeros((info.channels, 0), np.float32)
        self._jobs: queue.SimpleQueue[Samples | SetLive | None] = queue.SimpleQueue()
        self._given_out = self._begun = 0  # blocks
        self._finished: queue.SimpleQueue[tuple[Coded, float]] = queue.SimpleQueue()
        self._rows = tuple(_Shares(times.held // self._hop) for _ in range(3))
        self._depth = inner.depth
        self._broken: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="live blocks", daemon=True)
        if threaded:
            self._thread.start()

    @property
    def depth(self) -> int:
        """Books used for decoding."""
        return self._depth

    @property
    def lost_packets(self) -> int:
        """In the channel."""
        return self._inner.lost_packets

    @property
    def flipped_bits(self) -> int:
        """In the channel."""
        return self._inner.flipped_bits

    @property
    def dropped_frames(self) -> int:
        """Left out or finished too late."""
        return self._lost // self._hop

    def check_books(self, books: tuple[int, ...]) -> None:
        """Raise `SpeefeareError` where it cannot decode just these."""
        self._inner.check_books(books)

    def change(self, request: SetLive) -> None:
        """From the next block on."""
        self._depth = self._depth if request.depth is None else request.depth
        self._jobs.put(request)

    def close(self) -> None:
        """End the thread; a block that is being computed is waited for a little."""
        self._jobs.put(None)
        if self._thread.is_alive():
            self._thread.join(5.0)

    # -- the live thread --------------------------------------------------------------------------------------------
    def step(self, block: Samples) -> Coded:
        """`[C, n]` in, `[C, n]` out, later by `delay_samples`."""
        if self._broken is not None:
            raise self._broken
        self._collect(block)
        count, computing = block.shape[1], 0.0
        while not self._finished.empty():
            coded, seconds = self._finished.get()
            computing += seconds
            for row, found in zip(self._rows, (coded.codes, coded.latents, coded.decoded_codes), strict=True):
                row.push(found)
        late = min(self._owed, self._out.waiting)
        self._out.skip(late)
        missing = max(0, count - self._out.waiting)
        self._owed += missing - late
        self._lost += missing
        audio = self._out.take(count)
        codes, latents, arrived = (row.take(count // self._hop) for row in self._rows)
        return Coded(audio, codes, latents, arrived, computing)

    def _collect(self, block: Samples) -> None:
        self._collected = np.concatenate([self._collected, block], axis=1)
        while self._collected.shape[1] >= self.block_samples:
            self._given_out += 1
            self._jobs.put(np.ascontiguousarray(self._collected[:, : self.block_samples]))
            self._collected = self._collected[:, self.block_samples :]

    # -- the worker -------------------------------------------------------------------------------------------------
    def work(self, wait: bool = False) -> bool:
        """Compute what waits, or with `wait` the next block. False: there is nothing more to come."""
        while wait or not self._jobs.empty():
            job = self._jobs.get()
            if job is None:
                return False
            if isinstance(job, SetLive):
                self._inner.change(job)
                continue
            self._begun += 1
            self._compute(job)
            wait = False
        return True

    def _compute(self, block: Samples) -> None:
        if self._given_out > self._begun:  # the next one waits already: this one would come too late
            self._lost += block.shape[1]
            self._out.put(np.zeros_like(block))
            return
        started = time.perf_counter()
        coded = self._inner.step(block)
        self._out.put(coded.audio)
        self._finished.put((coded, time.perf_counter() - started))

    def _run(self) -> None:
        try:
            with torch.inference_mode():
                while self.work(wait=True):
                    pass
        except Exception as error:
            self._broken = error


class _Shares:
    """Rows of frames that come by the block and go by the step, so that the views scroll evenly."""

    def __init__(self, kept: int) -> None:
        self._kept = kept  # more frames than these do not wait
        self._frames: Tensor | None = None

    def push(self, frames: Tensor | None) -> None:
        """`[1, R, f]`."""
        if frames is not None:
            self._frames = frames if self._frames is None else torch.cat([self._frames, frames], dim=-1)

    def take(self, count: int) -> Tensor | None:
        """The next `[1, R, ≤ count]`, or more where too many wait; None where there are none."""
        if self._frames is None or not self._frames.shape[-1]:
            return None
        count = max(count, self._frames.shape[-1] - self._kept)
        given, self._frames = self._frames[..., :count], self._frames[..., count:].clone()
        return given
