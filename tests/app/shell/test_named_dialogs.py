"""Every control of every dialog has a name that a screen reader can say."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QDialog, QDialogButtonBox, QScrollBar, QTabBar, QWidget

from tests.app.shell.conftest import Desk

OPENS = (
    "show_lessons", "show_palette", "show_shortcuts", "show_about", "open_catalog", "export_figures", "export_video",
)  # fmt: skip
PASSIVE = (QScrollBar, QTabBar, QDialogButtonBox)


@pytest.mark.parametrize("key", OPENS)
def test_every_control_of_a_dialog_has_a_name(loaded_desk: Desk, key: str) -> None:
    before = set(loaded_desk.window.findChildren(QDialog))
    assert loaded_desk.window.run_action(key)
    loaded_desk.tick(2)
    opened = [dialog for dialog in loaded_desk.window.findChildren(QDialog) if dialog not in before]
    assert opened
    nameless = []
    for dialog in opened:
        for widget in dialog.findChildren(QWidget):
            passive = isinstance(widget, PASSIVE) or widget.objectName().startswith("qt_")
            if passive or not widget.focusPolicy() & Qt.FocusPolicy.TabFocus or not widget.isVisibleTo(dialog):
                continue
            text = widget.text() if isinstance(widget, QAbstractButton) else ""
            if not (widget.accessibleName() or text):
                nameless.append(f"{type(widget).__name__} of {dialog.windowTitle()}")
        dialog.close()
    assert nameless == []
