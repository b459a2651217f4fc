"""The spectrogram panel: any two takes, settings, pitch and formants, figures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from speefeare_core.spectrograms.settings import SpectrogramSettings
from tests.app.panels.known_clip import known_codec, open_known_clip, spectrogram_of, tone
from tests.app.shell.fake_engine import FakeClient
from workbench.context import Context
from workbench.engine import protocol
from workbench.engine.topics.spectrogram import SetSpectrogram
from workbench.engine.topics.voice import VoiceReady, WantVoice
from workbench.engine_events import EngineEvents
from workbench.panels import PanelInfo, panel_info
from workbench.panels.base import Panel
from workbench.panels.spectrogram import SpectrogramPanel
from workbench.state.clip import Render
from workbench.state.derived_takes import number_of

Show = Callable[[PanelInfo, Context], Panel]


@pytest.fixture
def panel(loaded_context: Context, show: Show) -> SpectrogramPanel:
    loaded_context.clip.in_engine = loaded_context.clip.complete = True
    loaded_context.clip.request = 1
    panel = show(panel_info("spectrogram"), loaded_context)
    assert isinstance(panel, SpectrogramPanel)
    return panel


def _choose(choice: object, value: str) -> None:
    choice.setCurrentIndex(choice.findData(value))  # type: ignore[attr-defined]


def test_any_two_takes_and_their_difference(panel: SpectrogramPanel, loaded_context: Context) -> None:
    loaded_context.playback.update(depth=1)
    _choose(panel.first_choice, "3")
    assert panel.numbers == (3, 1)
    titles = [lane.title for lane in panel.spectrograms.lanes]
    assert titles[0].startswith("Depth 3") and titles[1].endswith("▸") and titles[2] == "Depth 1 − Depth 3"
    _choose(panel.second_choice, "2")
    loaded_context.playback.update(depth=3)
    assert panel.numbers == (3, 2), "what was chosen does not follow what is heard"


def test_what_is_missing_follows_the_depth_and_is_asked_for(
    panel: SpectrogramPanel, loaded_context: Context, client: FakeClient
) -> None:
    loaded_context.playback.update(depth=2)
    _choose(panel.second_choice, "missing")
    missing = number_of("missing", 2)
    assert panel.numbers == (0, missing)
    panel.refresh()
    panel.refresh()
    assert [request.depth for request in client.sent if isinstance(request, protocol.WantDepth)] == [missing]
    loaded_context.clip.add_render(Render(missing, tone(0.1)))
    loaded_context.clip.set_spectrogram(missing, spectrogram_of(-60.0))
    lane = panel.spectrograms.lanes[1]
    assert lane.title == "Missing at depth 2" and lane.ready
    loaded_context.playback.update(depth=3)
    assert panel.numbers[1] == number_of("missing", 3)


def test_other_settings_are_asked_for_once_and_old_spectrograms_go(
    panel: SpectrogramPanel, loaded_context: Context, client: FakeClient
) -> None:
    loaded_context.playback.update(depth=2)
    _choose(panel.tools.fft_choice, "1024")
    assert client.last(SetSpectrogram)[1].settings == SpectrogramSettings(1024)
    assert not loaded_context.clip.data.spectrograms
    assert not any(lane.ready for lane in panel.spectrograms.lanes)
    assert panel.tools.note.text().startswith("1024 samples · 64.0 ms")
    panel.refresh()
    assert {request.depth for request in client.sent if isinstance(request, protocol.WantDepth)} == {0, 2}
    late = protocol.SpectrogramReady(5, 0, client.share(np.zeros((10, 257), np.uint8)), 10, 128, 16_000, -120.0, 0.0)
    EngineEvents(loaded_context).apply([late])
    assert not loaded_context.clip.data.spectrograms, "made with the settings before"


def test_pitch_is_asked_for_only_while_it_is_shown(
    panel: SpectrogramPanel, loaded_context: Context, client: FakeClient
) -> None:
    panel.refresh()
    assert client.count(WantVoice) == 0
    panel.pitch.click()
    panel.refresh()
    panel.refresh()
    assert sorted(r.take for r in client.sent if isinstance(r, WantVoice)) == [0], "depth 4 is not made"
    number = client.last(WantVoice)[0]
    tracks = client.share(np.full((200, 5), 150.0, np.float32))
    EngineEvents(loaded_context).apply([VoiceReady(number, 0, tracks, 200, 0.01), protocol.Done(number, 0.1)])
    assert panel.spectrograms.lanes[0].voice is not None
    assert "pitch 150 Hz" in panel.spectrograms.words_at(0.5, 1000.0)


def test_a_voice_that_failed_is_asked_for_again_only_by_a_press(
    panel: SpectrogramPanel, loaded_context: Context, client: FakeClient
) -> None:
    panel.formants.click()
    panel.refresh()
    number = client.last(WantVoice)[0]
    EngineEvents(loaded_context).apply([protocol.Failed(number, "Pitch needs the package praat-parselmouth.")])
    panel.refresh()
    assert client.count(WantVoice) == 1
    panel.formants.click()
    panel.formants.click()
    panel.refresh()
    assert client.count(WantVoice) == 2


def test_the_figure_says_what_was_done_to_the_takes(panel: SpectrogramPanel, loaded_context: Context) -> None:
    loaded_context.playback.update(depth=3)
    (figure,) = panel.figures()
    assert figure.title == "Spectrogram: Original, Depth 3, Depth 3 − original"
    assert any("delay of 320 samples removed" in note for note in figure.notes)
    assert figure.arrays()["lane_3_level_db"].shape == (200, 257)
    loaded_context.playback.update(blind_order=(0, 3))
    assert panel.figures() == ()


def test_a_choice_waits_for_the_codec_that_has_it(context: Context, show: Show) -> None:
    panel = show(panel_info("spectrogram"), context)
    panel.set_view_state({"b": "3"})
    assert panel.view_state()["b"] == "3"
    context.codec.set_codec(known_codec(), "cpu")
    open_known_clip(context)
    assert panel.numbers == (0, 3)  # type: ignore[attr-defined]


def test_everything_chosen_comes_back(panel: SpectrogramPanel, loaded_context: Context, show: Show) -> None:
    _choose(panel.first_choice, "2")
    _choose(panel.second_choice, "missing")
    _choose(panel.tools.scale_choice, "erb")
    _choose(panel.tools.range_choice, "50")
    panel.pitch.click()
    panel.more.click()
    assert not panel.tools.isHidden() and panel.spectrograms.range_db == 50.0
    state = panel.view_state()
    other = show(panel_info("spectrogram"), loaded_context)
    other.set_view_state(state)
    assert other.view_state() == state
    assert other.spectrograms.scale.title == "ERB"  # type: ignore[attr-defined]
