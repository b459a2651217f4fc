from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QRect, Qt
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from tests.app.widgets.conftest import Show
from tests.app.widgets.pictures import click, colour_at, drag, hover, mouse, rgb, wheel
from workbench.widgets.point_colours import Colouring, label_colours
from workbench.widgets.splat import GLYPHS, splat_path, splat_points
from workbench.widgets.theme import theme_of
from workbench.widgets.trajectory import Trajectory
from workbench.widgets.trajectory_plot import TrajectoryPlot
from workbench.widgets.trajectory_scene import point_pixels

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


def test_a_line_that_leaves_the_picture_is_drawn_where_it_is_inside() -> None:
    pixels = np.zeros((10, 10), np.uint32)
    splat_path(
        pixels, np.array([[[-5.0, 4.5], [15.0, 4.5]], [[2.5, -9.0], [2.5, -3.0]]]), np.full(2, 7, np.uint32), 0.0, 0
    )
    assert (pixels[4, :9] != 0).all() and (np.delete(pixels, 4, axis=0) == 0).all()


@pytest.mark.parametrize("size", [2, 3, 5, 9])
def test_every_shape_looks_different_and_stays_inside(size: int) -> None:
    drawn = set()
    for glyph in GLYPHS:
        pixels = np.zeros((11, 11), np.uint32)
        splat_points(pixels, np.array([[5.0, 5.0], [0.0, 10.0]]), np.array([1, 1], np.uint32), size, glyph=glyph)
        assert pixels.any()
        drawn.add(pixels.tobytes())
    assert len(drawn) == (len(GLYPHS) if size >= 5 else len(drawn))


# -- three dimensions -----------------------------------------------------------------------------------------------
CUBE = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32)


@pytest.fixture
def space(show: Show) -> TrajectoryPlot:
    """Eight corners in space, four a second."""
    plot = TrajectoryPlot()
    show(plot, 500, 400)
    plot.set_data(Trajectory(CUBE, CUBE * 0.8, 4.0, ("PC 1", "PC 2", "PC 3")))
    plot.set_time_range(0.0, 2.0)
    plot.set_spatial(True)
    return plot


def test_a_drag_turns_and_the_points_move(space: TrajectoryPlot) -> None:
    before = space.places(CUBE)
    drag(space, 200, 260, 200)
    after = space.places(CUBE)
    assert np.abs(after - before).max() > 10
    assert space.plot_rect.adjusted(-1, -1, 1, 1).contains(space.position_of(CUBE[0]).toPoint())


def test_a_click_in_space_takes_the_point_under_it(space: TrajectoryPlot) -> None:
    chosen: list[tuple[int, int]] = []
    space.point_chosen.connect(lambda path, frame: chosen.append((path, frame)))
    for frame in (0, 5, 7):
        place = space.position_of(CUBE[frame])
        click(space, place.x(), place.y())
    assert chosen == [(0, 0), (0, 5), (0, 7)]


