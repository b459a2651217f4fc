from __future__ import annotations

import dataclasses
from collections.abc import Callable

from PySide6.QtWidgets import QLabel

from tests.app.panels.known_clip import RATE_HZ, known_codec
from tests.app.shell.fake_engine import FakeClient
from tests.app.widgets.pictures import click
from workbench.context import Context
from workbench.engine import protocol
from workbench.panels import PanelInfo, panel_info
from workbench.panels.base import Panel
from workbench.panels.codec import CodecPanel, facts
from workbench.panels.latents import LatentsPanel

Show = Callable[[PanelInfo, Context], Panel]


def _codec(show: Show, context: Context) -> CodecPanel:
    panel = show(panel_info("codec"), context)
    assert isinstance(panel, CodecPanel)
    return panel


def _latents(show: Show, context: Context) -> LatentsPanel:
    panel = show(panel_info("latents"), context)
    assert isinstance(panel, LatentsPanel)
    return panel


def test_the_card_states_rates_with_units() -> None:
    rows = dict(facts(known_codec(), "cuda:0"))
    assert rows["Audio"] == "16 kHz · mono"
    assert rows["Frame"] == "320 samples · 20 ms · 50 Hz"
    assert rows["Books"] == "4 x 1024 entries · 1 at 12.5 Hz, 3 at 50 Hz"
    assert rows["Bitrate"] == "0.12 to 1.62 kbps"
    assert rows["Delay"].startswith("320 samples · 20 ms")
    assert rows["Parameters"] == "1.25 M"
    assert rows["Runs on"] == "cuda:0"


def test_a_codec_without_books_or_stream_says_so() -> None:
    info = dataclasses.replace(known_codec(), books=(), depth_mode="none", causal=False, streamable=False)
    rows = dict(facts(info, "cpu"))
    assert rows["Bitrate"] == "continuous" and rows["Live"] == "cannot stream" and "looks ahead" in rows["Causal"]


def test_the_card_is_on_screen(loaded_context: Context, show: Show) -> None:
    panel = _codec(show, loaded_context)
    texts = {label.text() for label in panel.findChildren(QLabel)}
    assert {"known", "16 kHz · mono", "MIT", "1.25 M"} <= texts


def test_loading_is_told_and_the_codec_before_stays(loaded_context: Context, show: Show) -> None:
    panel = _codec(show, loaded_context)
    assert panel.loading.isHidden()
    loaded_context.codec.set_loading("lyra_v2")
    assert panel.loading.text() == "Loading lyra_v2 …" and not panel.loading.isHidden()
    assert panel.name.text() == "known"


def test_a_bar_chooses_its_depth_and_the_depth_is_marked(
    loaded_context: Context, show: Show, client: FakeClient
) -> None:
    panel = _codec(show, loaded_context)
    place = panel.chart.bar_rect(3).center()
    click(panel.chart, place.x(), place.y())
    assert client.last(protocol.SelectDepth)[1].depth == 3
    assert panel.chart.depth == 3 and panel.books.heard == {0, 1, 2}


def test_blind_listening_hides_the_depth_on_the_card(loaded_context: Context, show: Show) -> None:
    panel = _codec(show, loaded_context)
    loaded_context.playback.update(depth=3, blind_order=(3, 0))
    assert panel.chart.depth is None and panel.books.heard is None


def test_a_codec_without_books_has_no_chart(loaded_context: Context, show: Show) -> None:
    panel = _codec(show, loaded_context)
    loaded_context.codec.set_codec(dataclasses.replace(known_codec(), books=(), depth_mode="none"), "cpu")
    assert panel.chart.isHidden() and panel.books.isHidden()


def test_a_click_on_a_latent_seeks_there(loaded_context: Context, show: Show, client: FakeClient) -> None:
    panel = _latents(show, loaded_context)
    latents = loaded_context.clip.data.latents
    assert latents is not None
    place = panel.trajectory.position_of(latents.before[30])
    click(panel.trajectory, place.x(), place.y())
    assert client.last(protocol.Seek)[1].sample == round(30 / 50 * RATE_HZ)
    assert panel.trajectory.cursor_s == 0.6


def test_the_playhead_follows_the_clock(loaded_context: Context, show: Show) -> None:
    panel = _latents(show, loaded_context)
    loaded_context.playback.position = RATE_HZ
    panel.refresh()
    assert panel.trajectory.cursor_s == 1.0


def test_axes_carry_the_explained_variance(loaded_context: Context, show: Show) -> None:
    panel = _latents(show, loaded_context)
    assert panel.trajectory.data is not None
    assert panel.trajectory.data.axis_names == tuple(
        f"PC {axis} · {share} of variance" for axis, share in ((1, "42%"), (2, "17%"), (3, "9%"))
    )
    assert "fitted on the training speech" in panel.read_out.text()


def test_colour_covers_the_linked_stretch_of_time(loaded_context: Context, show: Show) -> None:
    panel = _latents(show, loaded_context)
    loaded_context.time_view.set_range(0.5, 1.0)
    assert panel.trajectory.time_range == (0.5, 1.0)


def test_quantised_points_are_remembered(loaded_context: Context, show: Show) -> None:
    panel = _latents(show, loaded_context)
    panel.quantised.click()
    assert panel.trajectory.show_after and panel.view_state()["quantised"] is True
    panel.set_view_state({"quantised": False})
    assert not panel.trajectory.show_after
