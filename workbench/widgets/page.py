"""A page of a tabbed panel: a row of controls over the one thing that it shows."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget


class Page(QWidget):
    """Filled once, by `fill`."""

    def fill(self, head: QWidget | None, body: QWidget) -> None:
        """`body` has the room that `head` leaves."""
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.setSpacing(3)
        if head is not None:
            column.addWidget(head)
        column.addWidget(body, 1)


def row_of(*widgets: QWidget) -> QWidget:
    """Controls side by side, all equally wide."""
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        line.addWidget(widget, 1)
    return row
