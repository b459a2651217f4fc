"""What the panels show of codecs for which depth means something else, or nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from speefeare_core.blocks.report import SeamReport
from speefeare_core.codec import BookInfo, CodecInfo
from tests.app.panels.known_clip import known_codec, open_known_clip
from tests.app.panels.live_session import say
from tests.app.shell.fake_engine import FakeClient
from workbench import commands
from workbench.context import Context
from workbench.engine import protocol
from workbench.panels import PanelInfo, panel_info
from workbench.panels.base import Panel
from workbench.panels.codec import CodecPanel, facts
from workbench.panels.codes import CodesPanel
from workbench.panels.compare import ComparePanel
from workbench.panels.latents import LatentsPanel
from workbench.panels.live import LivePanel
from workbench.state.clip import Render
from workbench.state.takes import full_take, takes, why_no_depth

Show = Callable[[PanelInfo, Context], Panel]


def kind(**changes: object) -> CodecInfo:
    return dataclasses.replace(known_codec(), **changes)


BOOK = BookInfo(1024, 50.0)
RESIDUAL = kind(books=(BOOK,) * 4, depth_mode="residual")
PARALLEL = kind(books=(BOOK,) * 4, depth_mode="parallel")
SINGLE = kind(books=(BookInfo(4096, 40.0),), depth_mode="none")
CONTINUOUS = kind(books=(), depth_mode="none")
PACKETS = kind(books=(), depth_mode="none", latent_dim=0)


@pytest.mark.parametrize(
    ("info", "titles", "full"),
    [
        (RESIDUAL, ["Original", "1", "2", "3", "4"], 4),
        (known_codec(), ["Original", "1", "2", "3", "4", "Acoustic"], 4),
        (PARALLEL, ["Original", "All books", "Without 1", "Without 2", "Without 3", "Without 4"], 1),
        (SINGLE, ["Original", "Decode"], 1),
        (CONTINUOUS, ["Original", "Decode"], 1),
        (PACKETS, ["Original", "Decode"], 1),
    ],
)
def test_takes_of_every_kind(info: CodecInfo, titles: list[str], full: int) -> None:
    found = takes(info)
    assert [take.title for take in found] == titles
    assert [take.number for take in found] == list(range(len(found)))
    assert full_take(info) == full
    assert len({take.slug for take in found}) == len(found)
    assert found[full].bitrate_kbps == pytest.approx(info.bitrate_kbps())


def test_books_and_rates_of_the_takes() -> None:
    split = takes(known_codec())
    assert split[1].remark == "semantic alone", "so there is no second button for the same sound"
    assert split[5].books == (1, 2, 3) and split[5].depth is None and split[5].bitrate_kbps == pytest.approx(1.5)
    assert split[3].depth == 3
    parallel = takes(PARALLEL)
    assert parallel[3].books == (0, 2, 3) and parallel[3].bitrate_kbps == pytest.approx(1.5)
    last_semantic = kind(books=(BOOK, BOOK, BookInfo(1024, 50.0, "semantic")))
    assert [take.label for take in takes(last_semantic)][-1:] == ["Semantic alone"]


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        (RESIDUAL, ""),
        (PARALLEL, "side by side"),
        (SINGLE, "single codebook"),
        (CONTINUOUS, "continuous latents"),
        (PACKETS, "no codebooks"),
    ],
)
def test_controls_of_depth_are_disabled_with_the_reason(
    info: CodecInfo, reason: str, context: Context, show: Show, client: FakeClient
) -> None:
    context.codec.set_codec(info, "cpu")
    open_known_clip(context)
    assert reason in why_no_depth(info) and bool(reason) == bool(why_no_depth(info))
    live, card, compare = (show(panel_info(key), context) for key in ("live", "codec", "compare"))
    assert isinstance(live, LivePanel) and isinstance(card, CodecPanel) and isinstance(compare, ComparePanel)
    assert live.codec.depth.isEnabled() == (not reason)
    assert (reason or "How many books") in live.codec.depth.toolTip()
    assert card.chart.isHidden() == bool(reason)
    assert reason in dict(facts(info, "cpu"))["Depth"]
    assert reason in compare.message.text()
    commands.select_depth(context, 9)
    assert (reason or "Depth 9 does not exist") in context.engine.messages[-1]


def test_the_card_tells_how_far_a_codec_looks_ahead() -> None:
    rows = dict(facts(kind(causal=False, look_ahead_samples=160), "cpu", "in blocks of 10 s.", None))
    assert rows["Causal"] == "no, it looks ahead 160 samples · 10 ms"
    assert rows["Long files"] == "go through in blocks of 10 s."
    assert "end of the recording" in dict(facts(kind(causal=False, look_ahead_samples=None), "cpu"))["Causal"]
    assert dict(facts(kind(family="snac"), "cpu"))["Family"] == "SNAC"


def test_the_seam_is_measured_on_request(context: Context, show: Show, client: FakeClient) -> None:
    panel = show(panel_info("codec"), context)
    assert isinstance(panel, CodecPanel)
    context.codec.set_codec(RESIDUAL, "cpu", "in blocks", has_seam=False)
    assert panel.seam.isHidden()
    context.codec.set_codec(RESIDUAL, "cpu", "in blocks", has_seam=True)
    assert panel.seam.isEnabled()
    panel.seam.click()
    assert client.count(protocol.MeasureSeam) == 1 and not panel.seam.isEnabled()
    report = SeamReport("known", 10.0, (1.0, 1.0), 35.0, 3, (0.98, 0.9), (1.0, 1.0), None, 1e-3, 1e-6, 30.0, 90.0, 40.0)
    context.codec.set_seam(report)
    assert panel.seam.isEnabled()
    shown = dict(panel._facts)["Seam"]
    assert "90.0% of the tokens near a seam" in shown and "30 dB" in shown


def test_codes_dim_the_books_that_are_left_out(context: Context, show: Show) -> None:
    context.codec.set_codec(PARALLEL, "cpu")
    open_known_clip(context)
    context.clip.set_codes((np.zeros((4, 100), np.int32),), (50.0,))
    panel = show(panel_info("codes"), context)
    assert isinstance(panel, CodesPanel)
    context.playback.update(depth=3)
    assert panel.raster.heard == {0, 2, 3} and panel.raster.depth is None
    context.playback.update(depth=1)
    assert panel.raster.heard == {0, 1, 2, 3}


@pytest.mark.parametrize(("info", "words"), [(CONTINUOUS, "continuous latents"), (PACKETS, "packets of bytes")])
def test_no_codes_is_a_sentence(info: CodecInfo, words: str, context: Context, show: Show) -> None:
    context.codec.set_codec(info, "cpu")
    open_known_clip(context)
    panel = show(panel_info("codes"), context)
    assert isinstance(panel, CodesPanel)
    assert words in panel.raster.waiting and not panel.raster.rows


def test_no_latents_is_a_sentence(context: Context, show: Show) -> None:
    context.codec.set_codec(PACKETS, "cpu")
    open_known_clip(context)
    context.clip.data.latents = None
    panel = show(panel_info("latents"), context)
    assert isinstance(panel, LatentsPanel)
    assert panel.empty.text == "known has no latents to show"


def test_a_take_beside_the_depths_is_heard_and_told(context: Context, show: Show, client: FakeClient) -> None:
    context.codec.set_codec(known_codec(), "cpu")
    open_known_clip(context)
    panel = show(panel_info("compare"), context)
    assert isinstance(panel, ComparePanel)
    assert panel.matrix.model().index_of(5).isValid(), "the take has no cell"
    panel.matrix.chosen.emit(5)
    assert client.last(protocol.SelectDepth)[1].depth == 5
    assert panel.message.text() == "Acoustic alone is not made yet"
    context.clip.add_render(Render(5, context.clip.data.renders[1].audio, 0.0, 0, 3.0, 1.5))
    assert panel.message.text().startswith("Acoustic alone · gain")


def test_long_names_do_not_widen_the_card(context: Context, show: Show) -> None:
    panel = show(panel_info("codec"), context)
    assert isinstance(panel, CodecPanel)
    context.codec.set_codec(kind(name="short", notes=()), "cpu")
    panel.resize(300, 500)
    narrow = panel.scroll_width()
    name = "tokenizer-0a1b2c3d-checkpoint125.safetensors"
    context.codec.set_codec(kind(name=name, notes=(f"{name}: it holds {'decoder.model.0.conv.conv.' * 4}*",)), "cpu")
    assert panel.scroll_width() <= max(narrow, 300)


def test_live_offers_blocks_where_a_codec_cannot_stream(context: Context, show: Show, client: FakeClient) -> None:
    context.codec.set_codec(kind(causal=False, streamable=False, look_ahead_samples=1600), "cpu")
    panel = show(panel_info("live"), context)
    assert isinstance(panel, LivePanel)
    words = "known looks ahead 100 ms and cannot stream: coded in blocks of 2 s, and that much later"
    assert panel.transport.message.text() == words
    panel.transport.start.click()
    assert client.last(protocol.StartLive)[1].buffered_s == 2.0
    say(context, client, protocol.LiveStopped(context.live.request, ""))
    context.codec.set_codec(RESIDUAL, "cpu")
    assert panel.transport.message.text() == "Starts muted: use headphones"
    panel.transport.start.click()
    assert client.last(protocol.StartLive)[1].buffered_s == 0.0
