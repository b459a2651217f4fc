"""The panel *Run* on runs whose every event is known."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.app.shell.fake_engine import FakeClient
from tests.core.training.made_run import MadeRun, made_run
from workbench.context import Context
from workbench.engine import protocol
from workbench.engine.topics.sounds import HearSound, PlaySounds, SeekSounds, SoundsEnded, SoundsReady, StopSounds
from workbench.event_handlers.sounds import TOPIC
from workbench.panels import PanelInfo, panel_info
from workbench.panels.base import Panel
from workbench.panels.run import RunPanel
from workbench.state.run_watch import ORIGINAL, A, B
from workbench.verbs import run_watch
from workbench.widgets.theme import theme_of

Show = Callable[[PanelInfo, Context], Panel]


@pytest.fixture
def first(tmp_path: Path) -> MadeRun:
    return made_run(tmp_path / "first")


def _open(show: Show, context: Context, *runs: MadeRun, size: tuple[int, int] = (1300, 900)) -> RunPanel:
    panel = show(panel_info("run"), context)
    assert isinstance(panel, RunPanel)
    panel.resize(*size)
    context.runs.set_runs([str(run.folder) for run in runs])
    if runs:
        context.runs.choose(str(runs[0].folder))
    for run in runs[1:]:
        context.runs.lay_beside(str(run.folder), True)
    _settle(panel)
    return panel


def _settle(panel: RunPanel) -> None:
    """Frames until everything is read and drawn."""
    for _ in range(100):
        for _ in range(3):
            panel._draw_next = 0.0  # no need to wait
            panel.refresh()
        QApplication.processEvents()
        read = not run_watch.read(panel.context, 0.0)
        stores = [lane.store for lane in panel.listen.plot.lanes if not lane.waiting]
        done = all(store is not None and store.columns_done == len(store.values) for store in stores)
        if read and done and not panel.curves.grid.waits:
            return
    raise AssertionError("it never came to rest")


def _press(panel: RunPanel, key: Qt.Key) -> None:
    QTest.keyClick(panel, key)


# -- curves -------------------------------------------------------------------------------------------------------
def test_without_a_run_it_says_what_to_do(context: Context, show: Show) -> None:
    panel = _open(show, context)
    assert panel.stack.currentWidget() is panel.empty and "Training" in panel.empty.hint
    assert not panel.figures() and not panel.stop.isEnabled()


def test_every_group_of_curves_of_a_run_is_there(context: Context, show: Show, first: MadeRun) -> None:
    panel = _open(show, context, first)
    assert list(panel.curves.grid.charts) == [
        "losses", "shares", "validation", "by_depth", "validation_losses", "si_sdr", "logits", "adversaries",
        "perplexity", "usage", "dead", "gradients", "rates", "throughput", "loader", "load", "memory",
    ]  # fmt: skip
    assert not any(chart.stale for chart in panel.curves.grid.charts.values() if not chart.visibleRegion().isEmpty())
    limit = panel.curves.grid.charts["perplexity"].chart.limit
    assert limit is not None and limit.value == pytest.approx(0.05 * 64) and "collapse" in limit.words
    panel.curves.group.setCurrentIndex(panel.curves.group.findData("books"))
    assert list(panel.curves.grid.charts) == ["perplexity", "usage", "dead"]


def test_values_stand_where_they_belong(context: Context, show: Show, first: MadeRun) -> None:
    panel = _open(show, context, first)
    chart = panel.curves.grid.charts["logits"]
    drawn = chart._drawn
    assert drawn is not None
    series = panel.context.run_watch.histories[str(first.folder)].series["logits_real"]
    middle = float(np.interp(500, series.steps, series.values))
    x = drawn.room.left() + 0.5 * drawn.room.width()
    near = drawn.nearest(QPointF(x, drawn.y_of(middle)))
    assert near is not None and near.name == "real"
    image = chart.grab().toImage()
    colours = {image.pixelColor(round(x), round(drawn.y_of(middle)) + dy).name() for dy in (-1, 0, 1)}
    assert near.colour(theme_of(chart.palette())).name() in colours


def test_a_run_that_grows_is_drawn_on_and_the_last_line_may_be_half(
    context: Context, show: Show, tmp_path: Path
) -> None:
    run = made_run(tmp_path / "run", to=400)
    panel = _open(show, context, run)
    assert panel.curves.axis.end == 400 and "40%" in panel.strip.standing.words
    run.losses(450)
    with (run.folder / "events.jsonl").open("a") as file:
        file.write('{"event": "losses", "st')
    _settle(panel)
    assert panel.curves.axis.end == 450
    panel.curves.axis.show(100, 200)
    with (run.folder / "events.jsonl").open("a") as file:
        file.write('ep": 460}\n')
    run.losses(500)
    _settle(panel)
    assert (panel.curves.axis.start, panel.curves.axis.end, panel.curves.axis.last) == (100, 200, 500), "a zoom stays"


def test_a_killed_run_goes_on_in_one_unbroken_curve(context: Context, show: Show, tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", to=650)
    panel = _open(show, context, run)
    run.begin(500)
    for step in range(550, 1001, 50):
        run.losses(step)
    _settle(panel)
    line = panel.curves.grid.charts["losses"].chart.lines[0]
    assert line.series.steps.tolist() == list(range(50, 1001, 50))
    assert panel.curves.grid.charts["losses"].moments.resumes == (500.0,)


def test_zoom_by_keys_drag_and_double_click(context: Context, show: Show, first: MadeRun) -> None:
    panel = _open(show, context, first)
    chart = panel.curves.grid.charts["losses"]
    chart.setFocus()
    QTest.keyClick(chart, Qt.Key.Key_Plus)
    assert panel.curves.axis.end - panel.curves.axis.start == pytest.approx(500)
    QTest.keyClick(chart, Qt.Key.Key_F)
    assert (panel.curves.axis.start, panel.curves.axis.end) == (0, 1000)
    room = chart._drawn.room  # type: ignore[union-attr]
    y = round(room.center().y())
    left, right = (QPoint(round(room.left() + share * room.width()), y) for share in (0.25, 0.75))
    QTest.mousePress(chart, Qt.MouseButton.LeftButton, pos=left)
    QTest.mouseMove(chart, right)
    QTest.mouseRelease(chart, Qt.MouseButton.LeftButton, pos=right)
    assert (panel.curves.axis.start, panel.curves.axis.end) == (pytest.approx(250, abs=5), pytest.approx(750, abs=5))
    panel.curves.whole.click()
    assert panel.curves.axis.whole
    QTest.mouseDClick(chart, Qt.MouseButton.LeftButton, pos=left)
    assert [key for key, other in panel.curves.grid.charts.items() if other.isVisible()] == ["losses"]
    QTest.keyClick(chart, Qt.Key.Key_Return)
    assert panel.curves.grid.charts["rates"].isVisible()


def test_the_cursor_is_read_in_every_chart(context: Context, show: Show, first: MadeRun) -> None:
    panel = _open(show, context, first)
    panel.curves.axis.set_cursor(500)
    assert "mel 0.223" in panel.curves.grid.charts["losses"].words()
    assert "codec 1.12" in panel.curves.grid.charts["gradients"].words()
    chart = panel.curves.grid.charts["losses"]
    chart.setFocus()
    for _ in range(100):
        QTest.keyClick(chart, Qt.Key.Key_Left)
    assert panel.curves.axis.cursor == 0 and "mel –" in chart.words(), "nothing was logged before"


def test_lines_are_hidden_by_a_click_on_their_name_and_by_keys(context: Context, show: Show, first: MadeRun) -> None:
    panel = _open(show, context, first)
    chart = panel.curves.grid.charts["losses"]
    box, lines = chart._drawn.legend[1]  # type: ignore[union-attr]
    QTest.mouseClick(chart, Qt.MouseButton.LeftButton, pos=box.center().toPoint())
    assert panel.curves.axis.hidden == {("losses", lines[0].name)}
    _settle(panel)
    assert len(chart._drawn.traces) == 5  # type: ignore[union-attr]
    QTest.keyClick(chart, Qt.Key.Key_Space)
    assert ("losses", "mel") in panel.curves.axis.hidden
    QTest.keyClick(chart, Qt.Key.Key_Space)
    assert ("losses", "mel") not in panel.curves.axis.hidden


def test_runs_lie_over_each_other_over_steps_and_hours(
    context: Context, show: Show, first: MadeRun, tmp_path: Path
) -> None:
    second = made_run(tmp_path / "second", to=500, level=2.0)
    panel = _open(show, context, first, second)
    lines = panel.curves.grid.charts["losses"].chart.lines
    assert [(row.name, row.run_index) for row in lines if row.name == "mel"] == [("mel", 0), ("mel", 1)]
    assert panel.curves.names.isVisible() and "second" in panel.figures()[0].title
    panel.curves.axis.set_cursor(500)
    assert "mel 0.223 · 0.446" in panel.curves.grid.charts["losses"].words()
    panel.curves.unit.setCurrentIndex(1)
    hours = panel.context.run_watch.histories[str(first.folder)].elapsed.last
    assert hours is not None and panel.curves.axis.last == pytest.approx(hours / 3600)
    _settle(panel)
    x = panel.curves.grid.charts["losses"]._drawn.traces[-1].x  # type: ignore[union-attr]
    assert x.max() < 0.6, "the shorter run ends in the middle"
    context.runs.lay_beside(str(second.folder), False)
    assert (
        all(row.run_index == 0 for row in panel.curves.grid.charts["losses"].chart.lines)
        and not panel.curves.names.isVisible()
    )


def test_smoothing_and_log_change_what_is_drawn(context: Context, show: Show, first: MadeRun) -> None:
    panel = _open(show, context, first)
    chart = panel.curves.grid.charts["losses"]
    assert chart._drawn is not None and chart._drawn.log
    panel.curves.log.click()
    panel.curves.smoothing.setValue(7)  # of WINDOWS
    assert panel.curves.smoothed.text() == "500 steps"
    _settle(panel)
    assert not chart._drawn.log
    values = chart._drawn.traces[0].line.series.values
    assert chart._drawn.traces[0].mean[10] == pytest.approx(values[5:16].mean())


def test_a_million_steps_are_drawn_from_few_points(context: Context, show: Show, first: MadeRun) -> None:
    panel = _open(show, context, first)
    series = panel.context.run_watch.histories[str(first.folder)].series["losses/mel"]
    for step in range(1001, 1_000_001):
        series.append(step, 2.0 if step != 777_777 else 99.0)
    panel.context.run_watch.histories[str(first.folder)].step = 1_000_000
    panel._grew()
    _settle(panel)
    traces = {row.line.name: row for row in panel.curves.grid.charts["losses"]._drawn.traces}  # type: ignore[union-attr]
    assert len(traces["mel"].x) < 2000 and np.nanmax(traces["mel"].high) == 99.0


# -- how it stands ------------------------------------------------------------------------------------------------
def test_alarms_are_told_marked_and_lead_to_their_step(context: Context, show: Show, tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", to=500)
    run.alarm(500)
    run.losses(550)
    panel = _open(show, context, run)
    assert panel.warning.isVisible() and "3 of its 64 entries" in panel.warning.toolTip()
    assert panel.pages["alarms"].text() == "Alarms (1)"
    assert panel.curves.grid.charts["losses"].moments.alarms == (500.0,)
    panel.warning.click()
    assert panel.alarms.isVisible() and panel.alarms.item(0, 3).text() == "Lower the rate."
    panel.alarms.selectRow(0)
    panel.curves.axis.show(0, 100)
    QTest.keyClick(panel.alarms, Qt.Key.Key_Return)
    assert panel.curves.axis.start < 500 < panel.curves.axis.end and panel.curves.axis.cursor == 500


def test_a_new_alarm_of_a_run_that_goes_is_told_once_whatever_is_in_sight(
    context: Context, show: Show, tmp_path: Path
) -> None:
    run = made_run(tmp_path / "run", to=500)
    run.alarm(500)  # long ago
    panel = _open(show, context, run)
    panel.hide()
    known = context.runs.runs[str(run.folder)]
    known.status = "running"
    for when in (None, time.time()):
        if when is not None:
            run.time = when - 1
            run.alarm(550)
        while known.tail.read():
            context.runs.moved.emit(known.folder)
    assert [words for words in context.engine.messages if "3 of its 64" in words] == [
        "Run run, step 550: Book 2 uses 3 of its 64 entries. Lower the rate."
    ]


def test_how_a_run_ended_is_said(context: Context, show: Show, tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", to=300)
    run.log("failed", 300, words="The disk is full.", advice="Make room and resume.")
    panel = _open(show, context, run)
    context.runs.set_status(str(run.folder), "failed", "failed: The disk is full.")
    assert panel.strip.standing.tone == "problem"
    assert "The disk is full. Make room and resume." in panel.strip.accessibleDescription()
    context.runs.set_status(str(run.folder), "running", "running")
    assert panel.stop.isEnabled() and "1 min left" not in panel.strip.standing.words


# -- what is heard ------------------------------------------------------------------------------------------------
def test_a_and_b_are_any_two_checkpoints(context: Context, show: Show, first: MadeRun) -> None:
    panel = _open(show, context, first)
    assert [lane.name for lane in panel.listen.plot.lanes] == ["Original", "A", "B"]
    assert panel.listen.told[A].text() == "1 000 (newest) · 0.20 dB"
    panel.listen.sliders[A].setValue(1)
    panel.listen.sliders[B].setValue(3)
    rows = [run_watch.heard_of(context, side) for side in (A, B)]
    assert [row.step for row in rows if row] == [250, 750]
    assert panel.curves.grid.charts["losses"].moments.sides == (("A", 250.0), ("B", 750.0))
    panel.listen.sounds[B].click()
    assert panel.listen.sounds[B].isChecked() and not panel.listen.sounds[A].isChecked()
    panel.listen.swap.click()
    assert [run_watch.heard_of(context, side).step for side in (A, B)] == [750, 250]  # type: ignore[union-attr]
    _settle(panel)
    stores = [lane.store for lane in panel.listen.plot.lanes]
    assert all(store is not None and store.columns_done for store in stores)
    panel.listen.difference.click()
    assert panel.listen.plot.lanes[-1].name == "A − B" and panel.listen.plot.lanes[-1].ready


def test_a_follows_the_newest_checkpoint_and_an_older_one_stays(context: Context, show: Show, tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", to=500)
    panel = _open(show, context, run)
    assert run_watch.heard_of(context, A).step == 500  # type: ignore[union-attr]
    run.validate(750)
    _settle(panel)
    assert run_watch.heard_of(context, A).step == 750  # type: ignore[union-attr]
    panel.listen.sliders[A].setValue(1)
    run.validate(1000)
    _settle(panel)
    assert run_watch.heard_of(context, A).step == 250  # type: ignore[union-attr]


def test_it_is_heard_through_the_engine_at_the_same_moment(
    context: Context, show: Show, first: MadeRun, client: FakeClient
) -> None:
    panel = _open(show, context, first)
    _press(panel, Qt.Key.Key_Space)
    number, asked = client.last(PlaySounds)
    folder = first.folder / "samples"
    files = [folder / name for name in ("original/0.wav", "step-00001000/0.wav", "step-00000000/0.wav")]
    assert asked.paths == tuple(map(str, files)) and asked.heard == A and asked.loop and asked.match
    TOPIC.handlers[SoundsReady](context, SoundsReady(number, 0.5, (0.0, 1.5, -3.0)))
    assert panel.listen.play.text() == "Stop" and "A by +1.5 dB" in panel.listen.words.text()
    for key, which in ((Qt.Key.Key_B, B), (Qt.Key.Key_O, ORIGINAL), (Qt.Key.Key_A, A)):
        _press(panel, key)
        assert client.last(HearSound)[1].heard == which and panel.listen.sounds[which].isChecked()
    context.run_watch.position_s = 0.3
    panel.listen.sliders[B].setValue(2)
    assert client.last(PlaySounds)[1].start_s == 0.3, "another checkpoint goes on at the same moment"
    panel.listen.plot.seek_requested.emit(0.1)
    assert client.last(SeekSounds)[1].second == 0.1
    _press(panel, Qt.Key.Key_Space)
    assert client.count(StopSounds) == 1 and not context.run_watch.playing
    number = client.last(PlaySounds)[0]
    _press(panel, Qt.Key.Key_Space)
    TOPIC.handlers[SoundsEnded](context, SoundsEnded(number))
    assert context.run_watch.playing, "an older one has ended"
    TOPIC.handlers[SoundsEnded](context, SoundsEnded(client.last(PlaySounds)[0]))
    assert not context.run_watch.playing and panel.listen.play.text() == "Play"


@pytest.mark.parametrize("end", ["failed", "died"])
def test_an_engine_that_cannot_play_leaves_no_button_pressed(
    context: Context, show: Show, first: MadeRun, client: FakeClient, end: str
) -> None:
    panel = _open(show, context, first)
    panel.listen.play.click()
    assert TOPIC.ended is not None and TOPIC.engine_died is not None
    if end == "failed":
        TOPIC.ended(context, protocol.Failed(client.last(PlaySounds)[0], "It broke."))
    else:
        TOPIC.engine_died(context)
    assert panel.listen.play.text() == "Play" and not panel.listen.play.isChecked()


def test_against_another_run_and_what_cannot_be_compared_is_said(
    context: Context, show: Show, first: MadeRun, tmp_path: Path
) -> None:
    same, other = made_run(tmp_path / "same"), made_run(tmp_path / "other")
    (other.folder / "samples/original/0.wav").write_bytes((other.folder / "samples/original/1.wav").read_bytes())
    panel = _open(show, context, first, same, other)
    panel.listen.runs[B].setCurrentIndex(panel.listen.runs[B].findData(str(same.folder)))
    assert run_watch.folder_of(context, B) == str(same.folder)
    assert (
        panel.listen.plot.lanes[2].title == "B · step 1 000 of same" and "other clips" not in panel.listen.words.text()
    )
    panel.listen.runs[B].setCurrentIndex(panel.listen.runs[B].findData(str(other.folder)))
    assert "first and other were validated on other clips" in panel.listen.words.text()
    _press(panel, Qt.Key.Key_Period)
    assert context.run_watch.clip == 1 and "other clips" not in panel.listen.words.text()


def test_a_click_on_a_curve_chooses_the_checkpoint_there(context: Context, show: Show, first: MadeRun) -> None:
    panel = _open(show, context, first)
    chart = panel.curves.grid.charts["validation"]
    room = chart._drawn.room  # type: ignore[union-attr]
    place = QPoint(round(room.left() + 0.52 * room.width()), round(room.center().y()))
    QTest.mouseClick(chart, Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseClick(chart, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, place)
    assert [run_watch.heard_of(context, side).step for side in (A, B)] == [500, 500]  # type: ignore[union-attr]


def test_sounds_that_are_gone_are_no_harm(context: Context, show: Show, first: MadeRun, client: FakeClient) -> None:
    for path in (first.folder / "samples").rglob("*.wav"):
        path.unlink()
    panel = _open(show, context, first)
    assert panel.listen.plot.lanes[0].waiting
    _press(panel, Qt.Key.Key_Space)
    assert client.count(PlaySounds) == 0 and "nothing to hear" in context.engine.messages[-1]


# -- the codec ----------------------------------------------------------------------------------------------------
def test_open_in_workbench_loads_the_newest_codec_and_a_clip(
    context: Context, show: Show, client: FakeClient, tmp_path: Path
) -> None:
    run = MadeRun(tmp_path / "run")
    run.begin()
    run.validate(0)
    panel = _open(show, context, run)
    assert not panel.open.isEnabled()
    run_watch.open_in_workbench(context)
    assert "no codec to open yet" in context.engine.messages[-1] and client.count(protocol.LoadCodec) == 0
    run.checkpoint(100)
    _settle(panel)
    QTest.keyClick(panel, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert client.last(protocol.LoadCodec)[1].source == str(run.folder / "model-latest.safetensors")
    assert context.clip.wanted == str(run.folder / "samples/original/0.wav")


# -- small, large, taken out --------------------------------------------------------------------------------------
@pytest.mark.parametrize(("width", "shown"), [(1300, {"curves", "listen"}), (700, {"curves"})])
def test_what_there_is_room_for_is_shown(
    context: Context, show: Show, first: MadeRun, width: int, shown: set[str]
) -> None:
    panel = _open(show, context, first, size=(width, 500))
    assert {key for key, body in panel._bodies.items() if body.isVisible()} == shown
    panel.pages["alarms"].click()
    now = {key for key, body in panel._bodies.items() if body.isVisible()}
    assert now == (shown | {"alarms"} if width > 1000 else {"alarms"})
    panel.pages["alarms"].click()
    assert any(body.isVisible() for body in panel._bodies.values())


def test_the_look_is_remembered(context: Context, show: Show, first: MadeRun) -> None:
    panel = _open(show, context, first)
    panel.pages["listen"].click()
    panel.curves.log.click()
    panel.curves.smoothing.setValue(3)
    panel.curves.unit.setCurrentIndex(1)
    state = panel.view_state()
    again = show(panel_info("run"), context)
    assert isinstance(again, RunPanel)
    again.set_view_state(state)
    assert again.view_state() == state
    assert not again.curves.axis.log and again.curves.axis.window == 20


def test_a_window_that_is_opened_again_looks_at_the_same_runs(
    context: Context, show: Show, first: MadeRun, tmp_path: Path
) -> None:
    second, newest = made_run(tmp_path / "second"), made_run(tmp_path / "newest")
    panel = _open(show, context, first, second)
    state = json.loads(json.dumps(panel.view_state()))
    context.runs.set_runs([])
    again = show(panel_info("run"), context)
    assert isinstance(again, RunPanel)
    again.set_view_state(state)
    _settle(again)
    context.runs.set_runs([str(run.folder) for run in (newest, first, second)])
    assert again.view_state()["runs"] == state["runs"], "also before they are found"
    _settle(again)
    assert (context.runs.chosen, context.runs.beside) == (str(first.folder), (str(second.folder),))
    line = again.curves.grid.charts["losses"].chart.lines[0]
    assert line.series.steps.tolist() == list(range(50, 1001, 50)), "the whole curve is there"


def test_without_a_choice_the_run_that_goes_is_shown(context: Context, show: Show, tmp_path: Path) -> None:
    runs = [made_run(tmp_path / name, to=100) for name in ("newest", "going")]
    panel = _open(show, context)
    context.runs.set_runs([str(run.folder) for run in runs])
    context.runs.set_status(str(runs[1].folder), "running")
    _settle(panel)
    assert context.runs.chosen == str(runs[1].folder)


def test_figures_carry_values_steps_and_units(context: Context, show: Show, first: MadeRun) -> None:
    panel = _open(show, context, first)
    figures = {figure.key: figure for figure in panel.figures()}
    assert {"run_losses", "run_perplexity", "run_sounds"} <= set(figures)
    arrays = figures["run_shares"].arrays()
    assert arrays["mel_step"].tolist() == list(range(50, 1001, 50)) and arrays["mel_percent"][0] == pytest.approx(20)
    rows = list(figures["run_gradients"].table().rows)
    assert rows[0][:3] == ("first", "codec", 50) and len(rows) == 40
    image = QImage(500, 300, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    widget = figures["run_losses"].widget
    widget.paint_figure(painter, QRect(0, 0, 500, 300), theme_of(panel.palette()))  # type: ignore[attr-defined]
    painter.end()
    assert len({image.pixel(x, y) for x in range(0, 500, 3) for y in range(0, 300, 3)}) > 10
