from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.app.panels.known_clip import RATE_HZ
from tests.app.shell.fake_engine import FakeClient
from workbench.context import Context
from workbench.engine import protocol
from workbench.panels import PanelInfo, panel_info
from workbench.panels.base import Panel
from workbench.panels.compare import ComparePanel, label_of
from workbench.state.sound import DeviceInfo

Show = Callable[[PanelInfo, Context], Panel]


@pytest.fixture
def panel(loaded_context: Context, show: Show) -> ComparePanel:
    panel = show(panel_info("compare"), loaded_context)
    assert isinstance(panel, ComparePanel)
    return panel


def test_there_is_a_button_for_the_original_and_every_depth(panel: ComparePanel) -> None:
    items = [button.item for button in panel.grid.buttons]
    assert [item.title for item in items] == ["Original", "1", "2", "3", "4", "Acoustic"]
    assert items[1].lines[0] == "semantic alone"
    assert items[2].lines == ("0.62 kbps", "+0.2 dB")
    assert items[4].lines == ("1.62 kbps", "…") and not items[4].ready


def test_a_button_selects_its_depth(panel: ComparePanel, client: FakeClient, loaded_context: Context) -> None:
    panel.grid.buttons[3].click()
    assert client.last(protocol.SelectDepth)[1] == protocol.SelectDepth(3, blind=False)
    assert panel.grid.buttons[3].isChecked()
    assert panel.message.text() == "Depth 3 · gain +0.3 dB · SI-SDR +6.0 dB · delay 320 samples removed"


def test_a_depth_that_is_not_made_says_how_far_it_is(panel: ComparePanel, loaded_context: Context) -> None:
    loaded_context.playback.update(depth=4)
    loaded_context.clip.set_progress("decoding", 0.25)
    assert panel.message.text() == "Depth 4 is not made yet: decoding 25%"


def test_transport_plays_loops_and_seeks(panel: ComparePanel, client: FakeClient, loaded_context: Context) -> None:
    panel.transport.play.click()
    assert client.count(protocol.Play) == 1
    loaded_context.playback.update(playing=True)
    assert panel.transport.play.text() == "Pause"
    panel.transport.play.click()
    assert client.count(protocol.Pause) == 1
    panel.transport.loop.click()
    assert loaded_context.playback.looping and panel.transport.loop.isChecked()
    panel.transport.position.setValue(12_345)
    assert client.last(protocol.Seek)[1].sample == 12_345


def test_the_slider_follows_the_clock_without_seeking(
    panel: ComparePanel, client: FakeClient, loaded_context: Context
) -> None:
    loaded_context.playback.position = RATE_HZ
    panel.refresh()
    assert panel.transport.position.value() == RATE_HZ and client.count(protocol.Seek) == 0


def test_blind_shows_letters_and_nothing_that_tells_them_apart(panel: ComparePanel, loaded_context: Context) -> None:
    panel.blind.click()
    order = loaded_context.playback.blind_order
    assert sorted(order) == [0, 1, 2, 3], "only what can be heard"
    items = [button.item for button in panel.grid.buttons]
    assert [item.title for item in items] == ["A", "B", "C", "D"]
    assert {item.lines for item in items} == {()} and "Depth" not in panel.message.text()


def test_a_letter_selects_blindly_and_reveal_tells_what_it_was(
    panel: ComparePanel, client: FakeClient, loaded_context: Context
) -> None:
    panel.blind.click()
    order = loaded_context.playback.blind_order
    panel.grid.buttons[2].click()
    assert client.last(protocol.SelectDepth)[1] == protocol.SelectDepth(order[2], blind=True)
    assert panel.grid.buttons[2].isChecked()
    panel.reveal.click()
    assert not panel.blind.isChecked()
    for index, depth in enumerate(order):
        assert f"was {label_of(index)}" in panel.grid.buttons[depth].item.lines


def test_blind_that_cannot_begin_leaves_its_button_up(context: Context, show: Show) -> None:
    panel = show(panel_info("compare"), context)
    assert isinstance(panel, ComparePanel)
    panel._toggle_blind()
    assert not panel.blind.isChecked() and not panel.blind.isEnabled()


def test_output_devices_can_be_chosen_and_a_lost_one_stays_named(
    panel: ComparePanel, client: FakeClient, loaded_context: Context
) -> None:
    loaded_context.live.update(outputs=(DeviceInfo("Headset", "ALSA", 0, 2, 48_000, 10.0),))
    loaded_context.playback.devices_changed.emit()
    assert [text for text, _ in panel.output.entries] == ["Default", "Headset (ALSA)", "Virtual: no sound"]
    panel.output.setCurrentIndex(1)
    panel.output.activated.emit(1)
    assert client.last(protocol.SetOutput)[1].device == "Headset"
    loaded_context.live.update(outputs=())
    loaded_context.playback.devices_changed.emit()
    assert panel.output.currentText() == "Headset (not there)"


def test_volume_is_in_decibels(panel: ComparePanel, client: FakeClient) -> None:
    panel.volume.setValue(-12)
    assert client.last(protocol.SetVolume)[1].gain_db == -12.0
    assert panel.volume_text.text() == "−12 dB"


def test_devices_are_looked_for_again(panel: ComparePanel, client: FakeClient) -> None:
    panel.look.click()
    assert client.count(protocol.ListDevices) == 1


@pytest.mark.parametrize(("index", "label"), [(0, "A"), (25, "Z"), (26, "AA"), (46, "AU")])
def test_labels_go_on_after_z(index: int, label: str) -> None:
    assert label_of(index) == label
