"""The latents panel: spaces, depths, further recordings, colours, and what a lasso does."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from tests.app.panels.known_clip import RATE_HZ, known_codec, open_known_clip
from tests.app.shell.fake_engine import FakeClient
from tests.app.widgets.pictures import click
from workbench import dialogs
from workbench.context import Context
from workbench.engine import protocol
from workbench.engine.topics.audition import PlayOnce
from workbench.engine.topics.latents import (
    AuditionFrames,
    DescribeFrames,
    FramesDescribed,
    LatentsTraced,
    TraceLatents,
)
from workbench.engine_events import EngineEvents
from workbench.event_handlers import latents as event_handlers
from workbench.panels import PanelInfo, panel_info
from workbench.panels.base import Panel
from workbench.panels.latents import LatentsPanel
from workbench.state.latents import SpaceChoice
from workbench.verbs import latents as verbs

Show = Callable[[PanelInfo, Context], Panel]
CLIP = "/clips/known.wav"
POINTS = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)


@pytest.fixture
def panel(loaded_context: Context, show: Show) -> LatentsPanel:
    loaded_context.clip.in_engine = loaded_context.clip.complete = True
    panel = show(panel_info("latents"), loaded_context)
    assert isinstance(panel, LatentsPanel)
    return panel


@pytest.fixture
def events(loaded_context: Context) -> EngineEvents:
    return EngineEvents(loaded_context)


def answer(client: FakeClient, events: EngineEvents, points: np.ndarray = POINTS) -> TraceLatents:
    """The engine answers the last TraceLatents."""
    number, request = client.last(TraceLatents)
    ref = client.share(points)
    names = ("PC 1", "PC 2", "PC 3")
    events.apply(
        [LatentsTraced(number, request.path, ref, ref, 50.0, names, "fitted", 12.3), protocol.Done(number, 0.1)]
    )
    assert isinstance(request, TraceLatents)
    return request


def choose(panel: LatentsPanel, choice: str, value: str) -> None:
    box = getattr(panel.tools, choice)
    box.setCurrentIndex(box.findData(value))


def test_three_dimensions_by_button_and_key_and_remembered(panel: LatentsPanel) -> None:
    panel.tools.space.click()
    assert panel.trajectory.spatial and panel.view_state()["spatial"] is True
    panel.trajectory.set_spatial(False)
    assert not panel.tools.space.isChecked()
    panel.set_view_state({"spatial": True, "turned": [10, 20]})
    assert panel.trajectory.spatial and panel.trajectory.camera.azimuth == 10
    panel.set_view_state({"turned": ["x", None], "spaces": {"a": 3}, "colour": "nonsense"})
    assert panel.trajectory.camera.azimuth == 10


def test_a_click_hears_the_moment_and_moves_the_cursor(
    panel: LatentsPanel, loaded_context: Context, client: FakeClient
) -> None:
    latents = loaded_context.clip.data.latents
    assert latents is not None
    place = panel.trajectory.position_of(latents.before[30])
    click(panel.trajectory, place.x(), place.y())
    heard = client.last(PlayOnce)[1]
    middle = (heard.start + heard.end) / 2 / RATE_HZ
    assert middle == pytest.approx(30.5 / 50, abs=1e-3) and (heard.end - heard.start) / RATE_HZ < 0.3
    assert loaded_context.playback.position == round(30 / 50 * RATE_HZ)


def test_another_depth_is_asked_for_and_shown(
    panel: LatentsPanel, events: EngineEvents, loaded_context: Context, client: FakeClient
) -> None:
    choose(panel, "depth", "2")
    assert client.last(TraceLatents)[1] == TraceLatents(CLIP, depth=2)
    assert panel.quantised.isChecked() and panel.trajectory.show_after
    answer(client, events)
    assert panel.trajectory.data is not None and panel.trajectory.data.after is not None
    np.testing.assert_array_equal(panel.trajectory.data.after, POINTS)
    assert "12.3 dB SNR" in panel.read_out.text()
    choose(panel, "depth", "")
    assert client.count(TraceLatents) == 1, "all books came with the clip"
    assert panel.trajectory.data is not None
    assert panel.trajectory.data.before is loaded_context.clip.data.latents.before  # type: ignore[union-attr]


def test_quantised_as_heard_follows_the_depth_but_not_when_blind(
    panel: LatentsPanel, loaded_context: Context, client: FakeClient
) -> None:
    choose(panel, "depth", "heard")
    loaded_context.playback.update(depth=3)
    assert client.last(TraceLatents)[1].depth == 3
    asked = client.count(TraceLatents)
    loaded_context.playback.update(depth=2, blind_order=(2, 0))
    assert client.count(TraceLatents) == asked and loaded_context.latents.depth is None


def test_a_folder_is_another_space_kept_for_the_codec(
    panel: LatentsPanel,
    events: EngineEvents,
    loaded_context: Context,
    client: FakeClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dialogs, "ask_folder", lambda *_: "/corpus/speech")
    choose(panel, "corpus", "choose")
    assert answer(client, events) == TraceLatents(CLIP, "/corpus/speech", "pca", None)
    assert panel.tools.corpus.currentText() == "of speech"
    np.testing.assert_array_equal(panel.trajectory.data.before, POINTS)  # type: ignore[union-attr]
    kept = panel.view_state()["spaces"]
    assert kept == {"/codecs/known.safetensors": ["pca", "/corpus/speech"]}
    json.dumps(panel.view_state())
    loaded_context.codec.request = 7
    other = dataclasses.replace(known_codec(), source="/codecs/other.safetensors")
    events.apply([protocol.CodecLoaded(7, other, "cpu", 0.1)])
    assert loaded_context.latents.space == SpaceChoice()
    loaded_context.codec.request = 8
    events.apply([protocol.CodecLoaded(8, known_codec(), "cpu", 0.1)])
    assert loaded_context.latents.space == SpaceChoice("pca", "/corpus/speech")


def test_a_dialog_that_is_closed_changes_nothing(
    panel: LatentsPanel, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialogs, "ask_folder", lambda *_: "")
    choose(panel, "corpus", "choose")
    assert panel.tools.corpus.value == "" and not client.count(TraceLatents)


def test_further_recordings_are_shown_heard_and_taken_away(
    panel: LatentsPanel,
    events: EngineEvents,
    loaded_context: Context,
    client: FakeClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dialogs, "ask_clips", lambda *_: ["/clips/two.wav", CLIP])
    panel.tools.add.click()
    assert client.count(TraceLatents) == 1
    answer(client, events, POINTS * 0.5)
    assert [path.name for path in panel.trajectory.paths] == ["known.wav", "two.wav"]
    panel.trajectory.point_chosen.emit(1, 10)
    assert client.last(AuditionFrames)[1] == AuditionFrames("/clips/two.wav", pytest.approx(0.11), pytest.approx(0.31))
    choose(panel, "colour", "clip")
    assert panel.trajectory.colouring.kind == "clip"
    panel.tools.remove.click()
    assert len(panel.trajectory.paths) == 1 and panel.trajectory.colouring.kind == "time"


def test_a_recording_that_cannot_be_read_is_told_and_left_out(
    panel: LatentsPanel, events: EngineEvents, loaded_context: Context, client: FakeClient
) -> None:
    verbs.add_clips(loaded_context, ["/clips/bad.wav"])
    number, _ = client.last(TraceLatents)
    events.apply([protocol.Failed(number, "/clips/bad.wav is no sound file.")])
    assert loaded_context.latents.others == () and loaded_context.engine.messages[-1].startswith("/clips/bad.wav")
    assert not loaded_context.latents.requests


def test_loudness_is_measured_on_request_and_colours_the_points(
    panel: LatentsPanel, events: EngineEvents, client: FakeClient
) -> None:
    choose(panel, "colour", "loudness")
    number, request = client.last(DescribeFrames)
    assert request == DescribeFrames(CLIP, "loudness")
    values = client.share(np.linspace(-60, -20, 100).astype(np.float32))
    events.apply([FramesDescribed(number, CLIP, "loudness", "Loudness", "LUFS", values), protocol.Done(number, 0.1)])
    assert panel.trajectory.colouring.title == "Loudness" and panel.trajectory.colouring.kind == "number"
    choose(panel, "colour", "time")
    choose(panel, "colour", "loudness")
    assert client.count(DescribeFrames) == 1
    figure = panel.figures()[0]
    assert "loudness_lufs" in figure.arrays() and "loudness_lufs" in figure.table().columns


def test_labels_beside_the_clip_can_colour_it(
    panel: LatentsPanel, events: EngineEvents, loaded_context: Context, client: FakeClient, tmp_path: Path
) -> None:
    item = panel.tools.colour.model().item(panel.tools.colour.findData("phone"))  # type: ignore[attr-defined]
    assert not item.isEnabled() and "TextGrid" in item.toolTip()
    (tmp_path / "known.lab").write_text("0.0 2.0 a\n")
    loaded_context.clip.data.path = str(tmp_path / "known.wav")
    verbs.describe(loaded_context, "labels")
    number, _ = client.last(DescribeFrames)
    values = client.share(np.zeros(100, np.float32))
    path = loaded_context.clip.data.path
    events.apply([FramesDescribed(number, path, "phone", "Phone", "", values, ("a",)), protocol.Done(number, 0.1)])
    item = panel.tools.colour.model().item(panel.tools.colour.findData("phone"))  # type: ignore[attr-defined]
    assert item.isEnabled()


def test_a_lasso_loops_the_longest_stretch_and_n_goes_on(
    panel: LatentsPanel, loaded_context: Context, client: FakeClient, qtbot: QtBot
) -> None:
    panel.trajectory.frames_selected.emit(np.array([10, 11, 12, 40, 41, 42, 43, 44, 46, 90]))
    assert loaded_context.playback.loop == (round(0.8 * RATE_HZ), round(0.94 * RATE_HZ))
    assert loaded_context.playback.looping and client.count(protocol.SetLoop)
    assert "10 frames in 3 stretches · loop 2 of 3" in panel.read_out.text()
    panel.trajectory.stretch_requested.emit(1)
    assert loaded_context.playback.loop == (round(1.8 * RATE_HZ), round(1.82 * RATE_HZ))
    panel.trajectory.stretch_requested.emit(1)
    assert loaded_context.playback.loop == (round(0.2 * RATE_HZ), round(0.26 * RATE_HZ))
    panel.trajectory.frames_selected.emit(np.zeros(0, np.int64))
    assert loaded_context.latents.selection is None and not len(panel.trajectory.selected)


def test_a_codec_that_does_not_quantise_says_so(context: Context, show: Show) -> None:
    context.codec.set_codec(dataclasses.replace(known_codec(), books=(), depth_mode="none"), "cpu")
    open_known_clip(context)
    latents = context.clip.data.latents
    assert latents is not None
    context.clip.set_latents(dataclasses.replace(latents, after=None))
    panel = show(panel_info("latents"), context)
    assert isinstance(panel, LatentsPanel)
    assert not panel.quantised.isEnabled() and "does not quantise" in panel.quantised.toolTip()
    assert not panel.tools.depth.isEnabled()


def test_figures_hold_what_is_in_sight(panel: LatentsPanel, loaded_context: Context) -> None:
    loaded_context.time_view.set_range(0.5, 1.0)
    (figure,) = panel.figures()
    arrays = figure.arrays()
    assert len(arrays["before"]) == 25 and arrays["time_s"][0] == 0.5
    assert len(list(figure.table().rows)) == 25 and figure.notes


def test_a_space_that_cannot_be_fitted_is_told_and_not_kept(
    panel: LatentsPanel, events: EngineEvents, loaded_context: Context, client: FakeClient
) -> None:
    verbs.set_space(loaded_context, corpus="/corpus/none")
    number, _ = client.last(TraceLatents)
    events.apply([protocol.Failed(number, "/corpus/none is no folder.")])
    assert loaded_context.latents.space == SpaceChoice() and not panel.view_state()["spaces"]
    assert panel.tools.corpus.value == "" and loaded_context.engine.messages[-1] == "/corpus/none is no folder."


def test_another_clip_gets_what_was_chosen_for_the_one_before(
    panel: LatentsPanel, events: EngineEvents, loaded_context: Context, client: FakeClient, tmp_path: Path
) -> None:
    verbs.add_clips(loaded_context, ["/clips/two.wav"])
    answer(client, events)
    choose(panel, "colour", "loudness")
    asked = [request for request in client.sent if isinstance(request, DescribeFrames)]
    assert {request.path for request in asked} == {CLIP, "/clips/two.wav"}
    old = loaded_context.clip.data.latents
    assert old is not None
    (tmp_path / "other.lab").write_text("0.0 1.0 a\n")
    path = str(tmp_path / "other.wav")
    loaded_context.clip.open(dataclasses.replace(loaded_context.clip.data, path=path, latents=None))
    assert panel.trajectory.paths == ()
    event_handlers.TOPIC.clip_changed(loaded_context)  # type: ignore[misc]
    client.sent.clear()
    loaded_context.clip.set_latents(old)
    wanted = {(request.path, request.what) for request in client.sent if isinstance(request, DescribeFrames)}
    assert {(path, "labels"), (path, "loudness")} <= wanted
    assert [Path(shown.name).name for shown in panel.trajectory.paths] == ["other.wav", "two.wav"]


def test_a_new_clip_in_another_space_shows_nothing_of_the_old_one(
    panel: LatentsPanel, events: EngineEvents, loaded_context: Context, client: FakeClient
) -> None:
    verbs.set_space(loaded_context, corpus="/corpus/speech")
    answer(client, events)
    old = loaded_context.clip.data.latents
    loaded_context.clip.data = dataclasses.replace(loaded_context.clip.data, path="/clips/new.wav")
    assert old is not None
    loaded_context.clip.set_latents(old)
    assert panel.trajectory.paths == () and client.last(TraceLatents)[1].path == "/clips/new.wav"
