"""The window as a person meets it: actions, keys, docks, drops, messages."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDropEvent, QKeySequence, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QMessageBox, QSlider
from pytestqt.qtbot import QtBot

from tests.app.shell.conftest import Desk
from workbench import commands, dialogs, live_commands
from workbench.action_info import MENUS, ActionInfo
from workbench.actions import ACTIONS
from workbench.command_palette import CommandPalette
from workbench.depth_keys import WAIT_MS
from workbench.engine import protocol
from workbench.message_bar import ENGINE_DIED
from workbench.panels import PANELS
from workbench.settings import Settings, load_settings
from workbench.theme import palette


def press(desk: Desk, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """A key, through Qt's own shortcut handling."""
    QTest.keyClick(QApplication.focusWidget() or desk.window, key, modifiers)


# -- the table of actions -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("info", ACTIONS, ids=lambda info: info.key)
def test_every_action_has_words_and_a_place(info: ActionInfo) -> None:
    assert info.text and info.tooltip and info.menu in (*MENUS, "")
    assert info.menu or info.shortcut, "it can be reached by nothing"
    if info.shortcut:
        assert QKeySequence(info.shortcut).toString(), f"{info.shortcut} is no key"


def test_keys_and_names_are_unique() -> None:
    shortcuts = [QKeySequence(row.shortcut).toString() for row in (*ACTIONS, *PANELS) if row.shortcut]
    assert len(shortcuts) == len(set(shortcuts))
    assert len({info.key for info in ACTIONS}) == len(ACTIONS)


