"""Batches prepared ahead by threads, in order, with a bounded queue; counts what the loop waited for them."""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from speefeare_core.training.batch import Batch

AHEAD = 2  # batches a thread prepares ahead


class Draws(Protocol):
    """What draws a batch by its number alone."""

    def draw(self, index: int) -> Batch:
        """The same batch each time."""


@dataclass(frozen=True)
class LoaderMeter:
    """Counted since the last look."""

    batches: int
    waited_s: float  # that `next` did not return at once
    elapsed_s: float
    prepared_s: float  # that the threads worked, all together
    examples: int
    workers: int = 1

    @property
    def wait_share(self) -> float:
        """Share of the time that was spent waiting for data, 0..1."""
        return min(1.0, self.waited_s / self.elapsed_s) if self.elapsed_s > 0 else 0.0

    @property
    def examples_per_s(self) -> float:
        """What all threads together can prepare in a second."""
        return self.workers * self.examples / self.prepared_s if self.prepared_s > 0 else 0.0


class BatchLoader:
    """Batches `first`, `first + 1`, … of a sampler.

    Threads change nothing but the speed: each batch hangs on its number alone. A resumed run gives the number of
    batches that it had drawn as `first`. Close it, or use it in a `with`.
    """

    def __init__(self, draws: Draws, first: int = 0, workers: int = 1) -> None:
        self._draws, self._next, self._asked = draws, first, first
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="batches") if workers else None
        self._workers, self._bound = max(1, workers), workers * AHEAD
        self._queue: deque[Future[Batch]] = deque()
        self._lock = threading.Lock()
        self._prepared_s, self._examples = 0.0, 0
        self._waited_s, self._batches, self._since = 0.0, 0, time.monotonic()

    @property
    def drawn(self) -> int:
        """How many batches were handed out in all, with those before `first`."""
        return self._next

    def next(self) -> Batch:
        """The next batch. Raises `SpeefeareError` where its speech cannot be read."""
        began = time.monotonic()
        if self._threads is None:
            batch = self._prepare(self._next)
        else:
            self._fill()
            batch = self._queue.popleft().result()
            self._fill()
        self._waited_s += time.monotonic() - began
        self._next += 1
        self._batches += 1
        return batch

    def meter(self) -> LoaderMeter:
        """What was counted since the last call."""
        now = time.monotonic()
        with self._lock:
            found = LoaderMeter(
                self._batches, self._waited_s, now - self._since, self._prepared_s, self._examples, self._workers
            )  # fmt: skip
            self._prepared_s, self._examples = 0.0, 0
        self._waited_s, self._batches, self._since = 0.0, 0, now
        return found

    def close(self) -> None:
        """End the threads; what they had prepared is dropped."""
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=True)
        self._queue.clear()

    def __enter__(self) -> BatchLoader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fill(self) -> None:
        assert self._threads is not None
        while len(self._queue) < self._bound:
            self._queue.append(self._threads.submit(self._prepare, self._asked))
            self._asked += 1

    def _prepare(self, index: int) -> Batch:
        began = time.monotonic()
        batch = self._draws.draw(index)
        with self._lock:
            self._prepared_s += time.monotonic() - began
            self._examples += len(batch.places)
        return batch
