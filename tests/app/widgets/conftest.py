"""Widgets are shown at a known size with a known palette, and go with the test."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from workbench.theme import apply_theme

Show = Callable[..., QWidget]


@pytest.fixture
def show(qtbot: QtBot, qapp: QApplication) -> Show:
    """Shows a widget at a size (800 x 300 unless told) in the light theme."""
    apply_theme(qapp, "light")

    def build(widget: QWidget, width: int = 800, height: int = 300) -> QWidget:
        qtbot.addWidget(widget)
        widget.resize(width, height)
        widget.show()
        qapp.processEvents()
        return widget

    return build
