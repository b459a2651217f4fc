"""Means over time: levels built piece by piece, and reads that agree with the plain mean."""

from __future__ import annotations

import numpy as np
import pytest

from speefeare_core.evaluation import mean_pyramid


def built(values: np.ndarray, pieces: list[int]) -> list[np.ndarray]:
    lengths = mean_pyramid.level_lengths(len(values))
    levels = mean_pyramid.split_levels(np.zeros((sum(lengths), values.shape[1]), np.float32), len(values))
    done = 0
    for count in pieces:
        mean_pyramid.raise_levels(values, levels, done, done + count)
        done += count
    return levels


def test_levels_are_means_however_they_grow() -> None:
    draw = np.random.default_rng(0)
    values = draw.random((40_000, 3)).astype(np.float32)
    once = built(values, [40_000])
    grown = built(values, [1, 2, 997, 13_000, 25_999, 1])
    assert len(once) == 2
    for first, second in zip(once, grown, strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-5)
    np.testing.assert_allclose(once[1], values.reshape(-1, 16, 3).mean(axis=1), rtol=1e-5)


@pytest.mark.parametrize(("start", "end", "pieces"), [(0, 40_000, 100), (0, 4_000, 1_000), (100, 130, 300), (7, 11, 4)])
def test_reads_agree_with_the_values(start: int, end: int, pieces: int) -> None:
    values = np.cumsum(np.ones((40_000, 2), np.float32), axis=0) * np.array([1, -2], np.float32)
    levels = built(values, [40_000])
    found = mean_pyramid.means_between(values, levels, 40_000, start, end, pieces)
    assert found.shape == (pieces, 2)
    span = (end - start) / pieces
    middle = start + (np.arange(pieces) + 0.5) * span
    np.testing.assert_allclose(found[:, 0], middle + 0.5, atol=max(2.0, 0.6 * span))
    np.testing.assert_allclose(found[:, 1], -2 * found[:, 0], rtol=1e-5)


def test_what_is_not_there_yet_is_nan() -> None:
    values = np.ones((1000, 1), np.float32)
    found = mean_pyramid.means_between(values, [], 500, 0, 1000, 10)
    assert np.isfinite(found[:5]).all() and np.isnan(found[5:]).all()
    assert np.isnan(mean_pyramid.means_between(values, [], 0, 0, 1000, 10)).all()
    assert np.isnan(mean_pyramid.means_between(values, [], 1000, 1000, 1100, 3)).all()
