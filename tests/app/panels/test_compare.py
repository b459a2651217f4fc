from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.app.panels.known_clip import RATE_HZ, known_codec, tone
from tests.app.shell.fake_engine import FakeClient
from tests.app.widgets.pictures import click
from workbench.context import Context
from workbench.engine import protocol
from workbench.engine.topics.takes import MeasureRenders
from workbench.panels import PanelInfo, panel_info
from workbench.panels.base import Panel
from workbench.panels.compare import ComparePanel
from workbench.state.clip import Render
from workbench.state.columns import Metrics
from workbench.state.derived_takes import number_of
from workbench.state.playback import label_of
from workbench.state.sound import DeviceInfo
from workbench.verbs import columns, marks
from workbench.widgets.take_cell import MatrixCell
from workbench.widgets.take_matrix import TakeMatrix

Show = Callable[[PanelInfo, Context], Panel]


@pytest.fixture
def panel(loaded_context: Context, show: Show) -> ComparePanel:
    panel = show(panel_info("compare"), loaded_context)
    assert isinstance(panel, ComparePanel)
    return panel


def _centre(table: TakeMatrix, row: int, column: int) -> tuple[float, float]:
    centre = table.visualRect(table.table.index(row, column)).center()
    return centre.x(), centre.y()


def cells(panel: ComparePanel, column: int = 0) -> tuple[MatrixCell, ...]:
    return panel.matrix.table.columns[column].cells


def with_second_codec(context: Context) -> int:
    """A further codec with the same books, its first two depths made and measured."""
    number = columns.add_column(context, "/codecs/other.safetensors")
    context.columns.change(number, info=replace(known_codec(), name="other"), request=0, ready=True)
    for depth in (1, 2):
        take = number_of("take", depth, number)
        context.clip.add_render(Render(take, tone(0.2), -0.4 * depth, 0, 3.0 * depth, 0.5 * depth))
        context.columns.set_metrics(take, Metrics(0.5 * depth, 3.0 * depth, 4.0 * depth, 9.0 - depth))
    return number


def test_there_is_a_cell_for_every_version(panel: ComparePanel) -> None:
    found = cells(panel)
    assert [cell.title for cell in found] == ["1", "2", "3", "4", "Acoustic"]
    assert found[0].lines[-1] == "semantic alone"
    assert found[1].lines == ("0.62 kbps", "+0.2 dB"), "rate and gain"
    assert found[3].lines == ("1.62 kbps", "…") and not found[3].ready
    assert not panel.matrix.horizontalHeader().isVisible(), "one codec needs no heads"


def test_a_cell_selects_its_depth(panel: ComparePanel, client: FakeClient, loaded_context: Context) -> None:
    table = panel.matrix
    click(table.viewport(), *_centre(table, 2, 0))
    assert client.last(protocol.SelectDepth)[1] == protocol.SelectDepth(3, blind=False)
    assert table.table.heard == 3
    assert panel.message.text() == "Depth 3 · gain +0.3 dB · SI-SDR +6.0 dB · delay 320 samples removed"
    panel.original.click()
    assert client.last(protocol.SelectDepth)[1].depth == 0 and panel.original.isChecked()


def test_arrows_go_from_depth_to_depth_and_codec_to_codec(
    panel: ComparePanel, client: FakeClient, loaded_context: Context
) -> None:
    number = with_second_codec(loaded_context)
    loaded_context.playback.update(depth=1)
    panel.matrix.setFocus()
    QTest.keyClick(panel.matrix, Qt.Key.Key_Down)
    assert loaded_context.playback.depth == 2
    QTest.keyClick(panel.matrix, Qt.Key.Key_Right)
    assert loaded_context.playback.depth == number_of("take", 2, number)
    assert client.last(protocol.SelectDepth)[1].depth == number_of("take", 2, number)
    assert panel.message.text().startswith("other · Depth 2 · gain −0.8 dB")


def test_a_further_codec_is_a_column_and_can_be_taken_away(panel: ComparePanel, loaded_context: Context) -> None:
    number = columns.add_column(loaded_context, "/codecs/other.safetensors")
    assert [cell.title for cell in cells(panel, 1)] == ["Loading …"]
    loaded_context.columns.change(number, problem="other.safetensors is no codec.", request=0)
    assert cells(panel, 1)[0].lines == ("other.safetensors is no codec.",)
    loaded_context.columns.change(number, info=replace(known_codec(), name="other"), problem="", ready=True)
    assert [column.title for column in panel.matrix.table.columns] == ["known", "other"]
    assert not panel.remove.isEnabled()
    loaded_context.playback.update(depth=number_of("take", 1, number))
    panel.remove.click()
    assert [column.title for column in panel.matrix.table.columns] == ["known"]
    loaded_context.history.undo()
    assert len(panel.matrix.table.columns) == 2


