"""Widgets are shown at a known size with a known palette, and go with the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from tests.app.widgets.pictures import delete_now
from workbench.theme import apply_theme

Show = Callable[..., QWidget]


@pytest.fixture
def show(qapp: QApplication) -> Iterator[Show]:
    """Shows a widget at a size (800 x 300 unless told) in the light theme."""
    apply_theme(qapp, "light")
    shown: list[QWidget] = []

    def build(widget: QWidget, width: int = 800, height: int = 300) -> QWidget:
        shown.append(widget)
        widget.resize(width, height)
        widget.show()
        qapp.processEvents()
        return widget

    yield build
    delete_now(*shown)
