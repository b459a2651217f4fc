from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.app.widgets.conftest import Show
from tests.app.widgets.pictures import click
from workbench.widgets.rate_distortion import RateDistortion, RateMetric, RatePoint

SI_SDR = RateMetric("SI-SDR", "dB", True)
MEL = RateMetric("Log-mel distance", "dB", False)
POINTS = (
    RatePoint(1, 0, 0.5, -2.0, "1", "a · Depth 1"),
    RatePoint(2, 0, 1.0, 1.0, "2", "a · Depth 2"),
    RatePoint(10_001, 1, 12.0, 3.0, "Decode", "opus · Decode"),
    RatePoint(20_001, 2, None, 8.0, "Decode", "vae · Decode"),
)


@pytest.fixture
def plot(show: Show) -> RateDistortion:
    plot = RateDistortion()
    show(plot, 500, 320)
    plot.set_points(POINTS, ("a", "opus", "vae"), SI_SDR)
    return plot


def test_more_bits_lie_right_and_better_ones_higher(plot: RateDistortion) -> None:
    first, second, third, _ = (plot.place_of(point) for point in POINTS)
    assert first.x() < second.x() < third.x() and first.y() > second.y() > third.y()
    plot.set_points(POINTS, ("a", "opus", "vae"), MEL)
    first, second, third, _ = (plot.place_of(point) for point in POINTS)
    assert first.y() < second.y() < third.y(), "a distance is better where it is small"


def test_rates_far_apart_stand_on_a_logarithmic_axis(plot: RateDistortion) -> None:
    first, second, third = (plot.place_of(point).x() for point in POINTS[:3])
    assert (third - first) / (second - first) == pytest.approx(4.585, rel=0.01)  # log 24 / log 2
    plot.set_points(POINTS[:2], ("a",), SI_SDR)
    rect = plot.plot_rect
    shares = [(plot.place_of(point).x() - rect.left()) / rect.width() for point in POINTS[:2]]
    assert shares[1] == pytest.approx(2 * shares[0]), "near ones on a linear axis from 0"


def test_a_click_chooses_and_beside_it_nothing_happens(plot: RateDistortion) -> None:
    chosen: list[int] = []
    plot.chosen.connect(chosen.append)
    place = plot.place_of(POINTS[2])
    click(plot, place.x() + 3, place.y() - 3)
    click(plot, place.x() - 120, place.y() - 40)
    assert chosen == [10_001]


def test_without_a_bitrate_the_whole_line_can_be_clicked(plot: RateDistortion) -> None:
    chosen: list[int] = []
    plot.chosen.connect(chosen.append)
    click(plot, plot.plot_rect.center().x(), plot.place_of(POINTS[3]).y() + 2)
    assert chosen == [20_001]
    assert plot.words_of(POINTS[3]) == "vae · Decode: no bitrate, SI-SDR 8.00 dB"


def test_arrow_keys_go_along_a_codec_and_across(plot: RateDistortion) -> None:
    plot.chosen.connect(plot.set_heard)
    for key, heard in (
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_Right, 2),
        (Qt.Key.Key_Right, 2),
        (Qt.Key.Key_Down, 10_001),
        (Qt.Key.Key_Down, 20_001),
        (Qt.Key.Key_Up, 10_001),
        (Qt.Key.Key_Up, 2),
        (Qt.Key.Key_Left, 1),
    ):
        QTest.keyClick(plot, key)
        assert plot.heard == heard
    assert "a · Depth 1" in plot.accessibleDescription()


def test_nothing_measured_says_so_and_keeps_the_keys_quiet(show: Show) -> None:
    plot = RateDistortion()
    show(plot)
    plot.set_points((), (), SI_SDR, "Measuring …")
    chosen: list[int] = []
    plot.chosen.connect(chosen.append)
    QTest.keyClick(plot, Qt.Key.Key_Right)
    assert chosen == [] and plot.accessibleDescription() == "Measuring …"


@pytest.mark.parametrize("values", [(0.0, 0.0), (-1e6, 1e6), (5.0, 5.0)])
def test_odd_values_are_drawn(plot: RateDistortion, values: tuple[float, float]) -> None:
    points = [RatePoint(i, 0, 1.0 + i, value, str(i), "x") for i, value in enumerate(values)]
    plot.set_points(points, ("a",), SI_SDR)
    assert not plot.grab().isNull()
    assert all(plot.plot_rect.adjusted(-1, -1, 1, 1).contains(plot.place_of(point)) for point in points)
