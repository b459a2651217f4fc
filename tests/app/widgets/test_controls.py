from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from speefeare_core.training.form import rows_of, values_of
from speefeare_core.training.recipe import read_recipe
from tests.app.widgets.conftest import Show
from tests.app.widgets.pictures import click, wheel
from workbench.theme import apply_theme
from workbench.widgets.bitrate_chart import BitrateChart
from workbench.widgets.book_strip import BookBlock, BookStrip
from workbench.widgets.choice_grid import ChoiceGrid, ChoiceItem
from workbench.widgets.controls import Button, Choice, Slider
from workbench.widgets.read_out import ReadOut
from workbench.widgets.recipe_model import RecipeModel
from workbench.widgets.time_plot import TimePlot
from workbench.widgets.trajectory_plot import TrajectoryPlot
from workbench.widgets.transport import Transport


def _claims(widget: QWidget, key: Qt.Key) -> bool:
    event = QKeyEvent(QEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.NoModifier)
    event.ignore()
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


@pytest.mark.parametrize(
    ("widget", "claimed", "left_alone"),
    [
        (lambda: Button("Blind", "Blind", "x."), Qt.Key.Key_Space, Qt.Key.Key_L),
        (lambda: Slider("Volume", "x.", 0, 9), Qt.Key.Key_Left, Qt.Key.Key_Space),
        (lambda: Choice("Output", "x.", (("a", "a"),)), Qt.Key.Key_Down, Qt.Key.Key_5),
        (BitrateChart, Qt.Key.Key_Right, Qt.Key.Key_Space),
        (TimePlot, Qt.Key.Key_Left, Qt.Key.Key_Up),
        (TrajectoryPlot, Qt.Key.Key_Left, Qt.Key.Key_Home),
    ],
)
def test_a_control_in_focus_keeps_its_own_keys_from_the_windows_shortcuts(
    show: Show, widget: object, claimed: Qt.Key, left_alone: Qt.Key
) -> None:
    control = show(widget())  # type: ignore[operator]
    assert _claims(control, claimed)
    assert not _claims(control, left_alone)


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return])
def test_space_and_enter_press_a_button(show: Show, qtbot: QtBot, key: Qt.Key) -> None:
    button = Button("Go", "Go", "x.")
    show(button, 80, 30)
    with qtbot.waitSignal(button.clicked, timeout=1000):
        qtbot.keyClick(button, key)


def test_a_click_does_not_take_the_focus(show: Show) -> None:
    assert Button("Go", "Go", "x.").focusPolicy() == Qt.FocusPolicy.TabFocus


def test_a_button_that_is_down_differs_in_both_themes(show: Show, qapp: QApplication) -> None:
    for theme in ("light", "dark"):
        apply_theme(qapp, theme)
        button = Button("Blind", "Blind", "x.", checkable=True)
        show(button, 100, 30)
        apply_theme(qapp, theme)
        up = button.grab().toImage()
        button.setChecked(True)
        down = button.grab().toImage()
        x, y = up.width() // 2, up.height() - int(4 * up.devicePixelRatio())
        assert abs(up.pixelColor(x, y).blue() - down.pixelColor(x, y).blue()) > 25, theme
    apply_theme(qapp, "light")


def test_other_entries_keep_what_was_chosen(show: Show) -> None:
    choice = Choice("Output", "x.", (("A", "a"), ("B", "b")))
    told: list[int] = []
    choice.currentIndexChanged.connect(told.append)
    choice.set_value("b")
    choice.set_entries((("New", "n"), ("A", "a"), ("B", "b")))
    assert choice.value == "b"
    choice.set_entries((("A", "a"),))
    assert choice.value == "a"
    assert told == [], "only a person's choice is told"


def test_the_wheel_over_a_slider_without_focus_moves_nothing(show: Show) -> None:
    slider = Slider("Volume", "x.", 0, 100)
    show(slider, 200, 30)
    slider.clearFocus()
    wheel(slider, 50, 10, 3)
    assert slider.value() == 0


def test_bars_are_chosen_by_click_and_keys(show: Show, qtbot: QtBot) -> None:
    chart = BitrateChart()
    show(chart, 400, 150)
    chart.set_bitrates([0.5, 1.0, 1.5, 2.0], 2)
    chosen: list[int] = []
    chart.chosen.connect(chosen.append)
    click(chart, chart.bar_rect(4).center().x(), 100)
    qtbot.keyClick(chart, Qt.Key.Key_Left)
    assert chosen == [4, 1]
    assert chart.bar_rect(4).height() == pytest.approx(4 * chart.bar_rect(1).height())
    assert chart.depth_at(1.0) is None