def test_every_action_runs_from_the_window(loaded_desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for ask in (name for name in vars(dialogs) if name.startswith("ask_")):
        monkeypatch.setattr(dialogs, ask, lambda *_, answer=[] if ask == "ask_clips" else str(tmp_path): answer)
    ran = []
    for info in ACTIONS:
        if info.key == "show_doctor":
            continue  # its process has a test of its own
        action = loaded_desk.window.actions_by_key[info.key]
        action.setEnabled(True)
        action.trigger()
        loaded_desk.tick(2)
        for dialog in loaded_desk.window.findChildren(QDialog):
            dialog.close()
        QApplication.sendPostedEvents(None, 0)
        ran.append(info.key)
    assert len(ran) == len(ACTIONS) - 1 and not loaded_desk.window.isVisible()  # it did quit
    assert not loaded_desk.ctx.engine.failures


def test_the_doctor_answers_in_a_window(desk: Desk, qtbot: QtBot) -> None:
    desk.window.show_doctor()
    qtbot.waitUntil(lambda: bool(desk.window.findChildren(QMessageBox)), timeout=60_000)
    box = desk.window.findChildren(QMessageBox)[0]
    assert "torch" in box.text() and "Traceback" not in box.text()
    box.close()


def test_actions_that_make_no_sense_now_are_grey(desk: Desk) -> None:
    actions = desk.window.actions_by_key
    assert not actions["toggle_play"].isEnabled() and not actions["toggle_mute"].isEnabled()
    desk.ready().with_codec().with_clip()
    assert actions["toggle_play"].isEnabled() and not actions["toggle_mute"].isEnabled()
    desk.client.alive = False
    desk.tick()
    assert not actions["toggle_play"].isEnabled()


# -- keys -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def keyed_desk(loaded_desk: Desk, qtbot: QtBot) -> Desk:
    """A loaded window that has the keyboard."""
    loaded_desk.window.activateWindow()
    qtbot.waitUntil(loaded_desk.window.isActiveWindow)
    loaded_desk.window.setFocus()
    return loaded_desk


def test_keys_reach_their_commands(keyed_desk: Desk) -> None:
    press(keyed_desk, Qt.Key.Key_Space)
    assert keyed_desk.client.count(protocol.Play) == 1
    press(keyed_desk, Qt.Key.Key_L)
    assert keyed_desk.ctx.playback.looping
    press(keyed_desk, Qt.Key.Key_3)
    assert keyed_desk.ctx.playback.depth == 3
    press(keyed_desk, Qt.Key.Key_Up)
    assert keyed_desk.ctx.playback.depth == 4
    press(keyed_desk, Qt.Key.Key_B)
    assert keyed_desk.ctx.playback.blind


def test_space_plays_also_when_a_button_has_the_focus(keyed_desk: Desk) -> None:
    keyed_desk.window.messages.add("Something.")
    keyed_desk.window.messages.close_button.setFocus()
    press(keyed_desk, Qt.Key.Key_Space)
    assert keyed_desk.client.count(protocol.Play) == 1 and keyed_desk.window.messages.text == "Something."


def test_text_fields_and_sliders_keep_their_keys(keyed_desk: Desk) -> None:
    line, slider = QLineEdit(keyed_desk.window), QSlider(keyed_desk.window)
    for widget in (line, slider):
        widget.show()
    line.setFocus()
    press(keyed_desk, Qt.Key.Key_3)
    assert line.text() == "3" and keyed_desk.ctx.playback.depth == 0
    slider.setFocus()
    press(keyed_desk, Qt.Key.Key_Right)
    assert slider.value() == 1 and keyed_desk.client.count(protocol.Seek) == 0


def test_two_digits_typed_quickly_are_one_depth(desk: Desk, qtbot: QtBot) -> None:
    from tests.app.shell.fake_engine import codec_info

    desk.ready()
    commands.load_codec(desk.ctx, "deep")
    desk.client.say_codec(codec_info("deep", depth=24))
    desk.tick()
    keys, playback = desk.window.depth_keys, desk.ctx.playback
    keys.press(1)
    assert playback.depth == 1
    keys.press(2)
    assert playback.depth == 12
    keys.press(2)
    keys.press(4)
    assert playback.depth == 24
    keys.press(3)  # 30 and more do not exist, so the next digit stands alone
    keys.press(1)
    assert playback.depth == 1
    qtbot.wait(WAIT_MS + 100)
    keys.press(5)
    assert playback.depth == 5
    keys.press(0)
    assert playback.depth == 0
    assert desk.ctx.engine.messages == []


def test_blind_digits_are_labels(loaded_desk: Desk) -> None:
    commands.set_blind(loaded_desk.ctx, True)
    loaded_desk.window.depth_keys.press(4)
    assert loaded_desk.ctx.playback.depth == loaded_desk.ctx.playback.blind_order[3]


def test_the_palette_finds_and_runs(loaded_desk: Desk, qtbot: QtBot) -> None:
    loaded_desk.window.show_palette()
    box = loaded_desk.window.findChild(CommandPalette)
    box.line.setText("dark")
    assert box.list.count() == 1
    box.run()
    assert loaded_desk.ctx.settings.theme == "dark"


# -- docks and settings ---------------------------------------------------------------------------------------------
def test_the_first_layout_shows_what_the_table_says(desk: Desk) -> None:
    docks = desk.window.docks
    assert docks is not None
    assert {key for key, dock in docks.docks.items() if not dock.isHidden()} == {
        info.key for info in PANELS if info.open_first
    }
    x = {key: dock.x() for key, dock in docks.docks.items()}
    assert x["codec"] < x["waveform"] == x["spectrogram"] == x["codes"] < x["compare"]


def test_layout_theme_and_recent_files_are_there_again(make_desk: Callable[..., Desk], tmp_path: Path) -> None:
    first = make_desk().ready().with_codec().with_clip("/clips/a.wav").with_clip("/clips/b.wav")
    docks = first.window.docks
    assert docks is not None
    docks.docks["codes"].close()
    docks.show_panel("live")
    first.window.set_theme("dark")
    commands.set_volume(first.ctx, -6.0)
    first.window.resize(796, 760)
    size = first.window.size()
    first.window.close()
    settings = load_settings(tmp_path / "settings.json")
    assert settings.notices == []
    second = make_desk(settings)
    second.window.restore_geometry()
    docks = second.window.docks
    assert docks is not None
    assert docks.docks["codes"].isHidden() and not docks.docks["live"].isHidden()
    assert second.ctx.settings.theme == "dark" and second.ctx.playback.volume_db == -6.0
    assert second.ctx.settings.recent_clips == ("/clips/b.wav", "/clips/a.wav")
    assert second.window.size() == size
    second.window.reset_layout()
    assert not docks.docks["codes"].isHidden() and docks.docks["live"].isHidden()


def test_a_layout_that_does_not_fit_is_told_and_replaced(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(Settings(docks="bm8gbGF5b3V0", geometry="!!", panels={"codes": {"zoom": "no number"}, "gone": {}}))
    desk.window.restore_geometry()
    assert "first layout" in desk.window.messages.text
    assert desk.window.docks is not None and not desk.window.docks.docks["waveform"].isHidden()


def test_recent_files_open_again(loaded_desk: Desk) -> None:
    window = loaded_desk.window
    window.menus.recents.fill_clips()
    window.menus.recents.clips.actions()[0].trigger()
    assert loaded_desk.client.last(protocol.ProcessClip)[1].path == "/clips/a.wav"
    assert loaded_desk.client.count(protocol.ProcessClip) == 2


def test_shipped_codecs_are_in_the_menu_by_name(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.ready()
    shipped = {"first": Path("/codecs/first/model.safetensors"), "second": Path("/codecs/second/model.safetensors")}
    monkeypatch.setattr("workbench.main_window.resources.shipped_codecs", lambda: shipped)
    desk.window.menus.menus["Codec"].aboutToShow.emit()
    named = {action.text(): action for action in desk.window.menus.menus["Codec"].actions()}
    named["second"].trigger()
    assert desk.client.last(protocol.LoadCodec)[1].source == "second"


@pytest.mark.parametrize("name", ["light", "dark", "projector"])
def test_text_can_be_read_from_the_last_row(name: str) -> None:
    colours = palette(name)
    roles = QPalette.ColorRole
    pairs = [(roles.WindowText, roles.Window), (roles.Text, roles.Base), (roles.ButtonText, roles.Button)]
    pairs += [(roles.Text, roles.AlternateBase), (roles.ToolTipText, roles.ToolTipBase)]
    for text, ground in pairs:
        assert contrast(colours.color(text), colours.color(ground)) >= 7.0, (text, ground)


def contrast(first: QColor, second: QColor) -> float:
    """WCAG 2 contrast ratio."""

    def luminance(colour: QColor) -> float:
        parts = [colour.redF(), colour.greenF(), colour.blueF()]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


# -- drag and drop --------------------------------------------------------------------------------------------------
def drop(desk: Desk, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPointF(10, 10), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    desk.window.dropEvent(event)


def test_dropped_files_are_told_apart(desk: Desk, tmp_path: Path) -> None:
    desk.ready().with_codec()
    lyra = tmp_path / "lyra"
    lyra.mkdir()
    drop(desk, tmp_path / "talk.flac")
    assert desk.client.last(protocol.ProcessClip)[1].path == str(tmp_path / "talk.flac")
    drop(desk, tmp_path / "model.safetensors")
    assert desk.client.last(protocol.LoadCodec)[1].source == str(tmp_path / "model.safetensors")
    drop(desk, lyra)
    assert desk.client.last(protocol.LoadCodec)[1].source == str(lyra)
    drop(desk, lyra / "quantizer.tflite")
    assert desk.client.last(protocol.LoadCodec)[1].source == str(lyra)


def test_codec_and_clip_dropped_together_both_open(desk: Desk, tmp_path: Path) -> None:
    desk.ready()
    drop(desk, tmp_path / "one.wav", tmp_path / "two.wav", tmp_path / "model.safetensors")
    assert desk.ctx.clip.wanted == str(tmp_path / "two.wav")
    assert "One clip is open at a time" in desk.window.messages.text
    desk.client.say_codec()
    desk.tick()
    assert desk.client.last(protocol.ProcessClip)[1].path == str(tmp_path / "two.wav")


def test_a_sentence_that_is_withdrawn_leaves_the_bar_and_those_before_it_stay(desk: Desk) -> None:
    engine, messages = desk.ctx.engine, desk.window.messages
    for sentence in ("One.", "Two."):
        engine.add_message(sentence)
    engine.withdraw_message("Two.")
    assert messages.text == "One."
    engine.withdraw_message("Two.")
    engine.withdraw_message("One.")
    assert messages.text == ""


# -- the engine dies ------------------------------------------------------------------------------------------------
def test_after_the_engine_dies_the_documents_stay_and_a_restart_brings_everything_back(loaded_desk: Desk) -> None:
    ctx, client, messages = loaded_desk.ctx, loaded_desk.client, loaded_desk.window.messages
    commands.seek(ctx, 5000)
    commands.select_depth(ctx, 2)
    live_commands.set_live(ctx, muted=True)
    loaded_desk.window.set_theme("dark")
    client.alive = False
    loaded_desk.tick()
    assert ctx.engine.status == "dead" and messages.text == ENGINE_DIED and not messages.restart.isHidden()
    assert set(ctx.clip.data.renders) == {0, 1, 2, 3, 4} and ctx.codec.info is not None
    assert ctx.playback.position == 5000
    sent = len(client.sent)
    commands.open_clip(ctx, "/clips/b.wav")  # nothing to ask; it waits for the restart
    assert len(client.sent) == sent and ctx.clip.data.path == "/clips/a.wav"
    messages.restart.click()
    assert client.calls[-1] == "restart" and ctx.engine.status == "starting" and messages.restart.isHidden()
    loaded_desk.ready()
    assert client.last(protocol.LoadCodec)[1].source == "fake"
    client.say_codec()
    loaded_desk.tick()
    assert client.last(protocol.ProcessClip)[1] == protocol.ProcessClip("/clips/b.wav", (2,))
    assert ctx.settings.theme == "dark"


def test_an_engine_that_dies_at_its_work_leaves_no_endless_progress(desk: Desk) -> None:
    desk.ready().with_codec()
    commands.open_clip(desk.ctx, "/clips/a.wav")
    number = desk.client.last(protocol.ProcessClip)[0]
    desk.client.say(protocol.Progress(number, "Decoding depth 2 of 4", 1, 4))
    desk.tick()
    strip = desk.window._strip()
    assert strip.work.text() == "Decoding depth 2 of 4" and not strip.cancel.isHidden()
    desk.client.alive = False
    desk.tick()
    assert not desk.ctx.clip.stage and strip.cancel.isHidden() and strip.engine.text() == "Engine: stopped"


def test_an_engine_that_never_starts_is_told_too(desk: Desk) -> None:
    desk.client.alive = False
    desk.tick()
    assert desk.window.messages.text == ENGINE_DIED


# -- odds and ends --------------------------------------------------------------------------------------------------
def test_pictures_and_sounds_of_what_is_open(loaded_desk: Desk, tmp_path: Path) -> None:
    loaded_desk.window.save_pictures(str(tmp_path))
    assert "Saved 12 files" in loaded_desk.window.messages.text
    names = {path.name for path in tmp_path.iterdir()} - {"settings.json"}
    assert names == {
        *(f"{info.key}.png" for info in PANELS if info.open_first),
        "window.png",
        *(f"depth_{depth:02d}.wav" for depth in range(5)),
    }  # fmt: skip
    samples, rate = soundfile.read(tmp_path / "depth_03.wav", dtype="float32")
    assert rate == 16_000 and np.array_equal(samples, loaded_desk.ctx.clip.data.renders[3].audio[0])
    loaded_desk.window.save_pictures(str(tmp_path / "not there"))
    assert "cannot be written" in loaded_desk.window.messages.text


def test_title_and_status_name_clip_and_codec(loaded_desk: Desk) -> None:
    assert loaded_desk.window.windowTitle() == "a.wav · fake · Speefeare Workbench"
    assert loaded_desk.window._strip().work.text() == "a.wav · 1.00 s · 44.1 kHz 2 channels WAV PCM_16"


def test_many_events_are_spread_over_frames(loaded_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A burst must not hold up drawing: what does not fit into one frame waits, in order, for the next."""
    now = iter(range(1000))
    monkeypatch.setattr("workbench.engine_events.time.perf_counter", lambda: next(now) * 0.005)
    loaded_desk.client.say(*(protocol.Notice(0, f"Notice {index}.") for index in range(5)))
    loaded_desk.tick()
    assert loaded_desk.ctx.engine.messages == ["Notice 0.", "Notice 1."]
    loaded_desk.tick(3)
    assert loaded_desk.ctx.engine.messages == [f"Notice {index}." for index in range(5)]


def test_settings_on_disk_are_plain(loaded_desk: Desk, tmp_path: Path) -> None:
    loaded_desk.window.remember()
    data = json.loads((tmp_path / "settings.json").read_text())
    assert data["version"] == 1 and data["recent_clips"] == ["/clips/a.wav"]


def test_starting_live_by_its_key_shows_its_panel(loaded_desk: Desk) -> None:
    docks = loaded_desk.window.docks
    assert docks is not None
    docks.docks["live"].hide()
    press(loaded_desk, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    loaded_desk.tick(2)
    assert loaded_desk.client.count(protocol.StartLive) == 1
    assert docks.docks["live"].isVisible()
