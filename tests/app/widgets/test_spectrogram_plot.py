from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF

from tests.app.widgets.conftest import Show
from tests.app.widgets.pictures import colour_at, hover, rgb
from workbench.widgets.colormap import table
from workbench.widgets.column_store import ColumnStore
from workbench.widgets.spectrogram_plot import SpectrogramLane, SpectrogramPlot


def _store(level: int) -> ColumnStore:
    """Two seconds; in the second one the bin of 2 kHz has a level."""
    values = np.zeros((200, 257), np.uint8)
    values[100:, 62:67] = level
    store = ColumnStore(values, 160, 16_000, -100.0, 0.0)
    store.advance(200)
    return store


@pytest.fixture
def plot(show: Show) -> SpectrogramPlot:
    plot = SpectrogramPlot()
    show(plot, 800, 600)
    loud, quiet = _store(204), _store(153)  # −20 dB and −40 dB
    plot.set_lanes(
        [
            SpectrogramLane("Original", "original", loud),
            SpectrogramLane("Depth 3 · 1.5 kbps", "decoded", quiet),
            SpectrogramLane("Decode − original", "difference", quiet, loud),
        ]
    )
    plot.set_range(0.0, 2.0, 2.0)
    return plot


def _y(plot: SpectrogramPlot, lane: int, frequency_hz: float) -> float:
    rect = plot.lane_rect(lane)
    return rect.bottom() + 1 - frequency_hz / 8000 * rect.height()


def test_levels_are_where_they_belong(plot: SpectrogramPlot) -> None:
    assert plot.level_range() == (-100.0, -20.0), "80 dB down from the loudest"
    for lane, level in ((0, 255), (1, 191)):  # −20 dB and −40 dB on that scale
        y = _y(plot, lane, 2000)
        assert rgb(colour_at(plot, plot.x_of(1.5), y)) == table("viridis")[level]
        assert rgb(colour_at(plot, plot.x_of(0.5), y)) == table("viridis")[0]
        assert rgb(colour_at(plot, plot.x_of(1.5), _y(plot, lane, 6000))) == table("viridis")[0]


def test_both_lanes_share_the_scale_of_the_louder_one(plot: SpectrogramPlot) -> None:
    plot.set_lanes([SpectrogramLane("", "original", _store(153)), SpectrogramLane("", "decoded", _store(200))])
    assert plot.level_range() == (-100.0, -20.0)
    plot.set_lanes([SpectrogramLane("", "original", _store(255))])
    assert plot.level_range() == (-80.0, 0.0)


def test_the_difference_is_zero_in_the_middle_of_its_map(plot: SpectrogramPlot) -> None:
    y = _y(plot, 2, 2000)
    assert rgb(colour_at(plot, plot.x_of(0.5), y)) == table("difference")[128]
    down = round(-20 * 127.5 / 30 + 127.5)
    assert abs(int(np.flatnonzero(table("difference") == rgb(colour_at(plot, plot.x_of(1.5), y)))[0]) - down) <= 1


def test_different_scales_are_compared_in_decibels(plot: SpectrogramPlot) -> None:
    loud = _store(204)
    other = ColumnStore(np.full((200, 257), 255, np.uint8), 160, 16_000, -120.0, -20.0)
    other.advance(200)
    plot.set_lanes([SpectrogramLane("Difference", "difference", other, loud)])
    assert rgb(colour_at(plot, plot.x_of(1.5), _y(plot, 0, 2000))) == table("difference")[128]


def test_hover_reads_time_frequency_and_every_lane(plot: SpectrogramPlot) -> None:
    texts: list[str] = []
    plot.hovered.connect(texts.append)
    hover(plot, plot.x_of(1.5), _y(plot, 0, 2000))
    time, frequency, *levels = texts[0].split(" · ")
    assert time.startswith("0:01.5") or time.startswith("0:01.49")
    assert abs(float(frequency.split()[0]) - 2.0) < 0.05 and frequency.endswith("kHz")
    assert levels == ["Original −20.0 dB", "Depth 3 −40.0 dB", "Decode − original −20.0 dB"]


def test_the_frequency_axis_is_linear_or_mel(plot: SpectrogramPlot) -> None:
    rect = plot.lane_rect(0)
    middle = rect.top() + rect.height() / 2
    assert plot.frequency_at(middle, rect, 8000.0) == pytest.approx(4000.0)
    plot.set_look("magma", "mel")
    assert plot.frequency_at(middle, rect, 8000.0) == pytest.approx(1767.8, rel=1e-3)
    y = rect.bottom() + 1 - 1521.4 / 2840.0 * rect.height()  # mel(2000 Hz) of mel(8000 Hz)
    assert rgb(colour_at(plot, plot.x_of(1.5), y)) == table("magma")[255]


def test_a_lane_that_is_not_there_says_why(plot: SpectrogramPlot) -> None:
    plot.set_lanes([SpectrogramLane("Depth 4", "decoded", None, waiting="decoding 40 %")])
    assert not plot.grab().isNull()
    assert plot.describe_at(QPointF(plot.x_of(1.0), 50)) == ""


def test_more_bins_than_pixels_keep_the_loudest(show: Show) -> None:
    plot = SpectrogramPlot()
    show(plot, 800, 90)
    store = _store(204)
    store.values[:] = 0
    store.values[100:, 64] = 255
    plot.set_lanes([SpectrogramLane("", "original", store)])
    plot.set_range(0.0, 2.0, 2.0)
    colours = {rgb(colour_at(plot, plot.x_of(1.5), y)) for y in range(plot.plot_rect.top(), plot.plot_rect.bottom())}
    assert int(table("viridis")[255]) in colours
