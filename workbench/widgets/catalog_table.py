"""The catalog as a table: a model of its rows, and a filter by words and family."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)

from speefeare_core.catalog import Entry, OnDisk
from speefeare_core.catalog.words import STATES, books_words, rate_words, size_words
from speefeare_core.codecs import FAMILIES

Index = QModelIndex | QPersistentModelIndex
SORT_ROLE = Qt.ItemDataRole.UserRole
ORDER = {"complete": 0, "elsewhere": 1, "partial": 2, "absent": 3}


def family_title(entry: Entry) -> str:
    """The family, for people."""
    return FAMILIES[entry.family].title if entry.family in FAMILIES else entry.family


# Heading, text, what it is sorted by.
_COLUMNS: tuple[tuple[str, Callable[[Entry], str], Callable[[Entry], Any]], ...] = (
    ("Name", lambda entry: entry.name, lambda entry: entry.name),
    ("Family", family_title, family_title),
    ("Rate", rate_words, lambda entry: entry.rate_hz),
    ("Books and bitrates", books_words, lambda entry: -1 if entry.books is None else entry.books),
    ("Size", size_words, lambda entry: entry.expected_bytes),
    ("Licence", lambda entry: entry.licence, lambda entry: entry.licence),
)
STATE_COLUMN = len(_COLUMNS)


class CatalogModel(QAbstractTableModel):
    """One row an entry. `found` says where it is; `busy` is shown instead while something is done to it."""

    def __init__(self, entries: Sequence[Entry], found: dict[str, OnDisk]) -> None:
        super().__init__()
        self.entries = tuple(entries)
        self._found = dict(found)
        self._busy: dict[str, str] = {}
        self._rows = {entry.name: row for row, entry in enumerate(self.entries)}

    def found(self, name: str) -> OnDisk:
        """Where an entry is, as last told."""
        return self._found[name]

    def set_found(self, name: str, found: OnDisk) -> None:
        """It is somewhere else now."""
        self._found[name] = found
        self._changed(name)

    def set_busy(self, name: str, words: str) -> None:
        """What is being done to it; empty: nothing."""
        if words != self._busy.get(name, ""):
            self._busy[name] = words
            self._changed(name)

    def _changed(self, name: str) -> None:
        if name in self._rows:
            index = self.index(self._rows[name], STATE_COLUMN)
            self.dataChanged.emit(index, index)

    def texts(self) -> list[list[str]]:
        """Heading and texts of every column but that of the state."""
        return [[heading, *(words(entry) for entry in self.entries)] for heading, words, _ in _COLUMNS]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.entries)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else STATE_COLUMN + 1

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _COLUMNS[section][0] if section < STATE_COLUMN else "On this computer"
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry, column = self.entries[index.row()], index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return _COLUMNS[column][1](entry) if column < STATE_COLUMN else self._state_words(entry)
        if role == SORT_ROLE:
            state = ORDER[self._found[entry.name].state]
            return _COLUMNS[column][2](entry) if column < STATE_COLUMN else state
        if role == Qt.ItemDataRole.ToolTipRole:
            return entry.title if column < STATE_COLUMN else str(self._found[entry.name].path or "")
        return None

    def _state_words(self, entry: Entry) -> str:
        return self._busy.get(entry.name) or STATES[self._found[entry.name].state]


class CatalogFilter(QSortFilterProxyModel):
    """Rows that hold every word, of one family or of all; sorted by values, not by texts."""

    def __init__(self, model: CatalogModel) -> None:
        super().__init__()
        self._model = model
        self._words: tuple[str, ...] = ()
        self._family = ""
        self.setSourceModel(model)
        self.setSortRole(SORT_ROLE)

    def choose(self, text: str, family: str) -> None:
        """Show the rows that fit."""
        self.beginFilterChange()
        self._words, self._family = tuple(text.lower().split()), family
        self.endFilterChange()

    def entry(self, index: Index) -> Entry | None:
        """The entry of a row of this filter."""
        return self._model.entries[self.mapToSource(index).row()] if index.isValid() else None

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        entry = self._model.entries[source_row]
        if self._family not in ("", entry.family):
            return False
        fields = (entry.name, entry.title, family_title(entry), entry.licence, entry.paper, rate_words(entry))
        state = STATES[self._model.found(entry.name).state]
        text = " ".join((*fields, *entry.remarks, state)).lower()
        return all(word in text for word in self._words)
