"""Documents in the window: saved, opened, kept, given up, and what a bad one does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from speefeare_core.audio import Audio, write
from speefeare_core.documents import reader, writer
from tests.app.shell.conftest import Desk
from workbench import commands, dialogs
from workbench.documents import recovery
from workbench.documents.parts import PARTS
from workbench.documents.recovery import RecoveryCopy
from workbench.engine import protocol
from workbench.state.marks import Mark

MakeDesk = Callable[..., Desk]


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "voice.wav"
    write(path, Audio(np.zeros((1, 16_000), np.float32), 16_000))
    return path


def begun(desk: Desk, sound: Path | None) -> Desk:
    """A window as a person starts it, with a clip."""
    desk.workbench.window.documents.start()
    desk.ready().with_codec()
    return desk if sound is None else desk.with_clip(str(sound))


def mark(desk: Desk, name: str) -> None:
    row = Mark(desk.ctx.marks.new_id(), 0.5, name)
    desk.ctx.history.do("the new mark", lambda: desk.ctx.marks.put(row), lambda: desk.ctx.marks.remove(row.id))


def let_open(desk: Desk, qtbot: QtBot) -> None:
    """The engine answers what the opening of a document asks of it."""
    asked = desk.client.count(protocol.ProcessClip)
    qtbot.waitUntil(lambda: desk.client.count(protocol.ProcessClip) >= asked and bool(desk.ctx.clip.wanted))
    desk.client.say_clip()
    desk.tick(10)
    qtbot.waitUntil(lambda: not desk.window.documents.opening)


def test_every_part_has_a_key_of_its_own_and_gives_json(loaded_desk: Desk) -> None:
    assert len({part.key for part in PARTS}) == len(PARTS)
    for part in PARTS:
        json.dumps(part.save(loaded_desk.ctx), allow_nan=False)


def test_saved_and_opened_again(make_desk: MakeDesk, sound: Path, qtbot: QtBot, tmp_path: Path) -> None:
    desk = begun(make_desk(), sound)
    commands.set_loop(desk.ctx, 1600, 4800)
    mark(desk, "dull")
    target = tmp_path / "talk.speefeare"
    desk.window.documents.save(tmp_path / "talk")
    qtbot.waitUntil(lambda: desk.ctx.settings.recent_documents == (str(target),))
    assert target.exists()
    assert desk.window.windowTitle().startswith("talk.speefeare")

    other = begun(make_desk(), None)
    other.window.open_paths([str(target)])
    let_open(other, qtbot)
    assert [row.name for row in other.ctx.marks.marks] == ["dull"]
    assert other.ctx.playback.loop == (1600, 4800) and other.ctx.playback.looping
    assert not other.ctx.history.undo_words and not other.ctx.document.modified
    mark(other, "later")
    other.window.documents.keep()
    assert other.ctx.document.modified and other.window.windowTitle().startswith("talk.speefeare*")
    other.window.close()
    assert [row["name"] for row in reader.read(target).parts["marks"]["marks"]] == ["dull", "later"]


def test_another_clip_begins_another_document_and_saves_the_one_before(
    make_desk: MakeDesk, sound: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    desk, target = begun(make_desk(), sound), tmp_path / "talk.speefeare"
    desk.window.documents.save(target)
    qtbot.waitUntil(lambda: desk.ctx.settings.recent_documents == (str(target),))
    mark(desk, "in the last second")
    desk.with_clip("/clips/other.wav")
    assert desk.ctx.document.path == "" and "other.wav" in desk.window.windowTitle()
    assert [row["name"] for row in reader.read(target).parts["marks"]["marks"]] == ["in the last second"]


def test_an_untitled_document_can_be_opened_again_after_closing(make_desk: MakeDesk, sound: Path, qtbot: QtBot) -> None:
    desk = begun(make_desk(), sound)
    mark(desk, "kept")
    desk.window.close()
    assert recovery.abandoned() == [] and recovery.last() is not None
    other = begun(make_desk(), None)
    other.window.actions_by_key["open_last_document"].trigger()
    let_open(other, qtbot)
    assert [row.name for row in other.ctx.marks.marks] == ["kept"] and other.ctx.document.path == ""


def test_a_copy_whose_window_lives_is_not_offered(sound: Path) -> None:
    copy = RecoveryCopy()
    copy.write({"audio": {"path": str(sound), "name": "voice.wav"}}, {})
    assert recovery.abandoned() == []
    assert copy._lock is not None
    copy._lock.close()  # as the end of a process does it
    found = recovery.abandoned()
    assert len(found) == 1 and "voice.wav" in found[0].words
    found[0].remove()
    assert list(recovery.folder().iterdir()) == []


def test_damaged_copies_are_removed_without_a_word(desk: Desk) -> None:
    recovery.folder().mkdir(parents=True)
    (recovery.folder() / "abc.speefeare").write_bytes(b"PK\x03\x04 cut off")
    desk.window.offer_recovery()
    assert desk.window.findChildren(QMessageBox, "recovery") == [] and list(recovery.folder().iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"no zip file", None], ids=["empty", "foreign", "missing"])
def test_a_bad_file_is_told_and_changes_nothing(make_desk: MakeDesk, sound: Path, tmp_path: Path, data: bytes) -> None:
    desk, bad = begun(make_desk(), sound), tmp_path / "bad.speefeare"
    if data is not None:
        bad.write_bytes(data)
    desk.window.open_paths([str(bad)])
    assert "bad.speefeare" in desk.ctx.engine.messages[-1]
    assert desk.ctx.clip.data.path == str(sound) and desk.ctx.document.path == ""


def test_parts_that_make_no_sense_are_left_out(make_desk: MakeDesk, sound: Path, qtbot: QtBot, tmp_path: Path) -> None:
    desk, target = begun(make_desk(), None), tmp_path / "odd.speefeare"
    parts = {part.key: ["what", {"is": None}, -1e300] for part in PARTS}
    writer.write(target, {**parts, "audio": {"path": str(sound), "bytes": "many"}, "of the future": {}})
    desk.window.documents.open(target)
    let_open(desk, qtbot)
    assert desk.ctx.marks.marks == () and desk.ctx.playback.loop is None
    assert any("marks" in words for words in desk.ctx.engine.messages)


def test_a_sound_that_is_gone_can_be_chosen(
    make_desk: MakeDesk, sound: Path, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, target = begun(make_desk(), None), tmp_path / "talk.speefeare"
    writer.write(
        target, {"audio": {"path": "/no/such.wav", "name": "such.wav"}, "loop": {"start_s": 0.1, "end_s": 0.2}}
    )
    before = target.read_bytes()
    desk.window.documents.open(target)
    box = desk.window.findChildren(QMessageBox, "sound_missing")[0]
    assert desk.ctx.document.path == "" and "/no/such.wav" in box.informativeText()
    monkeypatch.setattr(dialogs, "ask_clip", lambda *_: str(sound))
    next(button for button in box.buttons() if "Choose" in button.text()).click()
    let_open(desk, qtbot)
    assert desk.ctx.clip.data.path == str(sound) and desk.ctx.playback.loop == (1600, 3200)
    assert target.read_bytes() == before


def test_moved_together_they_still_find_each_other(
    make_desk: MakeDesk, sound: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    desk = begun(make_desk(), sound)
    desk.window.documents.save(tmp_path / "talk.speefeare")
    qtbot.waitUntil(lambda: bool(desk.ctx.settings.recent_documents))
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("talk.speefeare", "voice.wav"):
        (tmp_path / name).rename(moved / name)
    other = begun(make_desk(), None)
    other.window.documents.open(moved / "talk.speefeare")
    let_open(other, qtbot)
    assert other.ctx.clip.data.path == str(moved / "voice.wav")


def test_codes_that_differ_are_told(make_desk: MakeDesk, sound: Path, qtbot: QtBot, tmp_path: Path) -> None:
    desk, target = begun(make_desk(), None), tmp_path / "talk.speefeare"
    saved = np.zeros((4, 50), np.uint8)
    saved[1, 3:6] = 7
    writer.write(target, {"audio": {"path": str(sound)}}, arrays={"codes": {"codes_0": saved}})
    desk.window.documents.open(target)
    let_open(desk, qtbot)
    assert any("3 of 200 codes differ" in words for words in desk.ctx.engine.messages)


def test_going_on_to_another_clip_gives_the_opening_up(
    make_desk: MakeDesk, sound: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    desk, target = begun(make_desk(), None), tmp_path / "talk.speefeare"
    writer.write(target, {"audio": {"path": str(sound)}})
    desk.window.documents.open(target)
    assert desk.window.documents.opening
    commands.open_clip(desk.ctx, "/clips/other.wav")
    qtbot.waitUntil(lambda: not desk.window.documents.opening)
    assert desk.ctx.document.path == "" and desk.ctx.clip.wanted == "/clips/other.wav"


def test_undo_and_redo_say_what_they_do(make_desk: MakeDesk, sound: Path) -> None:
    desk = begun(make_desk(), sound)
    actions = desk.window.actions_by_key
    assert not actions["undo"].isEnabled()
    mark(desk, "a")
    assert actions["undo"].text() == "Undo the new mark"
    actions["undo"].trigger()
    assert desk.ctx.marks.marks == () and actions["redo"].text() == "Redo the new mark"
    actions["redo"].trigger()
    assert len(desk.ctx.marks.marks) == 1
