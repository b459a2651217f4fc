from __future__ import annotations

import numpy as np
import pytest

from workbench.widgets.camera import CORNER, FRONT, VIEWS, Camera
from workbench.widgets.lasso import inside

POINTS = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32) * (4, 2, 1)


def test_the_front_of_space_is_the_plane() -> None:
    flat, space = Camera(), Camera()
    space.spatial, (space.azimuth, space.elevation) = True, FRONT
    flat.per_pixel = space.per_pixel = 0.01
    np.testing.assert_allclose(space.place(POINTS, 400, 300)[0], flat.place(POINTS, 400, 300)[0], atol=1e-3)
    np.testing.assert_allclose(flat.place(POINTS[:, :2], 400, 300)[0], flat.place(POINTS, 400, 300)[0], atol=1e-3)
    assert np.allclose(space.place(POINTS, 400, 300)[1], POINTS[:, 2], atol=1e-5), "depth grows to the viewer"


def test_turning_keeps_distances_from_the_middle() -> None:
    camera = Camera()
    camera.spatial = True
    for azimuth, elevation in (*VIEWS, (77.0, -31.0)):
        camera.azimuth, camera.elevation = azimuth, elevation
        place, depth = camera.place(POINTS, 0, 0)
        np.testing.assert_allclose(np.hypot(np.hypot(*place.T), depth), np.linalg.norm(POINTS, axis=1), rtol=1e-4)


@pytest.mark.parametrize("spatial", [False, True])
def test_all_points_are_in_sight_after_a_fit(spatial: bool) -> None:
    camera = Camera()
    camera.spatial = spatial
    for angle in range(0, 360, 45):
        camera.azimuth = angle
        camera.fit(POINTS.min(axis=0), POINTS.max(axis=0), 300, 200)
        place = camera.place(POINTS, 300, 200)[0]
        assert (place > 0).all() and (place < (300, 200)).all()


def test_zooming_keeps_the_point_under_the_pointer_and_panning_follows_the_hand() -> None:
    camera = Camera()
    camera.spatial = True
    camera.fit(POINTS.min(axis=0), POINTS.max(axis=0), 300, 200)
    before = camera.place(POINTS[:1], 300, 200)[0][0]
    camera.zoom(0.5, before[0] - 150, before[1] - 100)
    np.testing.assert_allclose(camera.place(POINTS[:1], 300, 200)[0][0], before, atol=0.1)
    camera.pan(10, -5)
    np.testing.assert_allclose(camera.place(POINTS[:1], 300, 200)[0][0], before + np.array([10, -5]), atol=0.1)


def test_a_drag_never_goes_over_the_pole_and_views_go_round() -> None:
    camera = Camera()
    camera.turn(900, 900)
    assert camera.elevation == 90.0 and -180 <= camera.azimuth < 180
    camera.azimuth, camera.elevation = CORNER
    seen = []
    for _ in VIEWS:
        camera.next_view()
        seen.append((camera.azimuth, camera.elevation))
    assert sorted(seen) == sorted(VIEWS)


def test_points_inside_a_line() -> None:
    ell = np.array([[0, 0], [4, 0], [4, 1], [1, 1], [1, 4], [0, 4]], float)
    points = np.array([[0.5, 0.5], [3, 0.5], [0.5, 3], [3, 3], [2, 2], [-1, 0.5], [5, 0.5]])
    assert inside(points, ell).tolist() == [True, True, True, False, False, False, False]
    assert not inside(points, ell[:2]).any() and not len(inside(points[:0], ell))


@pytest.mark.parametrize("spatial", [False, True])
def test_a_single_point_stands_in_the_middle_of_a_sensible_view(spatial: bool) -> None:
    camera = Camera()
    camera.spatial = spatial
    camera.fit(POINTS[0], POINTS[0], 300, 200)
    np.testing.assert_allclose(camera.place(POINTS[:1], 300, 200)[0][0], (150, 100), atol=0.1)
    assert 1.0 < camera.per_pixel * 300 < 5.0
