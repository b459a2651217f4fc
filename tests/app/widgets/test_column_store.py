from __future__ import annotations

import numpy as np

from speefeare_core.spectrograms.pyramid import level_lengths
from workbench.widgets.column_store import BUDGET, ColumnStore


def _store(columns: int, bins: int = 9) -> ColumnStore:
    values = np.random.default_rng(2).integers(1, 200, (columns, bins)).astype(np.uint8)
    return ColumnStore(values, 160, 16_000, -100.0, 0.0)


def test_the_whole_clip_on_few_pixels_keeps_every_maximum() -> None:
    store = _store(50_000)
    store.values[43_210, 4] = 255
    while not store.complete or store.columns_done < 50_000:
        store.advance(50_000)
    for pixels in (100, 777, 3000, 20_000):
        shade = store.columns(0.0, 500.0, pixels)
        assert shade.shape == (pixels, 9)
        assert shade.max() == 255, pixels
        loud = int(shade[:, 4].argmax())
        assert abs(loud / pixels - 43_210 / 50_000) <= 1 / pixels + 4**3 / 50_000


def test_growing_in_uneven_steps_gives_what_growing_at_once_gives() -> None:
    whole, grown = _store(9_001), _store(9_001)
    while whole.advance(9_001):
        pass
    for done in (1, 5, 1000, 1003, 4999, 9_001):
        while grown.advance(done):
            pass
    for pixels in (50, 400, 2000, 9_001):
        assert np.array_equal(whole.columns(0.0, 90.01, pixels), grown.columns(0.0, 90.01, pixels))


def test_one_advance_reads_no_more_than_its_budget() -> None:
    store = _store(10 * BUDGET)
    assert store.advance(10 * BUDGET)
    assert not store.complete
    assert store.columns(0.0, 1600.0 * BUDGET / 16_000 * 10, 20)[-1].max() == 0, "not reduced yet, so not shown"


def test_columns_that_are_not_there_yet_are_empty() -> None:
    store = _store(1000)
    store.advance(500)
    shade = store.columns(0.0, 10.0, 1000)
    assert shade[:500].min() > 0
    assert shade[500:].max() == 0


def test_levels_in_decibels() -> None:
    store = _store(100, 257)
    store.advance(100)
    store.values[50, 64] = 255
    assert store.level_at(0.505, 2000.0) == 0.0
    assert store.level_at(2.0, 2000.0) is None


def test_a_given_pyramid_is_read_and_its_sketch_stands_where_columns_are_missing() -> None:
    values = np.zeros((20_000, 3), np.uint8)
    values[:10_000] = 50
    stored = np.full((sum(level_lengths(20_000)), 3), 90, np.uint8)
    store = ColumnStore(values, 160, 16_000, -100.0, 0.0, stored)
    store.advance(10_000)
    assert store.loudest == 90 and store.complete
    near = store.columns(99.0, 101.0, 200)
    assert (near[:100] == 50).all(), "columns that are there"
    assert (near[100:] == 90).all(), "the sketch"
    assert (store.columns(0.0, 200.0, 100) == 90).all()
    assert store.level_at(150.0, 1000.0) is None, "a sketch is not read as a level"
    assert not store.columns(199.0, 201.0, 100)[50:].any(), "nothing beyond the end"


def test_what_is_in_sight_can_be_taken_out() -> None:
    store = _store(1000)
    store.advance(1000)
    times, levels = store.in_sight(1.0, 2.0, 4096)
    assert times[0] == 1.0 and levels.shape == (100, 9)
    np.testing.assert_allclose(levels, store.to_db(store.values[100:200]))
    times, levels = store.in_sight(0.0, 10.0, 50)
    assert levels.shape == (50, 9) and times[0] == 0.1
