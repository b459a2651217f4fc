"""Waveform, spectrogram and codes on the known clip."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QApplication

from tests.app.panels.known_clip import RATE_HZ
from tests.app.shell.fake_engine import FakeClient
from tests.app.widgets.pictures import click, colour_at, drag, hover, rgb, wheel
from workbench.context import Context
from workbench.engine import protocol
from workbench.panels import PanelInfo, panel_info
from workbench.panels.base import Panel
from workbench.panels.time_linked import HIDDEN, TimeLinkedPanel
from workbench.widgets.colormap import code_table, table

Show = Callable[[PanelInfo, Context], Panel]
time_panels = pytest.mark.parametrize("key", ["waveform", "spectrogram", "codes"])


def _open(show: Show, key: str, context: Context) -> TimeLinkedPanel:
    panel = show(panel_info(key), context)
    assert isinstance(panel, TimeLinkedPanel)
    return panel


@time_panels
def test_a_click_seeks_to_the_right_sample(key: str, loaded_context: Context, show: Show, client: FakeClient) -> None:
    panel = _open(show, key, loaded_context)
    click(panel.plot, panel.plot.x_of(1.25), 60)
    assert client.last(protocol.Seek)[1].sample == pytest.approx(1.25 * RATE_HZ, abs=RATE_HZ * 2 / 700)
    assert panel.plot.cursor_s == pytest.approx(1.25, abs=0.003)


@time_panels
def test_a_drag_loops_the_region(key: str, loaded_context: Context, show: Show, client: FakeClient) -> None:
    panel = _open(show, key, loaded_context)
    drag(panel.plot, panel.plot.x_of(0.5), panel.plot.x_of(1.0), 60)
    request = client.last(protocol.SetLoop)[1]
    assert (request.start, request.end) == pytest.approx((8000, 16_000), abs=50)
    assert loaded_context.playback.looping
    assert panel.plot.region == pytest.approx((0.5, 1.0), abs=0.003) and panel.plot.region_active


@time_panels
def test_zooming_one_moves_them_all(key: str, loaded_context: Context, show: Show) -> None:
    others = [_open(show, other, loaded_context) for other in ("waveform", "spectrogram", "codes")]
    panel = _open(show, key, loaded_context)
    wheel(panel.plot, panel.plot.x_of(1.0), 60, 3)
    assert loaded_context.time_view.end_s - loaded_context.time_view.start_s == pytest.approx(2.0 * 0.8**3)
    for other in others:
        assert other.plot.start_s == loaded_context.time_view.start_s
        assert other.plot.x_of(1.0) == pytest.approx(panel.plot.x_of(1.0)), "stacked docks line up"


@time_panels
def test_the_cursor_follows_the_clock_and_pages_when_zoomed_in(key: str, loaded_context: Context, show: Show) -> None:
    panel = _open(show, key, loaded_context)
    loaded_context.time_view.set_range(0.0, 0.5)
    loaded_context.playback.update(playing=True)
    loaded_context.playback.position = int(0.6 * RATE_HZ)
    panel.refresh()
    assert panel.plot.cursor_s == pytest.approx(0.6)
    assert loaded_context.time_view.start_s == pytest.approx(0.6)


@time_panels
def test_nothing_shows_which_depth_is_heard_while_blind(
    key: str, loaded_context: Context, show: Show, client: FakeClient
) -> None:
    panel = _open(show, key, loaded_context)
    loaded_context.playback.update(blind_order=(2, 0, 1), depth=2)
    panel.refresh()
    first = panel.grab().toImage()
    loaded_context.playback.update(depth=0)
    panel.refresh()
    assert panel.grab().toImage() == first
    assert client.count(protocol.WantDepth) == 0


def test_the_waveform_names_what_is_heard_and_what_is_missing(loaded_context: Context, show: Show) -> None:
    panel = _open(show, "waveform", loaded_context)
    lanes = panel.envelopes.lanes  # type: ignore[attr-defined]
    assert lanes[0].title == "Original ▸"
    loaded_context.clip.set_progress("Decoding", 0.4)
    loaded_context.playback.update(depth=4)
    lanes = panel.envelopes.lanes  # type: ignore[attr-defined]
    assert lanes[1].title.startswith("Depth 4") and lanes[1].title.endswith("▸")
    assert lanes[1].waiting == "Decoding … 40%"
    loaded_context.playback.update(blind_order=(0, 1))
    assert panel.envelopes.lanes[1].waiting == HIDDEN  # type: ignore[attr-defined]


def test_the_waveform_shows_the_chosen_depth(loaded_context: Context, show: Show) -> None:
    panel = _open(show, "waveform", loaded_context)
    plot = panel.envelopes  # type: ignore[attr-defined]
    loaded_context.playback.update(depth=3)  # 0.3 at most, full scale 0.5
    rect = plot.lane_rect(1)

    def drawn(value: float) -> bool:
        y = rect.top() + (1 - value / 0.5) / 2 * rect.height()
        return rgb(colour_at(plot, plot.x_of(1.5), y)) == rgb(plot.theme.decoded)

    assert drawn(0.25) and not drawn(0.36)
    loaded_context.playback.update(depth=1)
    assert drawn(0.05) and not drawn(0.25)


def test_the_spectrogram_shows_original_decode_and_difference(loaded_context: Context, show: Show) -> None:
    panel = _open(show, "spectrogram", loaded_context)
    plot = panel.spectrograms  # type: ignore[attr-defined]
    loaded_context.playback.update(depth=3)
    loaded_context.time_view.set_range(1.4, 1.6)
    panel.resize(900, 900)
    texts: list[str] = []
    plot.hovered.connect(texts.append)
    rect = plot.lane_rect(0)
    y = rect.bottom() + 1 - 2000 / 8000 * rect.height()
    hover(plot, plot.x_of(1.5), y - 0.5)
    assert texts[0].split(" · ")[2:] == ["Original −20.0 dB", "Depth 3 −20.0 dB", "Depth 3 − original 0.0 dB"]
    loaded_context.playback.update(depth=1)
    hover(plot, plot.x_of(1.5), y - 0.5)
    assert texts[-1].split(" · ")[2:] == ["Original −20.0 dB", "Depth 1 −40.0 dB", "Depth 1 − original −20.0 dB"]


def test_lanes_can_be_hidden_and_come_back_with_the_layout(loaded_context: Context, show: Show) -> None:
    panel = _open(show, "spectrogram", loaded_context)
    panel.toggles["difference"].click()  # type: ignore[attr-defined]
    panel.tools.map_choice.setCurrentIndex(1)  # type: ignore[attr-defined]
    assert [lane.series for lane in panel.spectrograms.lanes] == ["original", "decoded"]  # type: ignore[attr-defined]
    state = panel.view_state()
    other = _open(show, "spectrogram", loaded_context)
    other.set_view_state(state)
    assert other.view_state() == state
    assert other.spectrograms.map_name == "magma"  # type: ignore[attr-defined]


def test_a_missing_spectrogram_is_asked_for_once_by_a_panel_that_is_seen(
    loaded_context: Context, show: Show, client: FakeClient
) -> None:
    panel = _open(show, "spectrogram", loaded_context)
    del loaded_context.clip.data.spectrograms[2]
    loaded_context.playback.update(depth=2)
    for _ in range(3):
        panel.refresh()
    assert [r.depth for r in client.sent if isinstance(r, protocol.WantDepth)] == [2]


def test_codes_stand_in_book_order_with_their_own_rates(loaded_context: Context, show: Show) -> None:
    panel = _open(show, "codes", loaded_context)
    rows = panel.raster.rows  # type: ignore[attr-defined]
    assert [(row.book, row.frame_rate_hz, row.role, int(row.codes[3])) for row in rows] == [
        (1, 12.5, "semantic", 3),
        (2, 50.0, "acoustic", 103),
        (3, 50.0, "acoustic", 203),
        (4, 50.0, "acoustic", 303),
    ]


def test_codes_show_and_tell_the_token_under_the_pointer(loaded_context: Context, show: Show) -> None:
    panel = _open(show, "codes", loaded_context)
    plot = panel.raster  # type: ignore[attr-defined]
    y = plot.row_edges()[2] + 5
    assert rgb(colour_at(plot, plot.x_of(1.011), y)) == code_table(False)[250]
    hover(plot, plot.x_of(1.011), y)
    assert panel.read_out.text().startswith("Book 3 (acoustic, 1024) · frame 50")
    assert panel.read_out.text().endswith("index 250 · 1× here")


def test_codes_beyond_the_depth_are_dimmed(loaded_context: Context, show: Show) -> None:
    panel = _open(show, "codes", loaded_context)
    plot = panel.raster  # type: ignore[attr-defined]
    assert plot.depth is None, "the original dims nothing"
    loaded_context.playback.update(depth=2)
    assert rgb(colour_at(plot, plot.x_of(1.011), plot.row_edges()[1] + 5)) == code_table(False)[150]
    assert rgb(colour_at(plot, plot.x_of(1.011), plot.row_edges()[2] + 5)) != code_table(False)[250]


def test_codes_of_another_codec_are_not_shown(loaded_context: Context, show: Show, qapp: QApplication) -> None:
    panel = _open(show, "codes", loaded_context)
    loaded_context.clip.set_codes(loaded_context.clip.data.codes[1:], (50.0,))
    assert panel.raster.rows == ()  # type: ignore[attr-defined]


def test_the_colour_map_is_the_one_of_the_bar(loaded_context: Context, show: Show) -> None:
    panel = _open(show, "spectrogram", loaded_context)
    plot = panel.spectrograms  # type: ignore[attr-defined]
    top, bottom = plot.lane_rect(0).top() + 1, plot.lane_rect(0).bottom() - 1
    x = plot.plot_rect.right() + 12
    high, low = (rgb(colour_at(plot, x, y)) for y in (top, bottom))
    assert high in table("viridis")[245:] and low in table("viridis")[:10]
