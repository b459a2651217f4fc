"""The token editor: cells are selected and changed, the list is undone, saved and sent; what comes back is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from speefeare_core.editing import Copy, EditList, Freeze, Region, SetIndex, Shuffle, Swap, Zero, edit_file
from speefeare_core.errors import SpeefeareError
from tests.app.panels.known_clip import codes, open_known_clip
from tests.app.shell.fake_engine import FakeClient, codec_info
from tests.app.widgets.pictures import colour_at, rgb
from workbench import commands, dialogs
from workbench.context import Context
from workbench.documents import edits_part
from workbench.engine import protocol
from workbench.engine.topics.audition import AuditionCode, PlayOnce
from workbench.engine.topics.edits import CHANGED, CONTINUOUS, SILENT, EditsApplied, SetEdits
from workbench.event_handlers import edits as events
from workbench.panels import PanelInfo, panel_info
from workbench.panels.base import Panel
from workbench.panels.editor import EditorPanel
from workbench.state.clip import Render
from workbench.state.derived_takes import number_of
from workbench.state.edits import place_of
from workbench.verbs import edits as verbs

Show = Callable[[PanelInfo, Context], Panel]
EDITED = number_of("edited", 4)


@pytest.fixture
def editing(loaded_context: Context) -> Context:
    loaded_context.clip.in_engine = True
    events.TOPIC.clip_changed(loaded_context)  # type: ignore[misc]
    return loaded_context


def _open(show: Show, context: Context) -> EditorPanel:
    panel = show(panel_info("editor"), context)
    assert isinstance(panel, EditorPanel)
    panel.resize(1100, 600)
    return panel


def _sent(client: FakeClient) -> tuple[int, EditList, int]:
    number, request = client.last(SetEdits)
    return number, edit_file.from_dict(json.loads(request.edits)), request.take


def _answer(context: Context, client: FakeClient) -> None:
    """The engine applies what was sent: three cells changed, one silent, some continuous."""
    number, _, take = _sent(client)
    slow, fast = (group.copy() for group in codes())
    cells = [np.zeros(group.shape, np.uint8) for group in (slow, fast)]
    fast[0, 10:13] = 7
    cells[1][0, 10:13] = CHANGED
    cells[1][1, 20:40] = SILENT + CHANGED
    cells[1][2] = CONTINUOUS + CHANGED
    refs = [tuple(client.share(group) for group in groups) for groups in ((slow, fast), cells)]
    events.TOPIC.handlers[EditsApplied](context, EditsApplied(number, refs[0], refs[1], 123))
    context.clip.add_render(Render(number_of("edited", take), context.clip.data.renders[0].audio))
    events.TOPIC.ended(context, protocol.Done(number, 0.1))  # type: ignore[misc]


def test_a_drag_selects_whole_cells(editing: Context, show: Show) -> None:
    raster = _open(show, editing).raster
    heights = raster.row_edges()
    start = QPoint(round(raster.x_of(0.502)), heights[1] + 3)
    end = QPoint(round(raster.x_of(0.795)), heights[3] - 3)
    QTest.mousePress(raster, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(raster, end)
    QTest.mouseRelease(raster, Qt.MouseButton.LeftButton, pos=end)
    assert editing.edits.region == Region(25, 40, (1, 2))
    assert raster.selection is not None
    assert (raster.selection.first_row, raster.selection.last_row) == (1, 2)


def test_keys_select_and_edit(editing: Context, show: Show, client: FakeClient) -> None:
    raster = _open(show, editing).raster
    raster.choose_row(1)
    editing.playback.position = 16_000  # at one second
    raster.set_cursor(1.0)
    both = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down):
        QTest.keyClick(raster, key, both)
    region = editing.edits.region
    assert region is not None and region.start == 50 and region.books == (1, 2)
    QTest.keyClick(raster, Qt.Key.Key_Delete)
    assert _sent(client)[1].edits == (Zero(region),)
    QTest.keyClick(raster, Qt.Key.Key_H)
    assert _sent(client)[1].edits == (Zero(region), Freeze(region))
    verbs.select_all(editing)
    assert editing.edits.region == Region()
    assert raster.selection is not None and raster.selection.end_s == 2.0
    QTest.keyClick(raster, Qt.Key.Key_Escape)
    assert editing.edits.region is None


def test_every_edit_is_undone_and_done_again(editing: Context, client: FakeClient) -> None:
    verbs.select(editing, Region(3, 9, (1,)))
    verbs.set_index(editing, 5)
    verbs.shuffle(editing)
    verbs.shuffle(editing)
    edits = editing.edits.edits.edits
    assert edits == (SetIndex(Region(3, 9, (1,)), 5), Shuffle(Region(3, 9, (1,)), 1), Shuffle(Region(3, 9, (1,)), 2))
    assert editing.history.undo_words == "shuffle book 2, 0.06–0.18 s"
    editing.history.undo()
    editing.history.undo()
    assert editing.edits.edits.edits == edits[:1]
    assert _sent(client)[1].edits == edits[:1]
    editing.history.undo()
    assert editing.edits.edits.is_empty
    assert _sent(client)[1].is_empty and _sent(client)[2] == 0
    assert editing.playback.depth == 4, "the take that was edited"
    editing.history.redo()
    assert editing.edits.edits.edits == edits[:1]
    assert editing.playback.depth == EDITED


def test_an_edit_is_heard_at_once(editing: Context, show: Show, client: FakeClient) -> None:
    _open(show, editing)
    verbs.select(editing, Region(50, 60, (1,)))
    verbs.zero(editing)
    assert editing.playback.depth == EDITED
    assert client.count(PlayOnce) == 0, "it is not made yet"
    _answer(editing, client)
    once = client.last(PlayOnce)[1]
    assert (once.take, once.start, once.end) == (EDITED, 12_000, 23_200)
    editing.playback.update(playing=True)
    verbs.restore(editing)
    _answer(editing, client)
    assert client.count(PlayOnce) == 1, "what plays goes on in the edited take"


def test_what_comes_back_is_shown(editing: Context, show: Show, client: FakeClient) -> None:
    panel = _open(show, editing)
    verbs.select(editing, Region(10, 13, (1,)))
    verbs.set_index(editing, 7)
    _answer(editing, client)
    raster = panel.raster
    assert (raster.rows[1].codes[10:13] == 7).all()
    assert raster.marks[1] is not None and np.flatnonzero(raster.marks[1]).tolist() == [10, 11, 12]
    heights = raster.row_edges()
    shades = {rgb(colour_at(raster, raster.x_of(0.5) + dx, (heights[2] + heights[3]) // 2)) for dx in range(20)}
    assert len(shades) <= 6, "silent cells have no colours of their own"
    said = raster.describe_at(QPointF(raster.x_of(0.21), (heights[1] + heights[2]) / 2))
    assert "index 7" in said and "was 110" in said
    silent = raster.describe_at(QPointF(raster.x_of(0.5), (heights[2] + heights[3]) / 2))
    assert "silent" in silent
    assert "123 of 325 cells" in panel.told.text()
    assert panel.list.lines == ("1. set book 2 to 7, 0.20–0.26 s",)


def test_a_switch_for_each_book(editing: Context, show: Show, client: FakeClient) -> None:
    panel = _open(show, editing)
    switches = panel.switches
    assert switches.books == 4
    QTest.mouseClick(switches, Qt.MouseButton.LeftButton, pos=switches.box(2).center().toPoint())
    assert editing.edits.edits.continuous == (2,)
    assert _sent(client)[1].continuous == (2,)
    switches.setFocus()
    QTest.keyClick(switches, Qt.Key.Key_Down)
    QTest.keyClick(switches, Qt.Key.Key_Space)
    assert editing.edits.edits.continuous == (2, 3)
    QTest.keyClick(switches, Qt.Key.Key_Space)
    assert editing.edits.edits.continuous == (2,)
    editing.history.undo()
    assert editing.edits.edits.continuous == (2, 3)
    assert "Book 4: continuous" in switches.accessibleName()


def test_other_clips_are_copied_from_and_swapped_with(
    editing: Context, show: Show, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = _open(show, editing)
    monkeypatch.setattr(dialogs, "ask_clip", lambda *_: "/sounds/other.wav")
    verbs.select(editing, Region(5, 20, (0, 1)))
    panel.tools.buttons["copy"].click()
    panel.tools.fit_box.set_value("repeat")
    panel.tools.buttons["swap"].click()
    panel.tools.buttons["voice"].click()
    sent = _sent(client)[1]
    assert sent.edits == (
        Copy(Region(5, 20, (0, 1)), "b"),
        Swap(Region(5, 20, (0, 1)), "b", "repeat"),
        Swap(Region(0, None, (1, 2, 3)), "b", "stretch"),
    )
    assert sent.path_of("b") == "/sounds/other.wav"


def test_the_list_is_saved_opened_and_shortened(
    editing: Context, show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = _open(show, editing)
    verbs.select(editing, Region(5, 20, (0,)))
    verbs.zero(editing)
    verbs.select(editing, Region(30, 40, (1,)))
    verbs.neighbours(editing, 3)
    path = tmp_path / "edits.json"
    monkeypatch.setattr(dialogs, "ask_edits_target", lambda *_: str(path))
    panel.save.click()
    saved = editing.edits.edits
    panel.list.setCurrentRow(0)
    QTest.keyClick(panel.list, Qt.Key.Key_Return)
    assert editing.edits.region == Region(5, 20, (0,))
    QTest.keyClick(panel.list, Qt.Key.Key_Delete)
    assert editing.edits.edits.edits == saved.edits[1:]
    panel.clear.click()
    assert editing.edits.edits.is_empty and panel.list.count() == 0
    monkeypatch.setattr(dialogs, "ask_edits", lambda *_: str(path))
    panel.open.click()
    assert editing.edits.edits == saved
    monkeypatch.setattr(dialogs, "ask_edits", lambda *_: str(tmp_path / "none.json"))
    panel.open.click()
    assert "none.json" in editing.engine.messages[-1]


def test_with_and_without_the_edits(editing: Context, show: Show, client: FakeClient) -> None:
    panel = _open(show, editing)
    verbs.toggle_hear(editing)
    assert "Nothing is edited" in editing.engine.messages[-1]
    editing.playback.update(depth=2)
    verbs.select(editing, Region(5, 20, (0,)))
    verbs.zero(editing)
    assert editing.playback.depth == number_of("edited", 2)
    assert panel.hear.isChecked()
    verbs.toggle_hear(editing)
    assert editing.playback.depth == 2 and not panel.hear.isChecked()
    panel.hear.click()
    assert editing.playback.depth == number_of("edited", 2)


def test_a_code_alone_is_the_edited_one(editing: Context, show: Show, client: FakeClient) -> None:
    panel = _open(show, editing)
    verbs.select(editing, Region(5, 20, (0,)))
    verbs.zero(editing)
    panel.raster.cell_alone.emit(2, 30)
    assert client.last(AuditionCode)[1] == AuditionCode(2, 30, 0, True)


def test_lists_come_back_with_their_clip_and_codec(editing: Context, client: FakeClient) -> None:
    verbs.select(editing, Region(5, 20, (0,)))
    verbs.zero(editing)
    edits = editing.edits.edits
    first = editing.codec.info
    editing.codec.set_codec(codec_info(), "cpu")
    events.TOPIC.clip_changed(editing)  # type: ignore[misc]
    assert editing.edits.edits.is_empty and editing.edits.region is None
    assert first is not None
    editing.codec.set_codec(first, "cpu")
    open_known_clip(editing)
    events.TOPIC.clip_changed(editing)  # type: ignore[misc]
    assert editing.edits.edits == edits
    assert _sent(client)[1] == edits, "the engine has another clip, and is told again"
    assert editing.edits.place == place_of("/clips/known.wav", first)


def test_a_list_that_cannot_be_applied_says_why(editing: Context, show: Show, client: FakeClient) -> None:
    panel = _open(show, editing)
    verbs.select(editing, Region(5, 20, (0,)))
    verbs.open_books(editing)
    events.TOPIC.ended(editing, protocol.Failed(_sent(client)[0], "It decodes codes only."))  # type: ignore[misc]
    assert panel.told.text() == "It decodes codes only."
    editing.history.undo()
    assert "No edits" in panel.told.text()


def test_what_was_cancelled_is_made_when_it_is_to_be_heard(editing: Context, show: Show, client: FakeClient) -> None:
    panel = _open(show, editing)
    verbs.select(editing, Region(5, 20, (0,)))
    verbs.zero(editing)
    _answer(editing, client)
    verbs.freeze(editing)
    commands.cancel_work(editing)
    assert _sent(client)[0] in {wish.target_id for wish in client.sent if isinstance(wish, protocol.Cancel)}
    editing.clip.depth_requests.clear()
    events.TOPIC.ended(editing, protocol.Voided(_sent(client)[0]))  # type: ignore[misc]
    assert "cancelled" in panel.told.text()
    assert EDITED not in editing.clip.data.renders
    verbs.toggle_hear(editing)
    verbs.toggle_hear(editing)
    assert client.last(protocol.WantDepth)[1].depth == EDITED


def test_a_document_keeps_the_list(editing: Context, client: FakeClient) -> None:
    assert edits_part.save(editing) is None
    verbs.select(editing, Region(5, 20, (0,)))
    verbs.shuffle(editing)
    verbs.switch_book(editing, 2, True)
    kept, edits = json.loads(json.dumps(edits_part.save(editing))), editing.edits.edits
    verbs.clear(editing)
    edits_part.load(editing, kept)
    assert editing.edits.edits == edits and _sent(client)[1] == edits
    assert editing.history.undo_words == "remove all edits", "opening a document is no step"
    with pytest.raises(SpeefeareError, match="in the document"):
        edits_part.load(editing, {"speefeare_edits": 9})
    assert editing.edits.edits.is_empty
    edits_part.load(editing, None)
    assert editing.edits.edits.is_empty


def test_without_codes_it_says_what_there_is(context: Context, show: Show) -> None:
    panel = _open(show, context)
    verbs.select_all(context)
    verbs.zero(context)
    assert "Open a sound file" in context.engine.messages[-1]
    assert not any(button.isEnabled() for button in panel.tools.buttons.values())


def test_what_is_taken_out_is_what_is_shown(editing: Context, show: Show, client: FakeClient) -> None:
    panel = _open(show, editing)
    verbs.select(editing, Region(10, 13, (1,)))
    verbs.set_index(editing, 7)
    _answer(editing, client)
    (figure,) = panel.figures()
    assert (figure.arrays()["book_02_index"][10:13] == 7).all()
    assert any("set book 2" in note for note in figure.notes)


def test_what_is_remembered_of_the_look(editing: Context, show: Show) -> None:
    panel = _open(show, editing)
    panel.set_view_state({"at_once": False, "index": 12, "k": 7})
    assert panel.view_state() == {"at_once": False, "index": 12, "k": 7}
    assert not editing.edits.plays
