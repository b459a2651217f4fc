"""Lessons, terms and the size of the text, in the whole window."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QToolTip

from speefeare_core import lessons
from tests.app.shell.conftest import Desk
from workbench.actions import ACTIONS
from workbench.lessons_window import LessonsWindow
from workbench.panels import PANELS
from workbench.settings import Settings, load_settings
from workbench.term_help import tooltip_of
from workbench.theme import PROJECTOR_SCALE, SCALES, next_scale
from workbench.widgets.theme import describe, explain

DO = re.compile(r"\]\(do:([^)]+)\)")


def open_lessons(desk: Desk, key: str = "") -> LessonsWindow:
    desk.window.show_lesson(key)
    (window,) = desk.window.findChildren(LessonsWindow)
    return window


def test_every_link_in_a_lesson_is_an_action_or_a_panel() -> None:
    known = {info.key for info in ACTIONS} | {f"panel_{info.key}" for info in PANELS}
    asked = {key for row in lessons.lessons().values() for key in DO.findall(row.text)}
    assert asked - known == set()
    assert len(asked) > 10


def test_a_link_works_the_window_and_another_changes_the_text(loaded_desk: Desk) -> None:
    window = open_lessons(loaded_desk, "depth")
    assert window.text.document().toPlainText().startswith("Depth: one book after the other")
    window.follow(QUrl("do:digit_2"))
    loaded_desk.tick(2)
    QTest.qWait(900)  # a second digit may follow
    assert loaded_desk.ctx.playback.depth == 2
    window.follow(QUrl("lesson:seeing"))
    assert "formants" in window.text.document().toPlainText()
    assert window.keys[window.list.currentRow()] == "seeing"


def test_what_cannot_be_done_now_is_said(desk: Desk) -> None:
    window = open_lessons(desk, "listening")
    window.follow(QUrl("do:toggle_loop"))  # there is no clip
    assert "cannot be done just now" in window.term.text()
    assert window.term.isVisible()


def test_shift_f1_opens_what_the_focused_control_is_about(loaded_desk: Desk) -> None:
    button = QPushButton("P", loaded_desk.window)
    describe(button, "P", "A figure.")
    explain(button, "perplexity")
    button.show()
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_F1, Qt.KeyboardModifier.ShiftModifier)
    (window,) = loaded_desk.window.findChildren(LessonsWindow)
    assert window.keys[window.list.currentRow()] == "statistics"
    assert window.term.text().startswith("Perplexity: ")
    assert len(loaded_desk.window.findChildren(LessonsWindow)) == 1


def test_a_tooltip_gains_the_sentence_of_its_term(loaded_desk: Desk) -> None:
    button = QPushButton("P", loaded_desk.window)
    describe(button, "P", "A figure.")
    assert tooltip_of(button) == "A figure."
    explain(button, "perplexity")
    assert (
        tooltip_of(button)
        == f"A figure.\n\nPerplexity: {lessons.terms()['perplexity'].says}\nShift+F1 opens the lesson."
    )
    button.show()
    QApplication.sendEvent(button, QHelpEvent(QHelpEvent.Type.ToolTip, QPoint(1, 1), button.mapToGlobal(QPoint(1, 1))))
    assert "Perplexity: " in QToolTip.text()
    QToolTip.hideText()


def test_text_grows_and_shrinks_and_is_remembered(desk: Desk, qapp: QApplication) -> None:
    usual = qapp.font().pointSizeF()
    desk.window.run_action("text_larger")
    desk.window.run_action("text_larger")
    assert qapp.font().pointSizeF() == pytest.approx(usual * 1.25)
    qapp.processEvents()
    assert desk.window.messages.font().pointSizeF() == pytest.approx(usual * 1.25)
    assert desk.window.menuBar().font().pointSizeF() == pytest.approx(usual * 1.25)
    desk.window.remember()
    assert desk.ctx.settings.path is not None
    assert load_settings(desk.ctx.settings.path).text_scale == 1.25
    desk.window.run_action("text_smaller")
    assert qapp.font().pointSizeF() == pytest.approx(usual * 1.1)
    desk.window.run_action("text_usual")
    assert qapp.font().pointSizeF() == pytest.approx(usual)
    assert next_scale(SCALES[-1], 1) == SCALES[-1] and next_scale(SCALES[0], -1) == SCALES[0]


def test_the_projector_theme_is_larger_and_black_on_white(make_desk: Callable[..., Desk], qapp: QApplication) -> None:
    usual = qapp.font().pointSizeF()
    desk = make_desk(Settings())
    desk.window.run_action("theme_projector")
    assert qapp.font().pointSizeF() == pytest.approx(usual * PROJECTOR_SCALE)
    colours = qapp.palette()
    assert colours.windowText().color().name() == "#000000" and colours.window().color().name() == "#ffffff"
    desk.window.run_action("theme_light")
    assert qapp.font().pointSizeF() == pytest.approx(usual)
