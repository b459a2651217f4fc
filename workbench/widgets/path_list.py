"""A short list of paths, with what is known of each beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from workbench.widgets.controls import claims
from workbench.widgets.scroll_bars import flat_scroll_bars
from workbench.widgets.theme import describe

ROWS = 3  # that are seen without scrolling


class PathList(QListWidget):
    """Delete takes the chosen path out, Enter asks for more about it."""

    remove_wanted = Signal(str)
    more_wanted = Signal(str)
    dropped = Signal(str)  # a path that was dropped on it

    def __init__(self, name: str, tip: str) -> None:
        super().__init__()
        flat_scroll_bars(self)
        describe(self, name, tip)
        self.setAcceptDrops(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.itemActivated.connect(lambda item: self.more_wanted.emit(str(item.data(Qt.ItemDataRole.UserRole))))

    def set_paths(self, paths: Sequence[str], words: Mapping[str, str]) -> None:
        """These paths, each with its words (empty: nothing is known)."""
        chosen = self.chosen
        self.clear()
        for path in paths:
            item = QListWidgetItem(f"{path}   {words[path]}" if words.get(path) else path)
            item.setData(Qt.ItemDataRole.UserRole, path)
            item.setToolTip("\n".join(filter(None, (path, words.get(path, "")))))
            self.addItem(item)
            if path == chosen:
                self.setCurrentItem(item)

    @property
    def chosen(self) -> str:
        """The path that the keyboard is at; of a single one, that."""
        item = self.currentItem() or (self.item(0) if self.count() == 1 else None)
        return str(item.data(Qt.ItemDataRole.UserRole)) if item is not None else ""

    def event(self, event: QEvent) -> bool:
        if claims(event, (Qt.Key.Key_Delete, Qt.Key.Key_Return, Qt.Key.Key_Enter)):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete and self.chosen:
            self.remove_wanted.emit(self.chosen)
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.dropped.emit(url.toLocalFile())

    def sizeHint(self) -> QSize:
        return QSize(200, ROWS * (self.fontMetrics().height() + 4) + 6)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 2 * (self.fontMetrics().height() + 4) + 6)
