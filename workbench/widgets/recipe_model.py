"""A recipe as a tree: its entries in groups, the values that are set, and those of the family's other recipes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt
from PySide6.QtGui import QFont, QPalette

from speefeare_core.training.columns import ASIDE
from speefeare_core.training.form import FormRow, text_of
from workbench.widgets.entry_editor import tip_of
from workbench.widgets.theme import theme_of

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
ENTRY, YOURS = 0, 1  # columns; those of other recipes follow
NOT_THERE = object()


@dataclass(frozen=True)
class Column:
    """One of the family's recipes: its values by path, and why they are so."""

    title: str
    values: Mapping[str, Any]
    reasons: Mapping[str, str] = field(default_factory=dict)
    marked: frozenset[str] = frozenset()  # paths with a reason of their own
    tip: str = ""


class RecipeModel(QAbstractItemModel):
    """Groups at the top, entries below them. `change(path, text)` is asked when a person has written a value."""

    def __init__(self, change: Callable[[FormRow, str], None]) -> None:
        super().__init__()
        self.groups: list[tuple[str, list[FormRow]]] = []
        self.yours: Mapping[str, Any] = {}
        self.changed_paths: frozenset[str] = frozenset()
        self.columns: tuple[Column, ...] = ()
        self.palette = QPalette()
        self._wholes: set[str] = set()  # entries whose parts are entries too
        self._change = change
        self._bold = QFont()
        self._bold.setBold(True)

    # -- what is shown ----------------------------------------------------------------------------------------------
    def set_rows(self, rows: Sequence[FormRow], columns: Sequence[Column]) -> None:
        """Other entries."""
        self.beginResetModel()
        groups: dict[str, list[FormRow]] = {}
        for row in rows:
            groups.setdefault(row.group, []).append(row)
        self.groups, self.columns = list(groups.items()), tuple(columns)
        paths = [row.path for row in rows]
        self._wholes = {path for path in paths if any(other.startswith(f"{path}.") for other in paths)}
        self.endResetModel()

    def set_values(self, values: Mapping[str, Any], changed: frozenset[str]) -> None:
        """Other values of the same entries."""
        before, was_changed = self.yours, self.changed_paths
        self.yours, self.changed_paths = values, changed
        last = self.columnCount() - 1
        for number, (_, rows) in enumerate(self.groups):
            group, moved = self.index(number, 0), False
            for place, row in enumerate(rows):
                if before.get(row.path) != values.get(row.path) or (row.path in was_changed) != (row.path in changed):
                    moved = True
                    self.dataChanged.emit(self.index(place, 0, group), self.index(place, last, group))
            if moved:
                self.dataChanged.emit(group, self.index(number, last))

    def paths(self) -> tuple[str, ...]:
        """Of all entries."""
        return tuple(row.path for _, rows in self.groups for row in rows)

    def row_at(self, index: Index) -> FormRow | None:
        """The entry at an index; None for a group."""
        if not index.isValid() or not index.internalId():
            return None
        return self.groups[index.internalId() - 1][1][index.row()]

    def index_of(self, path: str) -> QModelIndex:
        """Where an entry stands; invalid where it is not."""
        for number, (_, rows) in enumerate(self.groups):
            for place, row in enumerate(rows):
                if row.path == path:
                    return self.index(place, YOURS, self.index(number, 0))
        return QModelIndex()

    def differs(self, row: FormRow) -> bool:
        """Whether the family's recipes do not agree on an entry that makes a recipe what it is."""
        if row.path in self._wholes or any(f"{row.path}.".startswith(f"{aside}.") for aside in ASIDE):
            return False
        texts = {_said(column.values.get(row.path, NOT_THERE)) for column in self.columns if column.values}
        return len(texts) > 1

    # -- QAbstractItemModel -----------------------------------------------------------------------------------------
    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        if parent.isValid():
            return self.createIndex(row, column, parent.row() + 1)
        return self.createIndex(row, column, 0)

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override] # noqa: B008
        if not index.isValid() or not index.internalId():
            return QModelIndex()
        return self.createIndex(index.internalId() - 1, 0, 0)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        if not parent.isValid():
            return len(self.groups)
        return 0 if parent.internalId() or parent.column() else len(self.groups[parent.row()][1])

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 2 + len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Role.DisplayRole:
            return ("Entry", "Yours")[section] if section < 2 else self.columns[section - 2].title
        if role == Role.ToolTipRole:
            own = ("What can be set.", "What your run uses: double-click, or F2, to change it; Delete resets it.")
            return own[section] if section < 2 else self.columns[section - 2].tip
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == YOURS and self.row_at(index) else flags

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        row = self.row_at(index)
        if row is None:
            return self._group_data(index, role)
        if role in (Role.DisplayRole, Role.EditRole):
            return self._text(row, index.column(), role == Role.EditRole)
        if role == Role.AccessibleTextRole:
            return f"{row.title}: {self._text(row, index.column(), False)}"
        if role == Role.ToolTipRole:
            return self._tip(row, index.column())
        if role == Role.FontRole and self._stands_out(row, index.column()):
            return self._bold
        if role == Role.ForegroundRole and index.column() > YOURS and not self._stands_out(row, index.column()):
            return theme_of(self.palette).muted
        return None

    def _group_data(self, index: Index, role: int) -> Any:
        if not index.isValid():
            return None
        name, rows = self.groups[index.row()]
        if role in (Role.DisplayRole, Role.AccessibleTextRole) and index.column() == ENTRY:
            changed = [row.path for row in rows if row.path in self.changed_paths]
            # A term and its weight are one change.
            count = sum(not any(other.startswith(f"{path}.") for other in changed) for path in changed)
            return f"{name} · {count} changed" if count else name
        return self._bold if role == Role.FontRole else None

    def _text(self, row: FormRow, column: int, plain: bool) -> str:
        if column == ENTRY:
            return f"{'● ' if row.path in self.changed_paths else ''}{row.title}"
        if column == YOURS:
            text = text_of(self.yours.get(row.path))
            unit = f" {row.help.unit}" if row.help.unit and text and not plain else ""
            return text + unit if text or plain else "none"
        values = self.columns[column - 2].values
        reason = " *" if row.path in self.columns[column - 2].marked else ""
        return f"{_said(values.get(row.path, NOT_THERE))}{reason}"

    def _stands_out(self, row: FormRow, column: int) -> bool:
        """What is changed, and what another recipe has otherwise than yours."""
        if column <= YOURS:
            return row.path in self.changed_paths
        values = self.columns[column - 2].values
        return bool(values) and _said(values.get(row.path, NOT_THERE)) != _said(self.yours.get(row.path))

    def _tip(self, row: FormRow, column: int) -> str:
        if column > YOURS and row.path in self.columns[column - 2].reasons:
            return str(self.columns[column - 2].reasons[row.path])
        return tip_of(row)

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        row = self.row_at(index)
        if row is None or role != Role.EditRole or index.column() != YOURS:
            return False
        if str(value) != self._text(row, YOURS, True):
            self._change(row, str(value))
        return True