def test_keys_turn_change_the_view_and_the_dimensions(space: TrajectoryPlot, qtbot: QtBot) -> None:
    told: list[bool] = []
    space.dimensions_changed.connect(told.append)
    azimuth = space.camera.azimuth
    qtbot.keyClick(space, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert space.camera.azimuth != azimuth
    qtbot.keyClick(space, Qt.Key.Key_V)
    assert (space.camera.azimuth, space.camera.elevation) == (0.0, 0.0)
    qtbot.keyClick(space, Qt.Key.Key_D)
    assert not space.spatial and told == [False]
    qtbot.keyClick(space, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert space.camera.centre[0] < 0, "in the plane they pan"


def test_two_axes_are_never_shown_as_space(plot: TrajectoryPlot) -> None:
    plot.set_spatial(True)
    assert not plot.spatial and not plot.grab().isNull()


# -- choosing frames ------------------------------------------------------------------------------------------------
def test_a_lasso_takes_the_points_inside(plot: TrajectoryPlot) -> None:
    taken: list[list[int]] = []
    plot.frames_selected.connect(lambda frames: taken.append(list(frames)))
    plot.set_lasso_mode(True)
    place = plot.position_of(SQUARE[1])
    corners = [(place.x() + dx, place.y() + dy) for dx, dy in ((-20, -20), (20, -20), (20, 20), (-20, 20))]
    mouse(plot, QEvent.Type.MouseButtonPress, *corners[0])
    for corner in corners[1:]:
        mouse(plot, QEvent.Type.MouseMove, *corner)
    mouse(plot, QEvent.Type.MouseButtonRelease, *corners[-1])
    assert taken == [[1]]
    plot.set_time_range(0.0, 0.4)  # frame 0 alone is in colour
    plot.select_inside(np.array([(0, 0), (500, 0), (500, 400), (0, 400)], float))
    assert taken[-1] == [0]


def test_s_takes_what_lies_near_and_again_more_of_it(show: Show, qtbot: QtBot) -> None:
    plot = TrajectoryPlot()
    show(plot, 400, 300)
    points = np.stack([np.arange(100.0), np.zeros(100)], axis=1)
    plot.set_data(Trajectory(points, None, 10.0, ("a", "b")))
    plot.set_time_range(0.0, 10.0)
    plot.set_cursor(5.0)
    taken: list[list[int]] = []
    plot.frames_selected.connect(lambda frames: taken.append(list(frames)))
    plot.frames_selected.connect(plot.set_selected)
    qtbot.keyClick(plot, Qt.Key.Key_S)
    plot.set_cursor(4.8)  # the loop that follows begins there
    qtbot.keyClick(plot, Qt.Key.Key_S)
    assert len(taken[0]) == 8 and len(taken[1]) == 16
    assert all(abs(frame - 50) <= 4 for frame in taken[0]) and 50 in taken[0]
    plot.set_cursor(9.0)
    qtbot.keyClick(plot, Qt.Key.Key_S)
    assert len(taken[2]) == 8 and 90 in taken[2], "anew at another place"
    qtbot.keyClick(plot, Qt.Key.Key_Escape)
    assert taken[3] == []


def test_n_and_enter_ask_for_the_next_stretch_and_the_sound(plot: TrajectoryPlot, qtbot: QtBot) -> None:
    steps: list[int] = []
    heard: list[tuple[int, int]] = []
    plot.stretch_requested.connect(steps.append)
    plot.point_chosen.connect(lambda path, frame: heard.append((path, frame)))
    plot.set_cursor(1.0)
    qtbot.keyClick(plot, Qt.Key.Key_N)
    qtbot.keyClick(plot, Qt.Key.Key_N, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(plot, Qt.Key.Key_Return)
    assert steps == [1, -1] and heard == [(0, 2)]


# -- several recordings, colours, print -----------------------------------------------------------------------------
def test_a_point_of_another_recording_is_heard_but_moves_no_cursor(plot: TrajectoryPlot) -> None:
    other = np.array([[0.2, 0.1], [0.3, 0.2]], np.float32)
    names = ("PC 1", "PC 2")
    plot.set_paths((Trajectory(SQUARE, None, 2.0, names, "one"), Trajectory(other, None, 2.0, names, "two")))
    seeks: list[float] = []
    chosen: list[tuple[int, int]] = []
    texts: list[str] = []
    plot.seek_requested.connect(seeks.append)
    plot.point_chosen.connect(lambda path, frame: chosen.append((path, frame)))
    plot.hovered.connect(texts.append)
    place = plot.position_of(other[1])
    click(plot, place.x(), place.y())
    hover(plot, place.x(), place.y())
    assert chosen == [(1, 1)] and seeks == []
    assert texts[-1].startswith("two · Frame 1 · 0:00.500")


def test_labels_colour_their_points_and_hover_names_them(plot: TrajectoryPlot) -> None:
    plot.set_colouring(Colouring("label", "Phone", "", (np.array([0.0, 1.0, np.nan, 1.0]),), ("a", "b")))
    rect = plot.plot_rect
    pixels = point_pixels(plot._scene(), rect, theme_of(plot.palette()), 1.0)
    first, second = (int(colour) for colour in label_colours(2, False))
    for frame, wanted, other in ((0, first, second), (1, second, first), (3, second, first)):
        place = plot.position_of(SQUARE[frame])
        x, y = int(place.x()) - rect.left(), int(place.y()) - rect.top()
        around = pixels[y - 4 : y + 5, x - 4 : x + 5]
        assert (around == wanted).sum() > 8 > (around == other).sum()
    assert "Phone b" in plot._describe((0, 1)) and "Phone" not in plot._describe((0, 2))


@pytest.mark.parametrize("spatial", [False, True])
def test_print_draws_the_same_points_at_any_size(space: TrajectoryPlot, spatial: bool) -> None:
    space.set_spatial(spatial)
    image = QImage(900, 700, QImage.Format.Format_RGB32)
    image.fill(0xFFFFFFFF)
    painter = QPainter(image)
    space.paint_figure(painter, QRect(0, 0, 900, 700), theme_of(space.palette()))
    painter.end()
    table = {int(pixel) for pixel in space._table()}
    found = {image.pixel(x, y) & 0xFFFFFFFF for x in range(0, 900) for y in range(0, 700, 2)}
    assert len(table & found) >= (4 if spatial else 3), "points far away fade, those near keep the colour of their time"
    assert space.camera.per_pixel == pytest.approx(space._scene().camera.per_pixel), "the window's view stays"
