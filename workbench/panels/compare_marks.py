"""The page of Compare that lists the marks of the clip: set, named, jumped to, taken away."""

from __future__ import annotations

from PySide6.QtCore import Signal

from workbench.context import Context
from workbench.panels.compare_view import mark_rows
from workbench.verbs import marks
from workbench.widgets.controls import Button, in_tab_order
from workbench.widgets.mark_list import MarkList
from workbench.widgets.page import Page, row_of


class MarksPage(Page):
    """Buttons over the list; `counted` tells the number of marks whenever they are shown anew."""

    counted = Signal(int)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.list = MarkList()
        self.mark = Button("Mark", "Set a mark", "Set a mark at the cursor (K); N writes a note there.")
        self.mark_loop = Button("Mark the loop", "Mark the loop", "Set a mark over the loop region (Shift+K).")
        self.delete = Button("Delete", "Delete mark", "Take away the mark chosen in the list (Delete).")
        self.fill(row_of(self.mark, self.mark_loop, self.delete), self.list)
        in_tab_order(self.mark, self.mark_loop, self.delete, self.list)
        self.mark.clicked.connect(lambda: marks.add_mark(self.context))
        self.mark_loop.clicked.connect(lambda: marks.add_region_mark(self.context))
        self.delete.clicked.connect(self._delete_chosen)
        self.list.jumped.connect(lambda number: marks.jump_to_mark(self.context, number))
        self.list.named.connect(lambda number, name: marks.name_mark(self.context, number, name))
        self.list.deleted.connect(lambda number: marks.delete_mark(self.context, number))
        context.marks.changed.connect(self.show_marks)

    def show_marks(self) -> None:
        here = marks.mark_under_cursor(self.context)
        self.list.set_rows(mark_rows(self.context), here.id if here is not None else None)
        count = len(self.context.marks.marks)
        self.delete.setEnabled(count > 0)
        self.counted.emit(count)

    def _delete_chosen(self) -> None:
        if self.list.chosen_id is not None:
            marks.delete_mark(self.context, self.list.chosen_id)
