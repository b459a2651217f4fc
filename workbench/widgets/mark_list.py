"""Marks as a list: when, what was heard, and what was noted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from workbench.widgets.controls import claims
from workbench.widgets.scroll_bars import flat_scroll_bars
from workbench.widgets.theme import describe

NOTE = 2  # column


@dataclass(frozen=True)
class MarkRow:
    """One mark as it is shown."""

    id: int
    when: str
    heard: str
    note: str  # what was written; empty: nothing
    title: str  # what it is called


class MarkList(QTableWidget):
    """Enter or a double click jumps, F2 or a click on the note writes, Delete deletes."""

    jumped = Signal(int)  # id of the mark
    named = Signal(int, str)
    deleted = Signal(int)

    def __init__(self) -> None:
        super().__init__(0, 3)
        flat_scroll_bars(self)
        self.rows: tuple[MarkRow, ...] = ()
        self.setHorizontalHeaderLabels(("Time", "Heard", "Note"))
        self.verticalHeader().hide()
        head = self.horizontalHeader()
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        head.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        head.setSectionResizeMode(NOTE, QHeaderView.ResizeMode.Stretch)
        head.setHighlightSections(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.EditKeyPressed | QAbstractItemView.EditTrigger.SelectedClicked
        )
        self.setTabKeyNavigation(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setShowGrid(False)
        self.setWordWrap(False)
        describe(self, "Marks", "Moments you marked: Enter jumps there, F2 writes a note, Delete takes one away.")
        self.itemChanged.connect(self._changed)
        self.cellDoubleClicked.connect(self._double_clicked)

    def set_rows(self, rows: Sequence[MarkRow], at: int | None = None) -> None:
        """What there is; `at`: the id of the mark at the cursor."""
        if tuple(rows) != self.rows:
            chosen = self.chosen_id
            self.rows = tuple(rows)
            self.blockSignals(True)
            self.setRowCount(len(self.rows))
            for place, row in enumerate(self.rows):
                for column, text in enumerate((row.when, row.heard, row.note)):
                    item = QTableWidgetItem(text)
                    item.setToolTip(text or row.title)
                    if column != NOTE:
                        item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                    self.setItem(place, column, item)
            self.resizeRowsToContents()
            self.blockSignals(False)
            self._choose(chosen)
        if at is not None:
            self._choose(at)

    @property
    def chosen_id(self) -> int | None:
        """The mark of the current row."""
        row = self.currentRow()
        return self.rows[row].id if 0 <= row < len(self.rows) else None

    def write_note(self, mark_id: int) -> None:
        """Let the person write what this mark says."""
        self._choose(mark_id)
        item = self.item(self.currentRow(), NOTE)
        if self.chosen_id == mark_id and item is not None:
            self.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.editItem(item)

    def _choose(self, mark_id: int | None) -> None:
        row = next((place for place, row in enumerate(self.rows) if row.id == mark_id), None)
        if row is not None and row != self.currentRow():
            self.setCurrentCell(row, NOTE)

    def _changed(self, item: QTableWidgetItem) -> None:
        if item.column() == NOTE and 0 <= item.row() < len(self.rows):
            self.named.emit(self.rows[item.row()].id, item.text())

    def _double_clicked(self, row: int, _column: int) -> None:
        if 0 <= row < len(self.rows):
            self.jumped.emit(self.rows[row].id)

    def event(self, event: QEvent) -> bool:
        if claims(event, (Qt.Key.Key_Delete, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2)):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        chosen = self.chosen_id
        if self.state() == QAbstractItemView.State.EditingState or chosen is None:
            super().keyPressEvent(event)
        elif event.key() == Qt.Key.Key_Delete:
            self.deleted.emit(chosen)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.jumped.emit(chosen)
        elif event.key() == Qt.Key.Key_F2:
            self.write_note(chosen)
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End):
            super().keyPressEvent(event)
        else:
            event.ignore()  # digits and letters are the window's

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 3 * self.fontMetrics().height())
