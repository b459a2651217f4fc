"""Controls one below the other: what each is called, the control, and what stands at its end."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

LabelledRow = tuple[str, QWidget, QWidget | None]


def labelled_grid(rows: Sequence[LabelledRow], widest: str = "") -> QGridLayout:
    """A row without a title has no label, one without an end reaches to it; `widest`: room for this at the ends."""
    grid = QGridLayout()
    for row, (title, widget, end) in enumerate(rows):
        if title:
            label = QLabel(title)
            label.setBuddy(widget)
            grid.addWidget(label, row, 0)
        grid.addWidget(widget, row, 1, 1, 1 if end else 2)
        if end:
            grid.addWidget(end, row, 2)
    grid.setColumnStretch(1, 1)
    if widest and rows:
        grid.setColumnMinimumWidth(2, rows[0][1].fontMetrics().horizontalAdvance(widest))
    return grid
