from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot

from speefeare_core.spectrograms.scales import SCALES
from tests.app.widgets.conftest import Show
from tests.app.widgets.pictures import colour_at, hover, rgb
from workbench.state.voice import Voice
from workbench.widgets import spectrogram_figure
from workbench.widgets.colormap import table
from workbench.widgets.column_store import ColumnStore
from workbench.widgets.spectrogram_plot import SpectrogramLane, SpectrogramPlot, _pixel_rows
from workbench.widgets.voice_overlay import pitch_y


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


@pytest.mark.parametrize("scale", ["linear", "log", "mel", "erb"])
def test_a_tone_stands_at_its_frequency_on_every_axis(plot: SpectrogramPlot, scale: str) -> None:
    plot.set_look("viridis", scale)
    rect = plot.lane_rect(0)
    share = float(SCALES[scale].share(2000.0, 8000.0))
    y = rect.bottom() + 1 - share * rect.height()
    assert rgb(colour_at(plot, plot.x_of(1.5), y)) == table("viridis")[255]
    assert plot.frequency_at(y, rect, 8000.0) == pytest.approx(2000.0, rel=0.01)


def test_between_bins_levels_go_from_one_to_the_other() -> None:
    shade = np.array([[0, 80, 160, 0, 0, 0, 0, 0, 0]], np.uint8)
    rows = _pixel_rows(shade, 160, SCALES["linear"], 8000.0)[::-1, 0].astype(int)
    rising = rows[:40]
    assert rising[0] == 0 and abs(int(rising[20]) - 80) <= 10 and (np.diff(rising[:38]) >= 0).all()
    assert len(set(rising.tolist())) >= 14, "in eighths of a bin"
    assert rows[80:].max() == 0


def test_the_dynamic_range_is_what_was_chosen(plot: SpectrogramPlot) -> None:
    plot.set_look("viridis", "linear", 40.0)
    assert plot.level_range() == (-60.0, -20.0)
    y = _y(plot, 1, 2000)
    assert rgb(colour_at(plot, plot.x_of(1.5), y)) == table("viridis")[128], "−40 dB is in the middle"


def test_shift_and_arrows_read_the_levels_at_the_cursor(plot: SpectrogramPlot, qtbot: QtBot) -> None:
    texts: list[str] = []
    plot.hovered.connect(texts.append)
    plot.set_cursor(1.5)
    qtbot.keyClick(plot, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert plot.reading == pytest.approx(0.48) and texts[-1].startswith("0:01.500 · 3.84 kHz · Original −100.0 dB")
    assert rgb(colour_at(plot, plot.x_of(1.0), _y(plot, 0, 3840))) == rgb(plot.theme.cursor)
    for _ in range(12):
        qtbot.keyClick(plot, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(plot, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert "2.08 kHz" in texts[-1] or "1.92 kHz" in texts[-1]
    qtbot.keyClick(plot, Qt.Key.Key_Escape)
    assert plot.reading is None and texts[-1] == ""


def test_pitch_and_formants_are_drawn_and_read(plot: SpectrogramPlot) -> None:
    tracks = np.full((200, 5), np.nan, np.float32)
    tracks[100:] = (200.0, 700.0, 1200.0, 2500.0, 3500.0)
    voice = Voice(tracks, 200, 0.01)
    plot.set_lanes([SpectrogramLane("Original", "original", _store(204), voice=voice)])
    plain = plot.grab().toImage()
    plot.set_overlays(pitch=True, formants=False)
    x, y = plot.x_of(1.5), float(pitch_y(plot.lane_rect(0), 200.0))
    assert rgb(colour_at(plot, x, y)) == 0xFFFFB454
    assert plot.grab().toImage() != plain
    plot.set_overlays(pitch=False, formants=True)
    image, y = plot.grab().toImage(), round(_y(plot, 0, 3500))
    assert max(image.pixelColor(round(x) + dx, y + dy).lightness() for dx in (-1, 0, 1) for dy in (-1, 0, 1)) > 200
    plot.set_overlays(pitch=True, formants=True)
    words = plot.words_at(1.5, 1000.0)
    assert "pitch 200 Hz" in words and "F1–F4 700 1200 2500 3500 Hz" in words
    assert "unvoiced" in plot.words_at(0.5, 1000.0)


def test_what_is_in_sight_as_arrays_and_as_a_table(plot: SpectrogramPlot) -> None:
    plot.set_range(1.2, 1.4, 2.0)
    found = spectrogram_figure.arrays(plot)
    assert found["time_s"][0] == pytest.approx(1.2) and found["lane_1_level_db"].shape == (20, 257)
    assert found["frequency_hz"][64] == pytest.approx(2000.0)
    assert found["lane_3_level_db"][5, 64] == pytest.approx(-20.0) and str(found["lane_2_name"]) == "Depth 3"
    rows = spectrogram_figure.table(plot)
    assert rows.columns == ("time_s", "frequency_hz", "Original (dB)", "Depth 3 (dB)", "Decode − original (dB)")
    first = list(rows.rows)[64]
    assert first[:2] == (1.2, 2000.0) and first[2:] == (-20.0, -40.0, -20.0)
