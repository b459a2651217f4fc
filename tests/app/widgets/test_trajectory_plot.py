from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from tests.app.widgets.conftest import Show
from tests.app.widgets.pictures import click, colour_at, drag, hover, rgb, wheel
from workbench.widgets.splat import splat_path, splat_points
from workbench.widgets.theme import theme_of
from workbench.widgets.trajectory_plot import Trajectory, TrajectoryPlot

SQUARE = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)


@pytest.fixture
def plot(show: Show) -> TrajectoryPlot:
    """Four corners, two a second."""
    plot = TrajectoryPlot()
    show(plot, 500, 400)
    plot.set_data(Trajectory(SQUARE, SQUARE * 0.5, 2.0, ("PC 1", "PC 2")))
    plot.set_time_range(0.0, 2.0)
    return plot


def test_a_click_on_a_point_seeks_to_its_frame(plot: TrajectoryPlot) -> None:
    seeks: list[float] = []
    plot.seek_requested.connect(seeks.append)
    place = plot.position_of(SQUARE[2])
    click(plot, place.x() + 3, place.y() - 2)
    assert seeks == [1.0]


def test_a_click_beside_every_point_does_nothing(plot: TrajectoryPlot) -> None:
    seeks: list[float] = []
    plot.seek_requested.connect(seeks.append)
    place = plot.position_of(np.zeros(2))
    click(plot, place.x(), place.y())
    assert seeks == []


def test_hover_says_frame_time_and_place(plot: TrajectoryPlot) -> None:
    texts: list[str] = []
    plot.hovered.connect(texts.append)
    place = plot.position_of(SQUARE[3])
    hover(plot, place.x(), place.y())
    assert texts == ["Frame 3 · 0:01.500 · (−1.00, 1.00) → (−0.50, 0.50) quantised"]


def test_points_have_the_colour_of_their_time(plot: TrajectoryPlot) -> None:
    first, last = (plot.position_of(SQUARE[i]) for i in (0, 3))
    plot.set_cursor(1.0)  # the marker away from both
    assert rgb(colour_at(plot, first.x(), first.y())) == plot._table()[0]
    assert rgb(colour_at(plot, last.x(), last.y())) == plot._table()[255]


def test_points_outside_of_the_visible_time_are_grey_and_cannot_be_hit(plot: TrajectoryPlot) -> None:
    plot.set_time_range(0.0, 1.0)
    place = plot.position_of(SQUARE[3])
    colour = colour_at(plot, place.x(), place.y())
    assert max(colour.red(), colour.green(), colour.blue()) - min(colour.red(), colour.green(), colour.blue()) < 12
    assert plot.frame_at(place) is None


def test_quantised_points_appear_on_demand(plot: TrajectoryPlot) -> None:
    place = plot.position_of(SQUARE[1] * 0.5)
    ground, decoded = rgb(theme_of(plot.palette()).lane), rgb(theme_of(plot.palette()).decoded)

    def around() -> set[int]:
        return {rgb(colour_at(plot, place.x() + dx, place.y() + dy)) for dx in range(-4, 5) for dy in range(-4, 5)}

    plot.set_cursor(1.5)
    assert around() == {ground}
    plot.set_show_after(True)
    assert decoded in around()


def test_the_playhead_stands_on_its_frame_and_costs_no_redraw(plot: TrajectoryPlot) -> None:
    plot.grab()
    drawn = plot._cache
    plot.set_cursor(1.2)  # frame 2
    place = plot.position_of(SQUARE[2])
    ring = [rgb(colour_at(plot, place.x() + 7, place.y())), rgb(colour_at(plot, place.x() - 7, place.y()))]
    assert rgb(theme_of(plot.palette()).cursor) in ring
    assert plot._cache is drawn


def test_zoom_pan_and_fit(plot: TrajectoryPlot, qtbot: QtBot) -> None:
    whole = plot.view
    place = plot.position_of(SQUARE[0])
    wheel(plot, place.x(), place.y(), 2)
    assert plot.view.width() < whole.width()
    after = plot.position_of(SQUARE[0])
    assert (after.x(), after.y()) == pytest.approx((place.x(), place.y()), abs=1.0)
    before = plot.view
    drag(plot, 200, 250, 150)
    assert plot.view.left() < before.left()
    qtbot.keyClick(plot, Qt.Key.Key_F)
    assert plot.view == whole


def test_one_unit_is_as_long_on_both_axes(plot: TrajectoryPlot) -> None:
    across = plot.position_of(SQUARE[1]).x() - plot.position_of(SQUARE[0]).x()
    up = plot.position_of(SQUARE[0]).y() - plot.position_of(SQUARE[3]).y()
    assert across == pytest.approx(up, rel=1e-6)


@pytest.mark.parametrize("count", [0, 1, 2, 50_000])
def test_any_number_of_points(show: Show, count: int) -> None:
    plot = TrajectoryPlot()
    show(plot, 300, 300)
    plot.set_data(Trajectory(np.random.default_rng(0).normal(size=(count, 2)), None, 50.0, ("a", "b")))
    plot.set_time_range(0.0, max(count, 1) / 50.0)
    image: QImage = plot.grab().toImage()
    assert not image.isNull()


def test_splats_stay_inside_and_later_points_lie_above() -> None:
    pixels = np.zeros((10, 10), np.uint32)
    splat_points(
        pixels, np.array([[5.0, 5.0], [5.0, 5.0], [-50.0, 3.0], [9.9, 9.9]]), np.arange(1, 5, dtype=np.uint32), 3
    )
    assert pixels[5, 5] == 2 and pixels[9, 9] == 4
    lines = np.zeros((10, 10), np.uint32)
    splat_path(lines, np.array([[0.5, 0.5], [9.5, 9.5]]), np.array([0xFFFFFFFF], np.uint32), 0.0, 0)
    assert (np.diag(lines)[:9] != 0).all() and lines[0, 9] == 0
