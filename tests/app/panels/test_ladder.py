"""The ladder panel on a ladder whose every number is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRect
from PySide6.QtGui import QImage, QPainter

from speefeare_core.evaluation.ladder_rows import LadderRow
from speefeare_core.evaluation.ladder_words import LadderParts
from tests.app.panels.known_clip import open_known_clip
from tests.app.shell.fake_engine import FakeClient
from tests.app.widgets.pictures import colour_at, rgb
from workbench.context import Context
from workbench.engine import protocol
from workbench.engine.topics.ladder import WantLadder
from workbench.event_handlers import ladder as events
from workbench.panels import PanelInfo, panel_info
from workbench.panels.base import Panel
from workbench.panels.ladder import LadderPanel
from workbench.state.columns import Metrics
from workbench.state.derived_takes import Kind, number_of
from workbench.state.ladder import Ladder
from workbench.verbs import ladder as verbs
from workbench.widgets.colormap import table

Show = Callable[[PanelInfo, Context], Panel]
ROWS = (LadderRow(0, None), LadderRow(0, 0), LadderRow(1, None), LadderRow(1, 1), LadderRow(1, 2), LadderRow(1, 3))
LEFT = (1.0, 0.5, 1.0, 0.1, 0.01, 0.001)


def known_ladder(alone: bool = True, residual: bool = True) -> Ladder:
    """Two chains; silence for a second, then a latent of energy 4 of which each row keeps its share."""
    energies = np.zeros((100, 6), np.float32)
    energies[50:] = 4.0 * np.array(LEFT)
    means = tuple(2.0 * share for share in LEFT)
    return Ladder(ROWS, energies, None, 100, 50.0, means, LadderParts(True, True, alone, residual), ("Two ladders.",))


@pytest.fixture
def with_ladder(loaded_context: Context) -> Context:
    loaded_context.ladder.set_ladder(known_ladder())
    return loaded_context


def _open(show: Show, context: Context) -> LadderPanel:
    panel = show(panel_info("ladder"), context)
    assert isinstance(panel, LadderPanel)
    panel.resize(1000, 700)
    return panel


def test_it_is_asked_for_once_when_the_codes_are_there(
    context: Context, loaded_context: Context, client: FakeClient, show: Show
) -> None:
    panel = _open(show, loaded_context)
    loaded_context.clip.in_engine = True
    panel.refresh()
    panel.refresh()
    assert client.count(WantLadder) == 1
    number = loaded_context.ladder.request
    events.TOPIC.ended(loaded_context, protocol.Failed(number, "It broke."))  # type: ignore[misc]
    panel.refresh()
    assert client.count(WantLadder) == 1 and panel.rungs.waiting == "It broke."
    events.TOPIC.clip_changed(loaded_context)  # type: ignore[misc]
    panel.refresh()
    assert client.count(WantLadder) == 2


def test_colours_say_how_much_is_left(with_ladder: Context, show: Show) -> None:
    panel = _open(show, with_ladder)
    plot = panel.rungs
    low, high = plot.span_db()
    assert (low, high) == (-40.0, 0.0)
    heights = plot.row_edges()
    for index, share in enumerate(LEFT):
        y = (heights[index] + heights[index + 1]) // 2
        shade = round(max(0.0, (10 * np.log10(share) - low) / (high - low)) * 255)
        there = {int(table("viridis")[min(255, max(0, shade + near))]) for near in (-1, 0, 1)}
        assert rgb(colour_at(plot, plot.x_of(1.5), y)) in there
        assert rgb(colour_at(plot, plot.x_of(0.5), y)) == rgb(plot.theme.lane), "silence has no shares"


def test_bars_are_as_high_as_the_norm(with_ladder: Context, show: Show) -> None:
    panel = _open(show, with_ladder)
    panel.set_view_state({"drawing": "bars", "reference": "frame"})
    plot = panel.rungs
    assert plot.draws_bars
    heights = plot.row_edges()
    top, bottom = heights[1], heights[2]
    height = bottom - top - 1
    x = plot.x_of(1.5)
    filled = [rgb(colour_at(plot, x, y)) == rgb(plot.theme.decoded) for y in range(top, bottom - 1)]
    assert sum(filled) == pytest.approx(height * np.sqrt(0.5), abs=2)
    assert panel.view_state() == {"drawing": "bars", "reference": "frame"}


def test_a_pointer_reads_norm_and_levels(with_ladder: Context, show: Show) -> None:
    plot = _open(show, with_ladder).rungs
    heights = plot.row_edges()
    said = plot.describe_at(QPointF(plot.x_of(1.5), (heights[3] + heights[4]) / 2))
    assert "after book 2" in said and "frame 75" in said and "norm 0.632" in said
    assert "−10.0 dB of this frame's latent" in said and "−7.0 dB of the clip's mean" in said


def test_each_sound_is_a_number_and_says_what_it_is(with_ladder: Context, show: Show, client: FakeClient) -> None:
    panel = _open(show, with_ladder)
    with_ladder.playback.update(depth=3)
    kinds: tuple[Kind, ...] = ("added", "missing", "alone", "residual", "take")
    for kind in kinds:
        panel.sounds[kind].click()
        assert with_ladder.playback.depth == number_of(kind, 3)
        assert client.last(protocol.SelectDepth)[1].depth == number_of(kind, 3)
        assert panel.sounds[kind].isChecked() and sum(button.isChecked() for button in panel.sounds.values()) == 1
        assert "Heard" in panel.told.text()
    panel.sounds[None].click()
    assert with_ladder.playback.depth == 0 and "original" in panel.told.text()
    verbs.hear(with_ladder, "added")
    assert with_ladder.playback.depth == number_of("added", 3), "the rung that was heard before the original"


def test_what_a_codec_lacks_is_grey_and_says_why(loaded_context: Context, show: Show) -> None:
    loaded_context.ladder.set_ladder(known_ladder(alone=False, residual=False))
    panel = _open(show, loaded_context)
    lacking: dict[Kind, str] = {"alone": "first books only", "residual": "codes only"}
    for kind, words in lacking.items():
        assert not panel.sounds[kind].isEnabled() and words in panel.sounds[kind].toolTip()
        verbs.hear(loaded_context, kind)
        assert words in loaded_context.engine.messages[-1]
    assert panel.sounds["added"].isEnabled()


def test_a_row_name_and_a_depth_are_heard(with_ladder: Context, show: Show) -> None:
    panel = _open(show, with_ladder)
    panel.rungs.row_chosen.emit(2)
    assert with_ladder.playback.depth == 2 and panel.rungs.heard == 2
    panel.rungs.row_chosen.emit(0)
    assert with_ladder.playback.depth == number_of("residual", 0), "the latents themselves"
    verbs.hear(with_ladder, "missing", 1)
    panel.curves.chosen.emit(3)
    assert with_ladder.playback.depth == number_of("missing", 3), "the kind of sound stays"


def test_curves_wait_and_then_show(with_ladder: Context, show: Show) -> None:
    panel = _open(show, with_ladder)
    left, snr, mel = panel.curves.curves
    assert [line.points for line in left.lines] == [
        ((0, 0.0), (1, pytest.approx(-3.01, abs=0.01))),
        tuple((depth, pytest.approx(-10.0 * (depth - 1), abs=1e-4)) for depth in range(1, 5)),
    ]
    assert not snr.lines and snr.waiting
    for depth in (1, 2, 3):
        with_ladder.columns.metrics[depth] = Metrics(1.0 * depth, 2.0 * depth, 3.0 * depth, 9.0 - depth)
    with_ladder.columns.metrics_changed.emit()
    _, snr, mel = panel.curves.curves
    assert snr.lines[0].points == ((1, 3.0), (2, 6.0), (3, 9.0)) and mel.value_at(2) == 7.0


def test_blind_listening_shows_nothing(with_ladder: Context, show: Show, client: FakeClient) -> None:
    panel = _open(show, with_ladder)
    with_ladder.playback.update(blind_order=(2, 0, 1), depth=2)
    panel.refresh()
    first = panel.grab().toImage()
    with_ladder.playback.update(depth=0)
    panel.refresh()
    assert panel.grab().toImage() == first
    before = client.count(protocol.SelectDepth)
    verbs.hear(with_ladder, "added")
    assert client.count(protocol.SelectDepth) == before


def test_what_is_in_sight_can_be_taken_out(with_ladder: Context, show: Show) -> None:
    panel = _open(show, with_ladder)
    with_ladder.time_view.set_range(1.0, 1.5)
    ladder, depths = panel.figures()
    arrays = ladder.arrays()
    assert arrays["energy"].shape == (25, 6) and arrays["time_s"][0] == pytest.approx(1.0)
    assert arrays["book"].tolist() == [0, 1, 0, 2, 3, 4]
    np.testing.assert_allclose(arrays["relative_to_frame_db"][0], 10 * np.log10(LEFT), atol=1e-4)
    rows = list(ladder.table().rows)
    assert len(rows) == 25 and len(rows[0]) == len(ladder.table().columns) == 7
    assert [row[0] for row in depths.table().rows] == [0, 1, 2, 3, 4]
    assert any("loudness" in note for note in ladder.notes)


def test_another_clip_forgets_the_ladder(with_ladder: Context, show: Show) -> None:
    panel = _open(show, with_ladder)
    assert panel.rungs.rungs is not None
    open_known_clip(with_ladder)
    events.TOPIC.clip_changed(with_ladder)  # type: ignore[misc]
    assert panel.rungs.rungs is None


def test_a_low_dock_keeps_the_rows(with_ladder: Context, show: Show) -> None:
    panel = _open(show, with_ladder)
    assert panel.curves.isVisible() and panel.told.isVisible()
    panel.resize(700, 16 * panel.fontMetrics().height() - 10)
    assert not panel.curves.isVisible() and not panel.told.isVisible()
    assert panel.rungs.plot_rect.height() > 60


def test_figures_are_painted_at_any_size(with_ladder: Context, show: Show) -> None:
    panel = _open(show, with_ladder)
    for figure in panel.figures():
        image = QImage(1600, 1200, QImage.Format.Format_RGB32)
        image.fill(0)
        painter = QPainter(image)
        figure.widget.paint_figure(painter, QRect(100, 200, 1400, 900), panel.rungs.theme)  # type: ignore[attr-defined]
        painter.end()
        inside = {image.pixel(x, y) for x in range(100, 1500, 9) for y in range(200, 1100, 9)}
        outside = {image.pixel(x, y) for x in range(0, 1600, 20) for y in (0, 150, 1150)}
        assert len(inside) > 4 and outside == {0xFF000000}, figure.key
