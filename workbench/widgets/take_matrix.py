"""Codecs beside each other, their versions below each other: every cell can be heard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from workbench.widgets.scroll_bars import flat_scroll_bars
from workbench.widgets.take_cell import MatrixCell, MatrixColumn, paint_cell, paint_head
from workbench.widgets.theme import Theme, describe, theme_of

Index = QModelIndex | QPersistentModelIndex
LEAST_WIDTH = 9  # of a column, in letters "m"
COMMON_WORDS = "10.00 kbps · +10.0 dB"  # should fit into a line, or two lines are kept for them
TALLEST = 4.4  # of a row, in lines of text


class MatrixModel(QAbstractTableModel):
    """What the table shows."""

    def __init__(self) -> None:
        super().__init__()
        self.columns: tuple[MatrixColumn, ...] = ()
        self.heard: int | None = None

    def set_columns(self, columns: tuple[MatrixColumn, ...]) -> bool:
        """Other cells; whether rows or columns came or went."""
        before, self.columns = self.columns, columns
        if [len(column.cells) for column in before] != [len(column.cells) for column in columns]:
            self.beginResetModel()
            self.endResetModel()
            return True
        if before != columns and columns:
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, len(columns) - 1))
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(columns) - 1)
        return False

    def cell(self, index: Index) -> MatrixCell | None:
        """The version of a cell, where there is one."""
        if not 0 <= index.column() < len(self.columns):
            return None
        cells = self.columns[index.column()].cells
        return cells[index.row()] if 0 <= index.row() < len(cells) else None

    def index_of(self, number: int | None) -> QModelIndex:
        """Where a version stands; not valid: nowhere."""
        for at, column in enumerate(self.columns):
            for row, cell in enumerate(column.cells):
                if cell.number == number:
                    return self.index(row, at)
        return QModelIndex()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else max((len(column.cells) for column in self.columns), default=0)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self.cell(index) is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.columns[section].tip
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        cell = self.cell(index)
        if cell is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return cell.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            heard = ", heard now" if cell.number == self.heard else ""
            picked = ", picked for blind trials" if cell.picked else ""
            return ", ".join((cell.name or cell.title, *cell.lines)) + picked + heard
        if role == Qt.ItemDataRole.ToolTipRole:
            return " · ".join((cell.name or cell.title, *cell.lines))
        return None


class _CellDelegate(QStyledItemDelegate):
    """Paints cells as buttons."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        view = self.parent()
        assert isinstance(view, TakeMatrix)
        cell = view.table.cell(index)
        if cell is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(view.font())
        focus = view.hasFocus() and view.currentIndex() == index
        box = QRectF(option.rect).adjusted(2.5, 2.5, -2.5, -2.5)
        paint_cell(painter, box, cell, theme_of(view.palette()), cell.number == view.table.heard, focus)
        painter.restore()


class _Heads(QHeaderView):
    """Names of the codecs, each with the shape and colour it has in the plots."""

    def __init__(self, table: MatrixModel) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._table = table
        self.setSectionsClickable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        theme = theme_of(self.palette())
        column = self._table.columns[section]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(rect, theme.background)
        heard = any(cell.number == self._table.heard for cell in column.cells)
        font = QFont(self.font())
        font.setBold(heard)
        painter.setFont(font)
        paint_head(painter, QRectF(rect), column, theme)
        painter.restore()

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), round(self.fontMetrics().height() * 1.5))


class TakeMatrix(QTableView):
    """`chosen(number)` when a person clicks a cell or moves to it by the arrow keys; the state decides what is shown.

    A click on the head of a column asks for the same row of that codec (`head_pressed`).
    """

    chosen = Signal(int)  # number of a take
    head_pressed = Signal(int)  # column

    def __init__(self) -> None:
        super().__init__()
        flat_scroll_bars(self)
        self.table = MatrixModel()
        self.setModel(self.table)
        self.setItemDelegate(_CellDelegate(self))
        self.setHorizontalHeader(_Heads(self.table))
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setMinimumSectionSize(20)
        self.verticalHeader().setMinimumSectionSize(12)
        self.setShowGrid(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        describe(
            self,
            "Versions to hear",
            "One column a codec, one row a depth; click a version to hear it from the same sample on.",
        )
        self.horizontalHeader().sectionClicked.connect(self.head_pressed)

    def set_columns(self, columns: Sequence[MatrixColumn], heard: int | None) -> None:
        """What can be heard, and what is (None: nothing of it)."""
        moved = heard != self.table.heard
        self.table.heard = heard
        rebuilt = self.table.set_columns(tuple(columns))
        self.horizontalHeader().setVisible(len(columns) > 1)
        if rebuilt:
            self._share_room()
        if moved or rebuilt:
            index = self.table.index_of(heard)
            if index.isValid():
                self.setCurrentIndex(index)
                self.scrollTo(index)
        self.viewport().update()
        self.horizontalHeader().viewport().update()

    def _share_room(self) -> None:
        """Columns share the width, rows the height, within what can be read."""
        metrics, count, rows = self.fontMetrics(), self.table.columnCount(), self.table.rowCount()
        if not count or not rows:
            return
        least = LEAST_WIDTH * metrics.horizontalAdvance("m")
        for column in range(count):
            edge = self.viewport().width() * (column + 1) // count - self.viewport().width() * column // count
            self.setColumnWidth(column, max(least, edge))
        wide = self.viewport().width() // count >= 24 * metrics.height()
        roomy = max(least, self.viewport().width() // count) >= metrics.horizontalAdvance(COMMON_WORDS) + 18
        lowest = round(metrics.height() * (1.9 if wide else 2.9 if roomy else 3.9))
        height = min(max(lowest, self.viewport().height() // rows), round(TALLEST * metrics.height()))
        self.verticalHeader().setDefaultSectionSize(height)

    def least_figure_height(self) -> int:
        """So that the rows of a figure can be read."""
        return round(self.fontMetrics().height() * (1.6 + 1.9 * max(1, self.table.rowCount())))

    def paint_figure(self, painter: QPainter, area: QRect | QRectF, theme: Theme) -> None:
        """All cells into `area`, also those out of sight, for print."""
        rect = QRectF(area)
        columns, rows = self.table.columns, max(1, self.table.rowCount())
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(rect, theme.background)
        line = painter.fontMetrics().height()
        font = QFont(painter.font())
        for at, column in enumerate(columns):
            width = rect.width() / len(columns)
            left = rect.left() + at * width
            paint_head(painter, QRectF(left, rect.top(), width, 1.6 * line), column, theme)
            height = (rect.height() - 1.6 * line) / rows
            for row, cell in enumerate(column.cells):
                painter.setFont(font)
                box = QRectF(left, rect.top() + 1.6 * line + row * height, width, height).adjusted(2, 2, -2, -2)
                paint_cell(painter, box, cell, theme, cell.number == self.table.heard, False)
            painter.setFont(font)
        painter.restore()

    # -- hand and keys ----------------------------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self.table.cell(self.indexAt(event.position().toPoint()))
        if cell is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(cell.number)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)  # two quick clicks are two clicks

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            cell = self.table.cell(self.currentIndex())
            if cell is not None:
                self.chosen.emit(cell.number)
            return
        before = self.currentIndex()
        moves = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End)
        if event.key() not in (*moves, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            event.ignore()  # the window's
            return
        super().keyPressEvent(event)
        cell = self.table.cell(self.currentIndex())
        if cell is not None and self.currentIndex() != before:
            self.chosen.emit(cell.number)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._share_room()

    def sizeHint(self) -> QSize:
        return QSize(300, 240)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 6 * self.fontMetrics().height())
