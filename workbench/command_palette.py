"""Find a command by a few letters of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from workbench.widgets.scroll_bars import flat_scroll_bars


class CommandPalette(QDialog):
    """A line to type into and the actions that fit. Enter runs the chosen one."""

    def __init__(self, parent: QWidget, actions: Sequence[QAction]) -> None:
        super().__init__(parent)
        self.setWindowTitle("Find a command")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._actions = [action for action in actions if action.text() and action.isEnabled()]
        self.line = QLineEdit()
        self.line.setPlaceholderText("Type what you want to do")
        self.line.setAccessibleName("What you want to do")
        self.line.setToolTip("A few letters of a command; Up and Down choose, Enter runs it.")
        self.list = QListWidget()
        flat_scroll_bars(self.list)
        self.list.setAccessibleName("Commands that fit")
        self.list.setToolTip("Enter runs the chosen command.")
        self.list.setUniformItemSizes(True)
        layout = QVBoxLayout(self)
        layout.addWidget(self.line)
        layout.addWidget(self.list)
        self.resize(460, 360)
        self.line.textChanged.connect(self.filter)
        self.line.installEventFilter(self)
        self.list.itemActivated.connect(lambda _item: self.run())
        self.line.returnPressed.connect(self.run)
        self.filter("")

    def filter(self, text: str) -> None:
        """Show the actions that hold every word."""
        words = text.lower().split()
        self.list.clear()
        for action in self._actions:
            shown = action.text().replace("&", "")
            if all(word in f"{shown} {action.toolTip()}".lower() for word in words):
                keys = action.shortcut().toString()
                item = QListWidgetItem(f"{shown}    {keys}" if keys else shown, self.list)
                item.setData(Qt.ItemDataRole.UserRole, action)
                item.setToolTip(action.toolTip())
        self.list.setCurrentRow(0)

    def run(self) -> None:
        """Close, then do the chosen thing."""
        item = self.list.currentItem()
        action: QAction | None = item.data(Qt.ItemDataRole.UserRole) if item else None
        self.accept()
        if action is not None:
            action.trigger()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and Down move through the list while the line keeps the focus."""
        if event.type() == QEvent.Type.KeyPress:
            assert isinstance(event, QKeyEvent)
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step is not None:
                row = min(max(self.list.currentRow() + step, 0), self.list.count() - 1)
                self.list.setCurrentRow(row)
                return True
        return super().eventFilter(watched, event)