class RecipeFilter(QSortFilterProxyModel):
    """Entries that hold every word in their name, explanation or value; all, the changed, or those that differ."""

    def __init__(self, model: RecipeModel) -> None:
        super().__init__()
        self._model, self._words, self._kind = model, (), ""
        self.setSourceModel(model)

    def choose(self, text: str, kind: str = "") -> None:
        """Show what fits; kind "changed" or "differs", or empty for all."""
        self.beginFilterChange()
        self._words, self._kind = tuple(text.lower().split()), kind
        self.endFilterChange()

    def refilter(self) -> None:
        """Values have changed."""
        if self._kind == "changed":
            self.choose(" ".join(self._words), self._kind)

    def entry(self, index: Index) -> FormRow | None:
        """The entry at an index of this filter."""
        return self._model.row_at(self.mapToSource(index))

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        if not source_parent.isValid():
            return any(self._accepts(row) for row in self._model.groups[source_row][1])
        row = self._model.row_at(self._model.index(source_row, 0, source_parent))
        return row is not None and self._accepts(row)

    def _accepts(self, row: FormRow) -> bool:
        if self._kind == "changed" and row.path not in self._model.changed_paths:
            return False
        if self._kind == "differs" and not self._model.differs(row):
            return False
        if not self._words:
            return True
        said = (row.path, row.path.replace("_", " "), row.group, row.help.help, _said(self._model.yours.get(row.path)))
        text = " ".join(said).lower()
        return all(word in text for word in self._words)


def _said(value: Any) -> str:
    return "—" if value is NOT_THERE else text_of(value) or "none"
