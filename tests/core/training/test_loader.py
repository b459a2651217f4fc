"""Batches ahead: in order, bounded, counted; errors arrive at their batch; nothing stays behind."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.batch import Batch, Place
from speefeare_core.training.loader import AHEAD, BatchLoader


class Numbered:
    """Batch n holds n; `wall`: the first number that waits until it is let go."""

    def __init__(self, wall: int | None = None, broken: int | None = None) -> None:
        self.drawn: list[int] = []
        self.wall, self.broken, self.go = wall, broken, threading.Event()
        self.lock = threading.Lock()

    def draw(self, index: int) -> Batch:
        with self.lock:
            self.drawn.append(index)
        if self.wall is not None and index >= self.wall:
            assert self.go.wait(10)
        if index == self.broken:
            raise SpeefeareError(f"Batch {index} is broken.")
        return Batch(np.full((2, 1, 3), index, np.float32), (Place("a/b", 0, 3, 0, 3),) * 2)


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_batches_come_in_order_from_the_first_one_wanted(workers: int) -> None:
    with BatchLoader(Numbered(), first=5, workers=workers) as loader:
        found = [int(loader.next().audio[0, 0, 0]) for _ in range(12)]
        assert found == list(range(5, 17))
        assert loader.drawn == 17


def test_no_more_is_prepared_than_the_queue_holds() -> None:
    draws = Numbered()
    with BatchLoader(draws, workers=2) as loader:
        loader.next()
        loader.next()
    assert max(draws.drawn) < 2 + 2 * AHEAD


def test_what_was_waited_for_is_counted() -> None:
    draws = Numbered(wall=3)
    with BatchLoader(draws, workers=1) as loader:
        for _ in range(3):
            loader.next()
        loader.meter()
        threading.Timer(0.05, draws.go.set).start()
        loader.next()  # not there before the timer lets it go
        meter = loader.meter()
    assert meter.batches == 1 and meter.waited_s > 0.02
    assert 0 < meter.wait_share <= 1
    assert meter.examples >= 2 and meter.prepared_s > 0 and meter.examples_per_s > 0


def test_a_meter_begins_anew_at_each_look() -> None:
    with BatchLoader(Numbered(), workers=0) as loader:
        loader.next()
        assert (loader.meter().batches, loader.meter().batches) == (1, 0)


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_arrives_at_its_batch_and_not_before(workers: int) -> None:
    with BatchLoader(Numbered(broken=2), workers=workers) as loader:
        loader.next()
        loader.next()
        with pytest.raises(SpeefeareError, match="Batch 2 is broken"):
            loader.next()


def test_closing_ends_the_threads_and_drops_what_is_queued() -> None:
    draws = Numbered(wall=1)
    loader = BatchLoader(draws, workers=2)
    loader.next()
    threading.Timer(0.02, draws.go.set).start()
    loader.close()
    loader.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("batches")]
