from __future__ import annotations

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from tests.app.widgets.conftest import Show
from tests.app.widgets.pictures import click, colour_at, drag, hover, rgb, wheel
from workbench.widgets.ticks import length_text, seconds_text, ticks
from workbench.widgets.time_plot import TimePlot


@pytest.fixture
def plot(show: Show) -> TimePlot:
    plot = TimePlot()
    show(plot)
    plot.set_range(2.0, 6.0, 10.0)
    return plot


def _signals(signal: object) -> list[tuple[float, ...]]:
    got: list[tuple[float, ...]] = []
    signal.connect(lambda *values: got.append(values))  # type: ignore[attr-defined]
    return got


def test_a_click_seeks_to_the_time_under_the_pointer(plot: TimePlot) -> None:
    got = _signals(plot.seek_requested)
    click(plot, plot.x_of(3.5), 50)
    assert got[0][0] == pytest.approx(3.5, abs=0.01)


def test_a_drag_marks_a_region_and_does_not_seek(plot: TimePlot) -> None:
    regions, seeks = _signals(plot.region_selected), _signals(plot.seek_requested)
    drag(plot, plot.x_of(5.0), plot.x_of(3.0), 50)
    assert regions[0] == pytest.approx((3.0, 5.0), abs=0.01)
    assert not seeks


def test_a_click_outside_of_the_plot_does_nothing(plot: TimePlot) -> None:
    seeks = _signals(plot.seek_requested)
    click(plot, 2, 50)
    assert not seeks


def test_the_wheel_zooms_around_the_pointer(plot: TimePlot) -> None:
    ranges = _signals(plot.range_requested)
    x = plot.x_of(3.0)
    wheel(plot, x, 50, 1)
    start, end = ranges[0]
    assert end - start == pytest.approx(4.0 * 0.8)
    plot.set_range(start, end, 10.0)
    assert plot.x_of(3.0) == pytest.approx(x, abs=1.0)


def test_zooming_out_stops_at_the_clip(plot: TimePlot) -> None:
    ranges = _signals(plot.range_requested)
    wheel(plot, plot.x_of(3.0), 50, -20)
    assert ranges[0] == (0.0, 10.0)


def test_shift_and_wheel_and_the_middle_button_pan(plot: TimePlot) -> None:
    ranges = _signals(plot.range_requested)
    wheel(plot, plot.x_of(3.0), 50, -1, shift=True)
    assert ranges[0] == pytest.approx((2.4, 6.4))
    drag(plot, plot.x_of(4.0), plot.x_of(3.0), 50, Qt.MouseButton.MiddleButton)
    assert ranges[1] == pytest.approx((3.0, 7.0), abs=0.02)


@pytest.mark.parametrize(
    ("key", "expected"),
    [(Qt.Key.Key_Plus, 2.0), (Qt.Key.Key_Minus, 8.0), (Qt.Key.Key_PageDown, 4.0), (Qt.Key.Key_F, 10.0)],
)
def test_keys_change_the_range(plot: TimePlot, qtbot: QtBot, key: Qt.Key, expected: float) -> None:
    ranges = _signals(plot.range_requested)
    plot.set_cursor(4.0)
    qtbot.keyClick(plot, key)
    assert ranges[0][1] - ranges[0][0] == pytest.approx(expected)


def test_arrow_keys_move_the_cursor_by_ten_pixels(plot: TimePlot, qtbot: QtBot) -> None:
    seeks = _signals(plot.seek_requested)
    plot.set_cursor(4.0)
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert plot.x_of(seeks[0][0]) == pytest.approx(plot.x_of(4.0) + 10)


def test_the_cursor_is_drawn_where_it_is_and_nowhere_else(plot: TimePlot) -> None:
    plot.set_cursor(4.0)
    assert rgb(colour_at(plot, plot.x_of(4.0), 100)) == rgb(plot.theme.cursor)
    assert rgb(colour_at(plot, plot.x_of(5.0), 100)) != rgb(plot.theme.cursor)
    plot.set_cursor(5.0)
    assert rgb(colour_at(plot, plot.x_of(4.0), 100)) != rgb(plot.theme.cursor)


def test_moving_the_cursor_does_not_draw_the_plot_again(plot: TimePlot) -> None:
    plot.grab()
    drawn = plot._cache
    plot.set_cursor(5.0)
    plot.grab()
    assert plot._cache is drawn


def test_leaving_says_that_nothing_is_under_the_pointer(plot: TimePlot) -> None:
    texts = _signals(plot.hovered)
    hover(plot, 2, 2)
    assert texts == [("",)]


def test_ticks_are_round_and_inside() -> None:
    assert ticks(0.0, 1.0, 5) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert ticks(3.13, 3.19, 4) == [3.14, 3.16, 3.18]


def test_times_are_written_as_people_write_them() -> None:
    assert seconds_text(0.25, 0.05) == "0.25"
    assert seconds_text(125.0, 5.0) == "2:05"
    assert seconds_text(3725.0, 5.0) == "1:02:05"
    assert seconds_text(65.5, 0.5) == "1:05.5"
    assert length_text(7.1234) == "0:07.123"


def test_shift_and_arrows_mark_a_region_from_the_cursor(plot: TimePlot, qtbot: QtBot) -> None:
    regions = _signals(plot.region_selected)
    plot.set_cursor(4.0)
    step = 10 * 4.0 / plot.plot_rect.width()
    for times, key in ((2, Qt.Key.Key_Right), (3, Qt.Key.Key_Left)):
        for _ in range(times):
            qtbot.keyClick(plot, key, Qt.KeyboardModifier.ShiftModifier)
            if regions:
                plot.set_region((regions[-1][0], regions[-1][1]), True)
    assert regions[1] == pytest.approx((4.0, 4.0 + 2 * step))
    assert regions[-1] == pytest.approx((4.0 - step, 4.0)), "back over the cursor, the region is on the other side"


def test_an_edge_of_the_region_can_be_dragged(plot: TimePlot) -> None:
    regions = _signals(plot.region_selected)
    plot.set_region((3.0, 5.0), True)
    drag(plot, plot.x_of(5.0), plot.x_of(5.5), 50)
    drag(plot, plot.x_of(3.0) + 2, plot.x_of(2.5), 50)
    assert regions[0] == pytest.approx((3.0, 5.5), abs=0.02)
    assert regions[1] == pytest.approx((2.5, 5.0), abs=0.02)


def test_a_figure_has_the_size_it_is_given_and_leaves_the_plot_as_it_was(plot: TimePlot) -> None:
    before = plot.plot_rect
    image = QImage(400, 300, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    plot.paint_figure(painter, QRect(100, 50, 300, 200), plot.theme)
    painter.end()
    assert plot.plot_rect == before
    assert image.pixel(50, 20) == 0xFF000000, "outside of its place"
    ruler = {image.pixel(x, 50 + 190) for x in range(110, 400)}
    assert len(ruler) > 1, "times stand below"
