from __future__ import annotations

import numpy as np
import pytest

from speefeare_core.errors import SpeefeareError
from speefeare_core.projection.pca import Moments
from speefeare_core.projection.space import Thinned


def cloud(count: int = 4000) -> np.ndarray:
    """Three known axes of standard deviation 5, 2 and 1 in eight dimensions, away from the origin."""
    draw = np.random.default_rng(1)
    directions = np.linalg.qr(draw.standard_normal((8, 8)))[0][:3]
    return (draw.standard_normal((count, 3)) * (5, 2, 1) @ directions + 3.0).astype(np.float32)


def test_pieces_give_the_axes_of_the_whole() -> None:
    points = cloud()
    moments = Moments()
    for piece in np.array_split(points, (1, 7, 1000, 1001, 3999)):
        moments.add(piece)
    basis = moments.basis()
    centred = points.astype(np.float64) - points.mean(axis=0, dtype=np.float64)
    _, singular, rows = np.linalg.svd(centred, full_matrices=False)
    for axis in range(3):
        assert abs(float(basis.axes[:, axis] @ rows[axis])) == pytest.approx(1.0, abs=1e-5)
    assert basis.explained == pytest.approx(singular[:3] ** 2 / (singular**2).sum(), rel=1e-5)
    assert basis.frames == len(points)
    np.testing.assert_allclose(basis.place(points).mean(axis=0), 0, atol=1e-4)


def test_the_sign_of_an_axis_is_always_the_same() -> None:
    points = cloud()
    first, turned = Moments(), Moments()
    first.add(points)
    turned.add(points[::-1].copy())
    np.testing.assert_allclose(first.basis().axes, turned.basis().axes, atol=1e-4)
    assert (np.take_along_axis(first.basis().axes, np.abs(first.basis().axes).argmax(axis=0)[None], 0) > 0).all()


def test_distances_in_the_plane_of_the_data_are_kept() -> None:
    points = cloud()
    moments = Moments()
    moments.add(points)
    placed = moments.basis().place(points)
    apart = np.linalg.norm(points[0] - points[1:50], axis=1)
    np.testing.assert_allclose(np.linalg.norm(placed[0] - placed[1:50], axis=1), apart, rtol=1e-4)


def test_fewer_dimensions_than_axes_give_axes_of_zero() -> None:
    moments = Moments()
    moments.add(np.array([[0.0], [2.0], [4.0]], np.float32))
    basis = moments.basis()
    assert basis.axes.shape == (1, 3) and basis.explained == pytest.approx((1.0, 0.0, 0.0))
    assert basis.place(np.array([[6.0]], np.float32)).tolist() == [[4.0, 0.0, 0.0]]
    assert basis.axis_names[0] == "PC 1 · 100% of variance"


def test_too_little_is_told() -> None:
    moments = Moments()
    moments.add(np.zeros((1, 4), np.float32))
    with pytest.raises(SpeefeareError, match="too short"):
        moments.basis()
    with pytest.raises(ValueError, match="5 numbers"):
        moments.add(np.zeros((1, 5), np.float32))


@pytest.mark.parametrize("pieces", [1, 7, 300])
def test_thinned_rows_are_evenly_spread(pieces: int) -> None:
    thinned = Thinned(100)
    for piece in np.array_split(np.arange(1500, dtype=np.float32)[:, None], pieces):
        thinned.add(piece)
    kept = thinned.rows[:, 0]
    assert 100 <= len(kept) <= 200 and (np.diff(kept) == kept[1]).all() and kept[0] == 0
