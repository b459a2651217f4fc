"""The list of all keys."""

from __future__ import annotations

from PySide6.QtWidgets import QTextBrowser

from tests.app.shell.conftest import Desk
from workbench.actions import ACTIONS
from workbench.panels import PANELS
from workbench.shortcuts import PANEL_KEYS, sections


def test_every_key_of_the_tables_is_in_the_list_once() -> None:
    listed = [(keys, text) for _, rows in sections(PANELS) for keys, text, _ in rows]
    for row in ACTIONS:
        digits = row.shortcut.removeprefix("Alt+").isdigit() and row.shortcut != "Alt+0"
        if row.shortcut and not digits:
            assert listed.count((row.shortcut, row.text.rstrip("…"))) == 1, row.key
    for info in PANELS:
        assert (info.shortcut, info.title) in listed
    assert set(PANEL_KEYS) <= {info.key for info in PANELS}


def test_the_list_is_a_page_that_scrolls(loaded_desk: Desk) -> None:
    loaded_desk.window.run_action("show_shortcuts")
    (dialog,) = [child for child in loaded_desk.window.children() if getattr(child, "windowTitle", str)() == "Keys"]
    text = dialog.findChild(QTextBrowser).toPlainText()
    assert "Freeze" in text.title() and "Ctrl+O" in text and "Lasso" in text
    dialog.close()
