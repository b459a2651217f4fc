"""Neighbours and maps of entries."""

from __future__ import annotations

import numpy as np
import pytest

from speefeare_core.statistics import layout
from speefeare_core.statistics.layout import neighbour_map, principal
from speefeare_core.statistics.neighbours import kept_share, nearest


def clusters(each: int = 30, far: float = 20.0) -> np.ndarray:
    draw = np.random.default_rng(5)
    centres = draw.standard_normal((4, 16)) * far
    return (centres[:, None] + draw.standard_normal((4, each, 16))).reshape(-1, 16).astype(np.float32)


def test_nearest_entries_are_those_of_the_whole_table() -> None:
    points = np.random.default_rng(6).standard_normal((300, 5)).astype(np.float32) + 1000.0
    found = nearest(points, 7)
    table = np.linalg.norm(points[:, None].astype(np.float64) - points[None].astype(np.float64), axis=2)
    np.fill_diagonal(table, np.inf)
    wanted = np.argsort(table, axis=1)[:, :7]
    assert np.array_equal(found.index, wanted)
    np.testing.assert_allclose(found.distance, np.take_along_axis(table, wanted, axis=1), rtol=1e-3)


@pytest.mark.parametrize(("total", "count"), [(1, 0), (2, 1), (3, 2)])
def test_small_books_have_fewer_neighbours(total: int, count: int) -> None:
    found = nearest(np.arange(total, dtype=np.float32)[:, None], 4)
    assert found.index.shape == found.distance.shape == (total, count)


def test_a_flat_book_is_kept_whole_by_its_axes() -> None:
    flat = np.random.default_rng(7).standard_normal((200, 2)) @ np.random.default_rng(8).standard_normal((2, 12))
    points, shares = principal(flat)
    assert sum(shares) == pytest.approx(1.0) and shares[0] >= shares[1]
    assert kept_share(nearest(flat, 10), points) == pytest.approx(1.0, abs=0.01)
    assert np.array_equal(principal(flat)[0], points)


def test_the_map_of_neighbours_keeps_them_better_than_axes() -> None:
    vectors = clusters()
    *_, points = neighbour_map(vectors)
    *_, again = neighbour_map(vectors)
    assert np.array_equal(points, again), "the same book, the same map"
    cluster = np.arange(len(vectors)) // 30
    assert (cluster[nearest(points, 1).index[:, 0]] == cluster).mean() > 0.97
    true = nearest(vectors, 10)
    assert kept_share(true, points) > kept_share(true, principal(vectors)[0])


def test_the_gradient_is_that_of_the_divergence() -> None:
    draw = np.random.default_rng(9)
    points = draw.standard_normal((12, 2)).astype(np.float32)
    wanted = layout._affinities(clusters(3), 3.0)

    def divergence(at: np.ndarray) -> float:
        near = 1 / (1 + ((at[:, None] - at[None]) ** 2).sum(-1))
        np.fill_diagonal(near, 0)
        q = near / near.sum()
        off = ~np.eye(len(at), dtype=bool)
        return float((wanted[off] * np.log(np.maximum(wanted[off], 1e-30) / q[off])).sum())

    found = layout._gradient(points, wanted, 1.0)
    for row, column in ((0, 0), (5, 1), (11, 0)):
        step = np.zeros((12, 2))
        step[row, column] = 1e-4
        slope = (divergence(points + step) - divergence(points - step)) / 2e-4
        assert found[row, column] == pytest.approx(slope, rel=2e-3, abs=1e-5)


def test_too_many_entries_are_refused_and_few_are_mapped() -> None:
    with pytest.raises(ValueError, match="at most"):
        next(neighbour_map(np.zeros((layout.MOST_ENTRIES + 1, 2))))
    assert [points.shape for points in neighbour_map(np.eye(3))] == [(3, 2)]
