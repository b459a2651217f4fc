"""Curves that grow: nothing is lost by reducing them, and a rewind leaves no trace."""

from __future__ import annotations

import numpy as np
import pytest

from speefeare_core.training.run_series import Series


def _filled(count: int, every: int = 1) -> tuple[Series, np.ndarray]:
    values = np.random.default_rng(count).standard_normal(count)
    series = Series()
    for index, value in enumerate(values):
        series.append(index * every, float(value))
    return series, values


@pytest.mark.parametrize("count", [1, 63, 64, 65, 5000])
@pytest.mark.parametrize("pieces", [1, 7, 400])
def test_extremes_are_never_lost_and_means_are_exact(count: int, pieces: int) -> None:
    series, values = _filled(count)
    reduced = series.reduced(np.linspace(0, count, pieces + 1))
    assert np.nanmin(reduced.low) == values.min() and np.nanmax(reduced.high) == values.max()
    edges = np.ceil(np.linspace(0, count, pieces + 1)).astype(int)
    for piece in range(pieces):
        part = values[edges[piece] : edges[piece + 1]]
        if len(part):
            assert reduced.mean[piece] == pytest.approx(part.mean())
        else:
            assert np.isnan([reduced.mean[piece]]).all()


def test_few_points_keep_their_own_extremes_piece_by_piece() -> None:
    series, values = _filled(1000)
    reduced = series.reduced(np.arange(0, 1001, 10.0))
    np.testing.assert_array_equal(reduced.low, values.reshape(100, 10).min(1))
    np.testing.assert_array_equal(reduced.high, values.reshape(100, 10).max(1))


def test_beyond_the_end_there_is_nothing() -> None:
    series, _ = _filled(100_000)
    reduced = series.reduced(np.linspace(0, 200_000, 101))
    assert np.isfinite(reduced.high[:50]).all()
    assert np.isnan(reduced.high[50:]).all() and np.isnan(reduced.mean[50:]).all()


def test_a_window_smooths_the_same_at_every_zoom() -> None:
    series, values = _filled(2000)
    wide = series.reduced(np.arange(0, 2001, 1.0), window=100)
    near = series.reduced(np.arange(500, 601, 1.0), window=100)
    np.testing.assert_allclose(wide.mean[500:600], near.mean)
    assert near.mean[50] == pytest.approx(values[500:601].mean())


def test_values_that_are_no_number_are_gaps_and_are_counted() -> None:
    series = Series()
    for step, value in enumerate((1.0, float("nan"), 3.0, float("inf"), 5.0)):
        series.append(step, value)
    assert series.not_finite == 2
    reduced = series.reduced(np.arange(0.0, 6.0))
    np.testing.assert_array_equal(reduced.mean, [1, np.nan, 3, np.nan, 5])
    np.testing.assert_array_equal(series.reduced(np.array([0.0, 5.0])).high, [5])
    assert series.at(1) is None and series.at(2.7) == 3.0 and series.at(-1) is None


@pytest.mark.parametrize("at", [0, 1, 63, 64, 130, 899])
def test_what_is_cut_and_logged_again_is_as_if_it_had_never_been(at: int) -> None:
    series, values = _filled(1000)
    for step in range(900, 1000):
        series.append(step, 1e9)  # of a sitting that was killed
    series.cut(at)
    for step in range(at + 1, 1000):
        series.append(step, float(values[step]))
    np.testing.assert_array_equal(series.values, values)
    edges = np.array([0.0, 1000.0])
    assert series.reduced(edges).high[0] == values.max()
    assert series.reduced(edges).mean[0] == pytest.approx(values.mean())


def test_a_step_that_is_logged_twice_counts_once() -> None:
    series = Series()
    for step, value in ((0, 1.0), (10, 2.0), (10, 3.0)):
        series.append(step, value)
    assert series.steps.tolist() == [0, 10] and series.values.tolist() == [1.0, 3.0]
