"""The controls of Live: the buttons on top, groups below that scroll, in as many columns as there is room for."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from workbench.widgets.scroll_bars import flat_scroll_bars

WIDTH = 58  # of a column, in average letters
GAP = 10  # between two columns


class LiveColumn(QWidget):
    """One column beside the views; two where the panel is flat and wide."""

    def __init__(self, head: QWidget, groups: Sequence[QWidget]) -> None:
        super().__init__()
        self.groups = tuple(groups)
        self.columns = 0
        inside = QWidget()
        self._row = QHBoxLayout(inside)
        self._row.setContentsMargins(0, 0, 4, 0)
        self._row.setSpacing(0)
        self._stacks = [QVBoxLayout(), QVBoxLayout()]
        for stack in self._stacks:
            stack.setSpacing(4)
            self._row.addLayout(stack)
        self.scroll = QScrollArea()
        flat_scroll_bars(self.scroll)
        self.scroll.setWidgetResizable(True)
        self.scroll.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # coming and going, it would jump
        self.scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.scroll.setWidget(inside)
        self._inside = inside
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Expanding)
        self._wide = self._least = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(head)
        column.addWidget(self.scroll, 1)
        self._set_columns(1)

    def fit(self, room: QSize) -> None:
        """Choose the number of columns for a panel of this size."""
        bar = self.scroll.verticalScrollBar().sizeHint().width() + 6
        one = max(WIDTH * self.fontMetrics().averageCharWidth(), *(g.minimumSizeHint().width() for g in self.groups))
        flat = room.height() < 480 and room.width() > 3.2 * one
        self._set_columns(2 if flat else 1)
        self._stacks[1].setContentsMargins(GAP if flat else 0, 0, 0, 0)
        wide = one * self.columns + bar + (GAP if flat else 0)
        if (wide, one + bar) != (self._wide, self._least):
            self._wide, self._least = wide, one + bar
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(self._wide, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(self._least, super().minimumSizeHint().height())

    def _set_columns(self, columns: int) -> None:
        if columns == self.columns:
            return
        self.columns = columns
        for stack in self._stacks:
            for group in self.groups:  # not taken out: the item would stay alive, and the new one's sizes stale
                stack.removeWidget(group)
            while stack.count():
                stack.takeAt(0)
        half = -(-len(self.groups) // columns)
        for index, group in enumerate(self.groups):
            self._stacks[index // half].addWidget(group)
        for index, stack in enumerate(self._stacks):
            self._row.setStretch(index, int(index < columns))
            if index < columns:
                stack.addStretch(1)
