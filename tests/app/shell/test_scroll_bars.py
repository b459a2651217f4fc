"""Every list and page of the window has the flat scroll bars."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHeaderView, QScrollBar

from tests.app.shell.conftest import Desk
from workbench.widgets.scroll_bars import ScrollBar


def test_every_scrolled_part_of_the_window_has_them(loaded_desk: Desk) -> None:
    bars = loaded_desk.window.findChildren(QScrollBar)
    assert len(bars) > 10
    styled = [bar.parent().parent() for bar in bars if not isinstance(bar, ScrollBar)]
    # A list that a choice opens is the style's; the head of a table never has bars.
    others = [area for area in styled if not isinstance(area, QHeaderView) and not isinstance(area.window(), QFrame)]
    assert not others, [(type(area).__name__, type(area.parent()).__name__) for area in others]
