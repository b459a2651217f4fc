"""The form of a recipe: a tree of its entries that is written in."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from speefeare_core.training.form import FormRow
from workbench.widgets.controls import claims
from workbench.widgets.entry_editor import ChoiceEditor, LineEditor, editor_for
from workbench.widgets.recipe_model import ENTRY, YOURS, Index, RecipeFilter, RecipeModel
from workbench.widgets.scroll_bars import flat_scroll_bars
from workbench.widgets.theme import describe

_KEYS = Qt.Key
_OWN = (_KEYS.Key_Delete, _KEYS.Key_F2, _KEYS.Key_Return, _KEYS.Key_Enter, _KEYS.Key_Space, _KEYS.Key_Backspace)


class RecipeTree(QTreeView):
    """F2, Enter or a double click writes in an entry, Delete resets it."""

    entry_shown = Signal(object)  # FormRow or None: the current one
    reset_wanted = Signal(str)  # path
    refused = Signal(str, str)  # path, why what was written is not taken

    def __init__(self, model: RecipeModel) -> None:
        super().__init__()
        flat_scroll_bars(self)
        self.recipe = model
        self.filter = RecipeFilter(model)
        self.setModel(self.filter)
        self.setItemDelegate(_Delegate(self))
        self.setAlternatingRowColors(True)
        self.setUniformRowHeights(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.SelectedClicked
        )
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.header().setStretchLastSection(False)
        self.header().setSectionsMovable(False)
        self.setTabKeyNavigation(False)
        describe(
            self, "Recipe", "Every entry of the recipe: F2 or Enter changes the value under Yours, Delete resets it."
        )
        self.selectionModel().currentChanged.connect(lambda now, _before: self.entry_shown.emit(self.filter.entry(now)))
        model.modelReset.connect(self._shape)
        self._shape()

    # -- what is shown ----------------------------------------------------------------------------------------------
    @property
    def entry(self) -> FormRow | None:
        """The entry that the keyboard is at."""
        return self.filter.entry(self.currentIndex())

    @property
    def editing(self) -> bool:
        """Whether an entry is being written in."""
        return self.state() == QAbstractItemView.State.EditingState

    def show_entry(self, path: str) -> bool:
        """Go to an entry; False where there is none, or the filter hides it."""
        index = self.filter.mapFromSource(self.recipe.index_of(path))
        if not index.isValid():
            return False
        self.setCurrentIndex(index)
        self.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)
        return True

    def choose(self, text: str, kind: str) -> None:
        """Search, or show a part; what is left is unfolded where it is little."""
        path = self.entry.path if self.entry else ""
        self.filter.choose(text, kind)
        if text or kind:
            self.expandAll()
        if path:
            self.show_entry(path)

    def _shape(self) -> None:
        """After other entries: all groups open, the columns as wide as there is room."""
        self.expandAll()
        for group in range(self.filter.rowCount()):
            self.setFirstColumnSpanned(group, self.rootIndex(), True)
        self._share_width()

    def _share_width(self) -> None:
        header, metrics = self.header(), QFontMetrics(self.font())
        count = self.recipe.columnCount()
        other = metrics.horizontalAdvance("0.0005, 0.999")
        yours = metrics.horizontalAdvance("10 000 000 steps")
        least = metrics.horizontalAdvance("discriminators · weight x") + self.indentation()
        room = self.viewport().width() - least - yours
        other = max(metrics.horizontalAdvance("official *"), min(other, room // max(1, count - 2)))
        for section in range(count):
            header.setSectionResizeMode(section, QHeaderView.ResizeMode.Interactive)
        taken = 0
        for section in range(1, count):
            width = yours if section == YOURS else other
            header.resizeSection(section, width)
            taken += width
        header.resizeSection(ENTRY, max(least, self.viewport().width() - taken))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_width()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.recipe.palette = self.palette()
            self._share_width()
        super().changeEvent(event)

    # -- keys -------------------------------------------------------------------------------------------------------
    def edit_entry(self) -> None:
        """Write in the current entry."""
        index = self.currentIndex()
        if self.filter.entry(index) is not None:
            self.edit(index.siblingAtColumn(YOURS))

    def event(self, event: QEvent) -> bool:
        if claims(event, _OWN):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()  # of the panel
        elif self.entry is not None and event.key() in (_KEYS.Key_F2, _KEYS.Key_Return, _KEYS.Key_Enter):
            self.edit_entry()
        elif self.entry is not None and event.key() in (_KEYS.Key_Delete, _KEYS.Key_Backspace):
            self.reset_wanted.emit(self.entry.path)
        elif self.entry is None and event.key() in (_KEYS.Key_Space, _KEYS.Key_Return, _KEYS.Key_Enter):
            self.setExpanded(self.currentIndex(), not self.isExpanded(self.currentIndex()))
        else:
            super().keyPressEvent(event)

    def minimumSizeHint(self) -> QSize:
        return QSize(12 * self.fontMetrics().averageCharWidth(), 9 * (self.fontMetrics().height() + 6))


class _Delegate(QStyledItemDelegate):
    """Gives each kind of entry its editor."""

    def __init__(self, tree: RecipeTree) -> None:
        super().__init__(tree)
        self._tree = tree

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        size = super().sizeHint(option, index)
        return QSize(size.width(), max(size.height(), option.fontMetrics.height() + 6))

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        row = self._tree.filter.entry(index)
        if row is None:
            return super().createEditor(parent, option, index)
        editor = editor_for(row, parent)
        if isinstance(editor, ChoiceEditor):
            editor.edited.connect(lambda: self._take(editor))
        return editor

    def _take(self, editor: QWidget) -> None:
        self.commitData.emit(editor)
        self.closeEditor.emit(editor, QStyledItemDelegate.EndEditHint.NoHint)

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        if isinstance(editor, (ChoiceEditor, LineEditor)):
            editor.set_text(str(index.data(Qt.ItemDataRole.EditRole)))
        if isinstance(editor, LineEditor):
            editor.selectAll()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if isinstance(editor, LineEditor) and editor.problem:
            self._tree.refused.emit(editor.row.path, editor.problem)
        elif isinstance(editor, LineEditor):
            model.setData(index, editor.text())
        elif isinstance(editor, ChoiceEditor):
            model.setData(index, editor.text)

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        if isinstance(editor, LineEditor) and event.type() == QEvent.Type.KeyPress:
            assert isinstance(event, QKeyEvent)
            if event.key() in (_KEYS.Key_Up, _KEYS.Key_Down):
                return False  # its own: it steps
        return super().eventFilter(editor, event)