def test_every_measured_version_is_a_point_that_can_be_heard(
    panel: ComparePanel, client: FakeClient, loaded_context: Context
) -> None:
    number = with_second_codec(loaded_context)
    loaded_context.columns.set_metrics(2, Metrics(0.62, 1.5, 2.5, 7.5))
    loaded_context.columns.set_metrics(3, Metrics(0.0, None, 2.5, 7.5))
    assert {point.number for point in panel.numbers.plot.points} == {
        2,
        number_of("take", 1, number),
        number_of("take", 2, number),
    }
    panel.resize(700, 800)
    point = panel.numbers.plot.point(number_of("take", 2, number))
    assert point is not None and point.kbps == 1.0 and point.value == 6.0
    place = panel.numbers.plot.place_of(point)
    click(panel.numbers.plot, place.x(), place.y())
    assert client.last(protocol.SelectDepth)[1].depth == number_of("take", 2, number)
    panel.numbers.choice.set_value("mel_distance")
    panel.numbers.choice.activated.emit(2)
    assert {point.number for point in panel.numbers.plot.points} >= {2, 3}, "one may be undefined"


def test_what_is_shown_is_asked_to_be_measured(
    panel: ComparePanel, client: FakeClient, loaded_context: Context
) -> None:
    loaded_context.clip.in_engine = True
    panel.tabs.setCurrentIndex(1)
    panel.numbers.measure()
    assert client.count(MeasureRenders) == 0, "nobody sees it"
    panel.tabs.setCurrentIndex(0)
    panel.numbers.measure()
    panel.numbers.measure()
    assert client.count(MeasureRenders) == 1 and client.last(MeasureRenders)[1].numbers == (1, 2, 3)


def test_marks_are_listed_named_deleted_and_undone(panel: ComparePanel, loaded_context: Context) -> None:
    loaded_context.playback.update(depth=2)
    loaded_context.playback.position = RATE_HZ // 2
    panel.marks.mark.click()
    item = panel.marks.list.item(0, 2)
    assert [panel.marks.list.item(0, place).text() for place in (0, 1)] == ["0:00.500", "known · Depth 2"]
    item.setText("a click")
    assert loaded_context.marks.marks[0].name == "a click"
    panel.marks.list.setCurrentCell(0, 2)
    QTest.keyClick(panel.marks.list, Qt.Key.Key_Delete)
    assert panel.marks.list.rowCount() == 0
    loaded_context.history.undo()
    assert panel.marks.list.item(0, 2).text() == "a click" and panel.tabs.tabText(1) == "Marks (1)"
    loaded_context.playback.position = 0
    QTest.keyClick(panel.marks.list, Qt.Key.Key_Return)
    assert loaded_context.playback.position == RATE_HZ // 2


def test_figures_hold_the_numbers_that_are_seen(panel: ComparePanel, loaded_context: Context) -> None:
    with_second_codec(loaded_context)
    marks.add_mark(loaded_context, 0.25, "here")
    found = {figure.key: figure for figure in panel.figures()}
    rows = list(found["versions"].table().rows)
    assert [row[1] for row in rows] == ["Depth 1", "Depth 2", "Depth 3", "Depth 1", "Depth 2"]
    assert rows[1][2:5] == (1.0, 0.2, 320)
    assert found["rate_distortion"].arrays()["si_sdr_db"].tolist() == [3.0, 6.0]
    assert list(found["marks"].table().rows) == [(0.25, "", "Original", "here")]
    panel.blind.click()
    assert panel.figures() == (), "a table would tell"


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
    assert panel.grid.isVisible() and not panel.matrix.isVisible()
    assert panel.numbers.plot.points == () and panel.numbers.plot.heard is None, "points would tell"


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
        lines = panel.original.item.lines if depth == 0 else cells(panel)[depth - 1].lines
        assert f"was {label_of(index)}" in lines


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
    assert [text for text, _ in panel.sound.output.entries] == ["Default", "Headset (ALSA)", "Virtual: no sound"]
    panel.sound.output.setCurrentIndex(1)
    panel.sound.output.activated.emit(1)
    assert client.last(protocol.SetOutput)[1].device == "Headset"
    loaded_context.live.update(outputs=())
    loaded_context.playback.devices_changed.emit()
    assert panel.sound.output.currentText() == "Headset (not there)"


def test_volume_is_in_decibels(panel: ComparePanel, client: FakeClient) -> None:
    panel.sound.volume.setValue(-12)
    assert client.last(protocol.SetVolume)[1].gain_db == -12.0
    assert panel.sound.volume_text.text() == "−12 dB"


def test_devices_are_looked_for_again(panel: ComparePanel, client: FakeClient) -> None:
    panel.sound.look.click()
    assert client.count(protocol.ListDevices) == 1


@pytest.mark.parametrize(("index", "label"), [(0, "A"), (25, "Z"), (26, "AA"), (46, "AU")])
def test_labels_go_on_after_z(index: int, label: str) -> None:
    assert label_of(index) == label
