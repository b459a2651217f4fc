"""The list of training runs: how each stands, how far it is, how long it takes, what it has reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from workbench.widgets.controls import claims
from workbench.widgets.scroll_bars import flat_scroll_bars
from workbench.widgets.theme import describe, mix, theme_of

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
HEADINGS = ("Run", "State", "Progress", "Left", "Mel distance", "Recipe")
TIPS = (
    "The run folder's name.",
    "Whether a process is at it, and what can be done.",
    "The share of the budget that is done, and the step.",
    "How long it will still take at the present pace.",
    "Of the validation clips, before the first step and now: lower is better.",
    "What it was made from.",
)
PROGRESS = 2
MARKS = {
    "running": "▶", "starting": "▷", "queued": "◷", "stopping": "◼", "stopped": "‖", "finished": "✔", "failed": "✖",
    "interrupted": "!", "new": "○",
}  # fmt: skip


@dataclass(frozen=True)
class RunRow:
    """One run as the list shows it."""

    folder: str
    name: str
    state: str  # a key of MARKS
    words: str  # the state in a sentence
    progress: float  # 0..1
    step: str  # "1 200 of 20 000"
    left: str
    distance: str
    recipe: str
    alarms: tuple[str, ...] = ()
    beside: bool = False  # laid over the one that is looked at

    @property
    def texts(self) -> tuple[str, ...]:
        """By HEADINGS."""
        mark = f"{MARKS.get(self.state, '')} {self.state}" + (f" ▲ {len(self.alarms)}" if self.alarms else "")
        return (self.name, mark, self.step, self.left, self.distance, self.recipe)


class RunsModel(QAbstractTableModel):
    """One row a run."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[RunRow, ...] = ()

    def set_rows(self, rows: Sequence[RunRow]) -> None:
        """As it stands now; what did not change is not drawn again."""
        before, self.rows = self.rows, tuple(rows)
        if [row.folder for row in before] != [row.folder for row in self.rows]:
            self.beginResetModel()
            self.endResetModel()
            return
        for number, (old, new) in enumerate(zip(before, self.rows, strict=True)):
            if old != new:
                self.dataChanged.emit(self.index(number, 0), self.index(number, len(HEADINGS) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if role == Role.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        if orientation == Qt.Orientation.Horizontal and role in (Role.DisplayRole, Role.ToolTipRole):
            return (HEADINGS if role == Role.DisplayRole else TIPS)[section]
        return None

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == Role.DisplayRole:
            return row.texts[index.column()]
        if role == Role.AccessibleTextRole:
            return f"{HEADINGS[index.column()]}: {row.texts[index.column()]}"
        if role == Role.ToolTipRole:
            return "\n".join((row.folder, row.words, *row.alarms))
        if role == Role.UserRole:
            return row
        return None


class RunsTable(QTableView):
    """A click, or ↑ and ↓, chooses a run; Enter opens its codec in the workbench."""

    run_chosen = Signal(str)  # folder
    run_wanted = Signal(str)  # folder: Enter or a double click
    stop_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        flat_scroll_bars(self)
        self.runs = RunsModel()
        self.setModel(self.runs)
        self.setItemDelegateForColumn(PROGRESS, _Bar(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.horizontalHeader().setHighlightSections(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        describe(self, "Training runs", "Choose a run with ↑ and ↓; Enter opens its newest codec, Delete stops it.")
        self.selectionModel().currentRowChanged.connect(self._chosen)
        self.doubleClicked.connect(lambda index: self.run_wanted.emit(self.runs.rows[index.row()].folder))
        self._setting = False

    def set_rows(self, rows: Sequence[RunRow], chosen: str) -> None:
        """As it stands now, and which is chosen."""
        self._setting = True
        self.runs.set_rows(rows)
        number = next((i for i, row in enumerate(self.runs.rows) if row.folder == chosen), -1)
        if number != self.currentIndex().row():
            if number < 0:
                self.clearSelection()
                self.setCurrentIndex(QModelIndex())
            else:
                self.selectRow(number)
                self.scrollTo(self.currentIndex())
        self._setting = False
        self._share_width()

    def _chosen(self, now: Index, _before: Index) -> None:
        if now.isValid() and not self._setting:
            self.run_chosen.emit(self.runs.rows[now.row()].folder)

    def _share_width(self) -> None:
        header, metrics = self.horizontalHeader(), QFontMetrics(self.font())
        least = [metrics.horizontalAdvance(f" {name} ") + 10 for name in HEADINGS]
        for row in self.runs.rows[:200]:
            wide = (metrics.horizontalAdvance(text) + 14 for text in row.texts)
            least = [max(a, b) for a, b in zip(least, wide, strict=True)]
        least[0] = min(least[0], 30 * metrics.averageCharWidth())
        least[PROGRESS] = max(least[PROGRESS], 18 * metrics.averageCharWidth())
        room = self.viewport().width()
        shown = list(range(len(HEADINGS)))
        for column in (5, 4):  # what the tooltip or the panel of the run says as well
            if sum(least[i] for i in shown) > room:
                shown.remove(column)
        spare = max(0, room - sum(least[i] for i in shown))
        for column in range(len(HEADINGS)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            self.setColumnHidden(column, column not in shown)
            extra = spare * 2 // 3 if column == PROGRESS else spare // 3 if column == 0 else 0
            self.setColumnWidth(column, least[column] + extra)
        self.verticalHeader().setDefaultSectionSize(metrics.height() + 8)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_width()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._share_width()

    def event(self, event: QEvent) -> bool:
        if claims(event, (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Delete)):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if index.isValid() and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.run_wanted.emit(self.runs.rows[index.row()].folder)
        elif index.isValid() and event.key() == Qt.Key.Key_Delete:
            self.stop_wanted.emit(self.runs.rows[index.row()].folder)
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(400, 7 * (self.fontMetrics().height() + 8))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 4 * (self.fontMetrics().height() + 8))


class _Bar(QStyledItemDelegate):
    """The share of the budget as a bar, with words on it."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: RunRow = index.data(Role.UserRole)
        self.initStyleOption(option, index)
        option.text = ""
        widget = option.widget
        assert widget is not None
        widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, widget)
        theme, box = theme_of(option.palette), QRectF(option.rect).adjusted(4, 3, -4, -3)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        colour = theme.problem if row.state == "failed" else theme.good if row.state == "finished" else theme.accent
        painter.save()
        painter.fillRect(box, mix(theme.background, theme.text, 0.08))
        done = QRectF(box.left(), box.top(), box.width() * row.progress, box.height())
        painter.fillRect(done, mix(theme.background, colour, 0.45))
        painter.fillRect(QRectF(done.left(), done.bottom() - 3, done.width(), 3), colour)
        if selected:
            painter.setPen(option.palette.color(QPalette.ColorRole.HighlightedText))
            painter.drawRect(box)
        painter.setPen(theme.text)
        percent = f"{100 * row.progress:.0f} %" if row.progress else ""
        text = " · ".join(filter(None, (percent, row.step)))
        text = option.fontMetrics.elidedText(text, Qt.TextElideMode.ElideRight, round(box.width()) - 8)
        painter.drawText(box.adjusted(5, 0, -3, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        painter.restore()
