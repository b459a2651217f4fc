"""What the window keeps mapped of the engine's arrays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from workbench.engine.attached import Attached
from workbench.engine.memory import ArrayRef, SharedArray
from workbench.engine.protocol import LiveFrozen, PeaksReady, RenderReady
from workbench.engine.topics.edits import EditsApplied
from workbench.engine.topics.takes import RenderDropped


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


def test_takes_that_are_made_anew_and_edits_leave_nothing_mapped(refs: list[ArrayRef]) -> None:
    attached = Attached()
    first, second, third, other, last = refs
    for ref in (first, second):
        assert attached.add_all(RenderReady(1, 3_004, ref, 0.0, 0, 1.0, 1.0))
        assert attached.add_all(EditsApplied(1, (third,), (), 2))
    assert attached.add_all(RenderReady(1, 4, other, 0.0, 0, 1.0, 1.0))
    assert set(attached._arrays) == {second.name, third.name, other.name}
    assert attached.add_all(EditsApplied(1, (last,), (), 2))
    assert set(attached._arrays) == {second.name, last.name, other.name}
    shown = attached.array(second)
    assert attached.add_all(RenderDropped(0, 3_004))
    assert set(attached._arrays) == {last.name, other.name}
    assert shown.shape == (1, 8), "who holds it keeps it"
