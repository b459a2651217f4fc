from __future__ import annotations

import numpy as np

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
