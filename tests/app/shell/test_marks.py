"""Marks, picks, loops by keys, and going from version to version, through the verbs."""

from __future__ import annotations

import json

import pytest

from speefeare_core.errors import SpeefeareError
from tests.app.shell.conftest import Desk
from tests.app.shell.fake_engine import RATE_HZ, codec_info
from workbench import commands
from workbench.documents import columns_part
from workbench.state.derived_takes import number_of
from workbench.state.marks import MarksState
from workbench.verbs import columns, compare, marks


def test_a_mark_remembers_where_and_what_was_heard(loaded_desk: Desk) -> None:
    ctx = loaded_desk.ctx
    commands.select_depth(ctx, 3)
    commands.seek(ctx, RATE_HZ // 4)
    mark = marks.add_mark(ctx, name=" a lisp ")
    assert mark is not None
    assert (mark.time_s, mark.name, mark.heard, mark.heard_words) == (0.25, "a lisp", 3, "fake · Depth 3")
    assert marks.mark_under_cursor(ctx) == mark


def test_every_change_of_a_mark_can_be_undone(loaded_desk: Desk) -> None:
    ctx = loaded_desk.ctx
    mark = marks.add_mark(ctx, 0.5)
    assert mark is not None
    marks.name_mark(ctx, mark.id, "hiss")
    marks.move_mark(ctx, mark.id, 0.75)
    marks.delete_mark(ctx, mark.id)
    seen = []
    while ctx.history.undo_words:
        ctx.history.undo()
        seen.append([(row.time_s, row.name) for row in ctx.marks.marks])
    assert seen[:4] == [[(0.75, "hiss")], [(0.5, "hiss")], [(0.5, "")], []]
    for _ in range(3):
        ctx.history.redo()
    assert [(row.time_s, row.name) for row in ctx.marks.marks] == [(0.75, "hiss")]


def test_marks_go_and_come_back_with_their_clip(loaded_desk: Desk) -> None:
    ctx = loaded_desk.ctx
    marks.add_mark(ctx, 0.5, "of a")
    loaded_desk.with_clip("/clips/b.wav")
    assert ctx.marks.marks == ()
    marks.add_mark(ctx, 0.1, "of b")
    loaded_desk.with_clip("/clips/a.wav")
    assert [row.name for row in ctx.marks.marks] == ["of a"]


def test_a_blind_mark_shows_its_label_until_it_is_revealed(loaded_desk: Desk) -> None:
    ctx = loaded_desk.ctx
    commands.set_blind(ctx, True)
    commands.select_label(ctx, 1)
    mark = marks.add_mark(ctx, 0.3)
    assert mark is not None and ctx.marks.heard_as(mark) == "B"
    saved = json.loads(json.dumps(ctx.marks.to_json()))
    commands.set_blind(ctx, False)
    assert ctx.marks.heard_as(mark) == "B" and ctx.marks.has_hidden, "giving up tells nothing"
    commands.reveal_blind(ctx)
    words = compare.words_of(ctx, ctx.playback.depth)
    assert ctx.marks.heard_as(mark) == f"{words} (was B)"
    ctx.history.undo()
    ctx.history.redo()
    assert not ctx.marks.has_hidden, "undo hides nothing again"
    other = MarksState()
    other.set_json(saved)
    assert other.has_hidden and other.heard_as(other.marks[0]) == "B", "neither does a document"


def test_jumps_and_loops_go_by_marks(loaded_desk: Desk) -> None:
    ctx = loaded_desk.ctx
    marks.add_mark(ctx, 0.2)
    marks.add_mark(ctx, 0.6, end_s=0.8)
    marks.step_mark(ctx, 1)
    assert ctx.playback.position == round(0.2 * RATE_HZ)
    marks.loop_between_marks(ctx)
    assert ctx.playback.loop == (round(0.2 * RATE_HZ), round(0.6 * RATE_HZ))
    marks.step_mark(ctx, 1)
    assert ctx.playback.loop == (round(0.6 * RATE_HZ), round(0.8 * RATE_HZ)), "a stretch becomes the loop"
    marks.loop_between_marks(ctx)
    assert ctx.playback.loop == (round(0.6 * RATE_HZ), RATE_HZ), "to the end where no mark follows"
    marks.step_mark(ctx, -1)
    assert ctx.playback.position == round(0.2 * RATE_HZ)


def test_loop_edges_are_set_at_the_cursor(loaded_desk: Desk) -> None:
    ctx = loaded_desk.ctx
    commands.seek(ctx, 4000)
    compare.set_loop_start(ctx)
    assert ctx.playback.loop == (4000, RATE_HZ) and ctx.playback.looping
    commands.seek(ctx, 9000)
    compare.set_loop_end(ctx)
    assert ctx.playback.loop == (4000, 9000)
    commands.seek(ctx, 2000)
    compare.set_loop_end(ctx)
    assert ctx.playback.loop == (0, 2000), "an end before the start begins at the clip's"


def test_blind_trials_are_about_what_was_picked(loaded_desk: Desk) -> None:
    ctx = loaded_desk.ctx
    compare.toggle_pick(ctx, 2)
    commands.set_blind(ctx, True)
    assert not ctx.playback.blind, "one version cannot be compared"
    compare.toggle_pick(ctx, 4)
    commands.set_blind(ctx, True)
    assert sorted(ctx.playback.blind_order) == [2, 4]
    commands.reveal_blind(ctx)
    compare.toggle_pick(ctx, 2)
    assert ctx.playback.picked == {4}
    compare.toggle_pick(ctx, number_of("missing", 2))
    assert ctx.playback.picked == {4}, "differences are not compared blind"


def test_back_and_forth_and_from_codec_to_codec(loaded_desk: Desk) -> None:
    ctx = loaded_desk.ctx
    commands.select_depth(ctx, 4)
    commands.select_depth(ctx, 2)
    compare.hear_before(ctx)
    compare.hear_before(ctx)
    assert (ctx.playback.depth, ctx.playback.heard_before) == (2, 4)
    number = columns.add_column(ctx, "/codecs/short.safetensors")
    ctx.columns.change(number, info=codec_info("short", depth=1), ready=True)
    compare.step_codec(ctx, 1)
    assert ctx.playback.depth == number_of("take", 1, number), "the last row of one with fewer"
    compare.step_codec(ctx, 1)
    assert ctx.playback.depth == number_of("take", 1, number), "nothing lies beyond"
    compare.step_codec(ctx, -1)
    assert ctx.playback.depth == 1


def test_a_document_gives_back_the_same_marks(loaded_desk: Desk) -> None:
    ctx = loaded_desk.ctx
    marks.add_mark(ctx, 0.5, "ä note")
    marks.add_mark(ctx, 0.1, end_s=0.2)
    other = MarksState()
    other.set_json(json.loads(json.dumps(ctx.marks.to_json())))
    assert other.marks == ctx.marks.marks and other.new_id() == 3


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {"marks": 3},
        {"marks": [1]},
        {"marks": [{"id": 1}]},
        {"marks": [{"id": "1", "time_s": 0.1}]},
        {"marks": [{"id": True, "time_s": 0.1}]},
        {"marks": [{"id": 1, "time_s": float("nan")}]},
        {"marks": [{"id": 1, "time_s": 2.0, "end_s": 1.0}]},
        {"marks": [{"id": 1, "time_s": 0.1, "name": 5}]},
        {"marks": [{"id": 1, "time_s": 0.1}, {"id": 1, "time_s": 0.2}]},
        {"marks": [], "hidden_trials": ["a"]},
    ],
)
def test_bad_marks_of_a_document_are_refused_in_a_sentence(data: object) -> None:
    state = MarksState()
    state.set_json({"marks": [{"id": 7, "time_s": 1.0}]})
    with pytest.raises(SpeefeareError, match="document"):
        state.set_json(data)
    assert [mark.id for mark in state.marks] == [7]


def test_picks_are_kept_in_a_document(loaded_desk: Desk) -> None:
    ctx = loaded_desk.ctx
    compare.toggle_pick(ctx, 2)
    compare.toggle_pick(ctx, 4)
    saved = columns_part.save_picks(ctx)
    columns_part.load_picks(ctx, None)
    assert ctx.playback.picked == frozenset()
    columns_part.load_picks(ctx, [*(saved or ()), "x", True, -3, 9_500])
    assert ctx.playback.picked == {2, 4}
