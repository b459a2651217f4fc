"""What the window keeps mapped of the engine's arrays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from workbench.engine.attached import Attached
from workbench.engine.memory import ArrayRef, SharedArray
from workbench.engine.protocol import LiveFrozen, PeaksReady


@pytest.fixture
def refs() -> Iterator[list[ArrayRef]]:
    made = [SharedArray.create((1, 8), np.float32) for _ in range(5)]
    yield [array.ref for array in made]
    for array in made:
        array.unlink()


def test_a_newly_frozen_minute_takes_the_place_of_the_one_before(refs: list[ArrayRef]) -> None:
    attached = Attached()
    peaks, *rings = refs
    assert attached.add_all(PeaksReady(1, 0, 64, peaks))
    for first, second in ((rings[0], rings[1]), (rings[2], rings[3])):
        assert attached.add_all(LiveFrozen(0, first, second, None, None, 16_000, 50.0))
        assert set(attached._arrays) == {peaks.name, first.name, second.name}
    attached.clear()
    assert not attached._arrays