def test_books_are_told_in_words_too(show: Show) -> None:
    strip = BookStrip()
    show(strip, 200, 200)
    strip.set_books([BookBlock(1024, 12.5, "semantic"), BookBlock(512, 50.0, "acoustic")], (0,))
    assert strip.accessibleDescription() == (
        "Book 1: 1024 entries, 12.5 frames/s, semantic; Book 2: 512 entries, 50 frames/s, acoustic"
    )
    assert strip.heightForWidth(100) > strip.heightForWidth(1000)
    assert not strip.grab().isNull()


def test_a_grid_of_choices_shows_the_state_and_not_the_click(show: Show, qtbot: QtBot) -> None:
    grid = ChoiceGrid("Versions")
    show(grid, 300, 200)
    items = [ChoiceItem("Original", wide=True), *(ChoiceItem(str(k), ("1 kbps",), k < 20) for k in range(1, 25))]
    grid.set_items(items, 0)
    chosen: list[int] = []
    grid.chosen.connect(chosen.append)
    grid.buttons[3].click()
    assert chosen == [3]
    assert [b.isChecked() for b in grid.buttons[:4]] == [True, False, False, False]
    grid.set_items(items, 3)
    assert grid.buttons[3].isChecked() and not grid.buttons[0].isChecked()
    grid.set_items(items[:3], None)
    assert len(grid.buttons) == 3 and not any(b.isChecked() for b in grid.buttons)


def test_every_button_of_a_long_grid_can_be_reached(show: Show) -> None:
    grid = ChoiceGrid("Versions")
    grid.set_items([ChoiceItem(str(k), ("1 kbps",)) for k in range(46)], 45)
    show(grid, 200, 120)
    button = grid.buttons[45]
    top = button.mapTo(grid, button.rect().topLeft()).y()
    assert 0 <= top < grid.height(), "the chosen one was scrolled into sight"
    rects = [b.geometry() for b in grid.buttons]
    assert len({rect.top() for rect in rects[:3]}) < 3, "more than one column"
    assert not any(a.intersects(b) for i, a in enumerate(rects) for b in rects[:i])


def test_the_transport_tells_only_what_a_person_did(show: Show) -> None:
    transport = Transport()
    show(transport, 400, 80)
    seeks: list[int] = []
    transport.seek_requested.connect(seeks.append)
    transport.set_clip(32_000, 16_000)
    transport.set_position(16_000)
    assert seeks == [] and transport.time.text() == "0:01.000 / 0:02.000"
    transport.position.setValue(8_000)
    assert seeks == [8_000]
    transport.set_playing(True, False)
    assert transport.play.accessibleName() == "Pause"


def test_long_texts_are_cut_and_never_widen(show: Show) -> None:
    read_out = ReadOut("at rest")
    show(read_out, 60, 20)
    read_out.say("a very long text " * 20)
    assert read_out.minimumSizeHint().width() == 0
    assert read_out.toolTip().startswith("a very long text")
    read_out.say("")
    assert read_out.text() == "at rest"


def test_a_text_of_lines_that_are_too_few_says_that_more_follows(show: Show) -> None:
    read_out = ReadOut("at rest", lines=2)
    show(read_out, 120, 40)
    read_out.say("one two three four five six seven eight nine ten " * 3)
    first, last = read_out.shown_lines()
    assert first.startswith("one two") and not first.endswith("…") and last.endswith("…")
    assert read_out.fontMetrics().horizontalAdvance(last) <= read_out.width()
    read_out.say("one\ntwo")
    assert read_out.shown_lines() == ["one", "two"]
    read_out.say("one\ntwo\nthree")
    assert read_out.shown_lines() == ["one", "two three"], "what fits is not cut"
    read_out.say("")
    assert read_out.shown_lines() == ["at rest"]


def test_a_term_and_its_weight_are_one_change() -> None:
    recipe = read_recipe("speechtokenizer-16k-small")
    changed = recipe.changed({"semantic.weight": 300.0})
    model = RecipeModel(lambda _row, _text: None)
    model.set_rows(rows_of(changed), ())
    different = {path for path, value in values_of(changed).items() if value != values_of(recipe)[path]}
    assert different == {"semantic", "semantic.weight"}
    model.set_values(values_of(changed), frozenset(different))
    headings = [model.data(model.index(row, 0)) for row in range(model.rowCount())]
    assert [heading for heading in headings if "changed" in heading] == ["Teacher · 1 changed"]
