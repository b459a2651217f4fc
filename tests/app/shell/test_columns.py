"""Columns, derived takes and moments in the window: what is asked of the engine, and what its answers change."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from tests.app.shell.conftest import Desk
from tests.app.shell.fake_engine import codec_info
from workbench import commands
from workbench.engine import protocol
from workbench.engine.topics.audition import AuditionCode, PlayOnce
from workbench.engine.topics.columns import AddColumn, ColumnAdded, ColumnCodesReady, RemoveColumn
from workbench.engine.topics.takes import DifferenceReady, MeasureRenders, RenderDropped, RenderMeasured
from workbench.state.derived_takes import number_of, terms_of
from workbench.verbs import columns, listen


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    """Without panels, which ask for things of their own."""
    return make_desk(panels=False)


def say_column(desk: Desk, number: int, depths: tuple[int, ...] = (4, 1, 2, 3)) -> None:
    """Everything that a column brings."""
    client = desk.client
    request, asked = client.last(AddColumn)
    assert asked.column == number
    samples = desk.ctx.clip.data.renders[0].audio
    client.say(ColumnAdded(request, number, codec_info("other"), "cpu", 0.1))
    client.say(ColumnCodesReady(request, number, (client.share(np.zeros((4, 50), np.int32)),), (50.0,)))
    for depth in depths:
        take = number_of("take", depth, number)
        client.say(protocol.RenderReady(request, take, client.share(samples * 0.25), 1.0, 0, 3.0, 0.5))
    client.say(protocol.Done(request, 0.1))
    desk.tick(3)


def test_a_column_is_asked_for_told_of_and_taken_back(loaded_desk: Desk) -> None:
    ctx, client = loaded_desk.ctx, loaded_desk.client
    number = columns.add_column(ctx, "/codecs/other.safetensors")
    assert client.last(AddColumn)[1] == AddColumn(number, "/codecs/other.safetensors", "auto")
    assert ctx.columns.columns[number].title == "other.safetensors" and not ctx.columns.columns[number].ready
    say_column(loaded_desk, number)
    column = ctx.columns.columns[number]
    assert column.ready and not column.request and column.info is not None and column.full == 4
    assert column.codes[0].shape == (4, 50)
    assert number_of("take", 3, number) in ctx.clip.data.renders
    assert columns.add_column(ctx, "/codecs/other.safetensors") == 0, "it is there already"

    listen.select(ctx, number_of("take", 2, number))
    assert client.last(protocol.SelectDepth)[1].depth == number_of("take", 2, number)
    ctx.history.undo()
    assert not ctx.columns.columns and ctx.playback.depth == 0
    assert client.last(RemoveColumn)[1].column == number
    assert set(ctx.clip.data.renders) == {0, 1, 2, 3, 4}
    ctx.history.redo()
    assert list(ctx.columns.columns) == [number] and client.last(AddColumn)[1].column == number
    columns.remove_column(ctx, number)
    ctx.history.undo()
    assert list(ctx.columns.columns) == [number]
    assert columns.add_column(ctx, "third") == number + 1, "numbers are never given twice"


def test_columns_without_a_clip_wait_for_one_and_stay_for_the_next(desk: Desk) -> None:
    number = columns.add_column(desk.ctx, "other")
    assert desk.client.sent == []
    desk.ready().with_codec().with_clip()
    say_column(desk, number)
    listen.select(desk.ctx, number_of("take", 4, number))
    desk.with_clip("/clips/b.wav")
    assert desk.client.count(AddColumn) == 2 and not desk.ctx.columns.columns[number].ready
    assert desk.ctx.playback.depth == number_of("take", 4, number)
    assert desk.client.last(protocol.ProcessClip)[1].wanted_depths == ()
    wanted = desk.client.count(protocol.WantDepth)
    say_column(desk, number, ())
    assert desk.client.count(protocol.WantDepth) == wanted + 1, "what is heard is wanted as soon as it can be"


def test_a_column_that_cannot_be_made_says_why_and_can_be_tried_again(loaded_desk: Desk) -> None:
    ctx, client = loaded_desk.ctx, loaded_desk.client
    number = columns.add_column(ctx, "bad")
    client.say(protocol.Failed(client.last(AddColumn)[0], "That file is bad."))
    loaded_desk.tick(2)
    assert ctx.columns.columns[number].problem == "That file is bad."
    listen.select(ctx, number_of("take", 1, number))
    assert ctx.playback.depth == 0 and "That file is bad." in ctx.engine.messages[-1]
    columns.retry_column(ctx, number)
    assert client.count(AddColumn) == 2 and not ctx.columns.columns[number].problem


def test_a_difference_is_summed_in_the_window_and_goes_with_what_it_is_made_of(loaded_desk: Desk) -> None:
    ctx, client = loaded_desk.ctx, loaded_desk.client
    missing = number_of("missing", 3)
    listen.select(ctx, missing)
    number, request = client.last(protocol.WantDepth)
    assert request.depth == missing
    terms = terms_of(missing)
    assert terms is not None
    client.say(DifferenceReady(number, missing, terms, -6.0), protocol.Done(number, 0.1))
    loaded_desk.tick(2)
    render = ctx.clip.data.renders[missing]
    x, y = ctx.clip.data.renders[0].audio, ctx.clip.data.renders[3].audio
    np.testing.assert_allclose(render.audio[:, 10:900], (x - y)[:, 10:900])
    assert math.isnan(render.si_sdr_db) and render.level_db == -6.0
    commands.step_depth(ctx, 1)
    assert ctx.playback.depth == number_of("missing", 4)
    commands.step_depth(ctx, 1)
    assert ctx.playback.depth == number_of("missing", 4), "the last"
    client.say(RenderDropped(0, missing))
    loaded_desk.tick(2)
    assert missing not in ctx.clip.data.renders
    commands.set_blind(ctx, True)
    assert set(ctx.playback.blind_order) == {0, 1, 2, 3, 4}, "differences are no versions to compare"


def test_takes_that_do_not_exist_are_told(loaded_desk: Desk) -> None:
    ctx = loaded_desk.ctx
    for number in (9, number_of("added", 9), number_of("alone", 5), number_of("take", 1, 7), 9_999, -1):
        listen.select(ctx, number)
        assert ctx.playback.depth == 0
        assert commands.why_no_take(ctx, number) == ctx.engine.messages[-1] or ctx.engine.messages


def test_moments_and_single_codes(loaded_desk: Desk) -> None:
    ctx, client = loaded_desk.ctx, loaded_desk.client
    listen.play_moment(ctx, 0.5, 0.2)
    assert client.last(PlayOnce)[1] == PlayOnce(6400, 9600, 0)
    listen.play_once(ctx, -50, 99_999_999, 2)
    assert client.last(PlayOnce)[1] == PlayOnce(0, ctx.clip.data.length_samples, 2)
    listen.play_once(ctx, 5, 5)
    assert client.count(PlayOnce) == 2
    listen.play_once(ctx, 0, 100, number_of("missing", 2))
    assert client.last(protocol.WantDepth)[1].depth == number_of("missing", 2), "it is made when it is not there"
    listen.audition_code(ctx, 1, 30)
    assert client.last(AuditionCode)[1] == AuditionCode(1, 30)
    assert ctx.playback.position == 0


def test_measures_are_asked_for_once(loaded_desk: Desk) -> None:
    ctx, client = loaded_desk.ctx, loaded_desk.client
    columns.measure(ctx)
    columns.measure(ctx)
    number, request = client.last(MeasureRenders)
    assert request.numbers == (1, 2, 3, 4) and client.count(MeasureRenders) == 1
    client.say(RenderMeasured(number, 2, 1.0, 9.0, 8.0, 3.0), protocol.Done(number, 0.1))
    loaded_desk.tick(2)
    assert ctx.columns.metrics[2].snr_db == 8.0 and not ctx.columns.measuring
    columns.measure(ctx)
    assert client.last(MeasureRenders)[1].numbers == (1, 3, 4), "those that were not measured are asked for again"
    loaded_desk.with_clip("/clips/b.wav")
    assert not ctx.columns.metrics


def test_progress_of_a_column_goes_when_it_ends(loaded_desk: Desk) -> None:
    ctx, client = loaded_desk.ctx, loaded_desk.client
    columns.add_column(ctx, "other")
    request = client.last(AddColumn)[0]
    client.say(protocol.Progress(request, "other: Encoding", 1, 2))
    loaded_desk.tick(2)
    assert ctx.clip.stage == "other: Encoding"
    client.say(protocol.Done(client.last(AddColumn)[0], 0.1))
    loaded_desk.tick(2)
    assert ctx.clip.stage == ""


def test_a_dead_engine_leaves_columns_and_a_new_one_is_asked_for_them(loaded_desk: Desk) -> None:
    ctx, client = loaded_desk.ctx, loaded_desk.client
    number = columns.add_column(ctx, "other")
    client.alive = False
    loaded_desk.tick(2)
    assert ctx.columns.columns[number].request == 0
    commands.restart_engine(ctx)
    client.say_ready()
    loaded_desk.tick(2)
    client.say_codec()
    loaded_desk.tick(2)
    client.say_clip()
    loaded_desk.tick(5)
    assert client.count(AddColumn) == 2


def test_stopped_work_on_a_column_is_told_and_another_codec_is_no_problem(loaded_desk: Desk) -> None:
    ctx, client = loaded_desk.ctx, loaded_desk.client
    number = columns.add_column(ctx, "other")
    request = client.last(AddColumn)[0]
    commands.cancel_work(ctx)
    assert client.last(protocol.Cancel)[1].target_id in (request, ctx.clip.request)
    assert any(isinstance(sent, protocol.Cancel) and sent.target_id == request for sent in client.sent)
    client.say(protocol.Voided(request))
    loaded_desk.tick(2)
    assert "stopped" in ctx.columns.columns[number].problem
    columns.retry_column(ctx, number)
    say_column(loaded_desk, number)
    listen.select(ctx, number_of("take", 3, number))
    running = client.send(AddColumn(number, "other"))
    ctx.columns.change(number, request=running)
    commands.load_codec(ctx, "second")
    client.say_codec(codec_info("second", depth=2))
    client.say(protocol.Voided(running))
    loaded_desk.tick(3)
    assert not ctx.columns.columns[number].problem
    assert ctx.playback.depth == number_of("take", 3, number), "it is heard again when it is there again"


def test_a_take_of_a_column_may_be_chosen_while_it_is_loaded(loaded_desk: Desk) -> None:
    ctx, client = loaded_desk.ctx, loaded_desk.client
    number = columns.add_column(ctx, "other")
    listen.select(ctx, number_of("take", 2, number))
    assert ctx.playback.depth == number_of("take", 2, number) and not client.count(protocol.WantDepth)
    say_column(loaded_desk, number, ())
    assert client.last(protocol.WantDepth)[1].depth == number_of("take", 2, number)
    columns.remove_column(ctx, number)
    number = columns.add_column(ctx, "third")
    listen.select(ctx, number_of("take", 40, number))
    say_column(loaded_desk, number, ())
    assert ctx.playback.depth == 0, "the codec that came has no such take"


def test_the_books_that_a_take_is_about(loaded_desk: Desk) -> None:
    books_of = loaded_desk.ctx.codec.books_of
    assert books_of(0) is None and books_of(2) == books_of(number_of("missing", 2)) == (0, 1)
    assert books_of(number_of("added", 3)) == books_of(number_of("alone", 3)) == (2,)
    assert books_of(number_of("edited", 4)) == (0, 1, 2, 3)
    assert books_of(number_of("take", 2, 1)) is None and books_of(number_of("missing", 40)) is None
