"""The edits one below the other, in the order in which they are done."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidget

from workbench.widgets.controls import claims
from workbench.widgets.scroll_bars import flat_scroll_bars
from workbench.widgets.theme import describe

_REMOVE = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
_OWN = (
    *_REMOVE,
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
    Qt.Key.Key_Return,
    Qt.Key.Key_Enter,
)


class EditListView(QListWidget):
    """One line an edit. Enter (or a double click) selects its cells, Delete removes it."""

    remove_pressed = Signal(int)
    opened = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        flat_scroll_bars(self)
        describe(self, "Edits", "What was done, in this order. Enter selects the cells of an edit, Del removes it.")
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.itemDoubleClicked.connect(lambda _item: self.opened.emit(self.currentRow()))

    @property
    def lines(self) -> tuple[str, ...]:
        """What is shown."""
        return tuple(self.item(index).text() for index in range(self.count()))

    def set_lines(self, lines: Sequence[str]) -> None:
        """Other edits; a new last one is chosen."""
        if tuple(lines) == self.lines:
            return
        row = self.currentRow()
        grown = len(lines) > self.count()
        self.clear()
        self.addItems(list(lines))
        for index, line in enumerate(lines):
            self.item(index).setToolTip(line)
        self.setCurrentRow(len(lines) - 1 if grown else min(row, len(lines) - 1))

    def event(self, event: QEvent) -> bool:
        if claims(event, _OWN):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _REMOVE and self.currentRow() >= 0:
            self.remove_pressed.emit(self.currentRow())
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentRow() >= 0:
            self.opened.emit(self.currentRow())
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(220, 4 * self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 2 * self.fontMetrics().height())
