"""Widgets beside each other."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget


def line_of(*widgets: QWidget | None, stretch: int = -1) -> QHBoxLayout:
    """Widgets beside each other; None takes the room that is left."""
    line = QHBoxLayout()
    line.setContentsMargins(0, 0, 0, 0)
    for number, widget in enumerate(widgets):
        if widget is None:
            line.addStretch(1)
        else:
            line.addWidget(widget, 1 if number == stretch else 0)
    return line
