"""Token editor: select cells, change them, hear it at once; the list of edits can be undone, saved and replayed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from speefeare_core.editing.edits import Region
from speefeare_core.editing.words import words_of
from workbench import dialogs
from workbench.context import Context
from workbench.engine.topics.edits import CHANGED
from workbench.panels.time_linked import TimeLinkedPanel
from workbench.state.derived_takes import key_of
from workbench.verbs import edits as verbs
from workbench.verbs import listen
from workbench.widgets.book_switches import BookSwitches
from workbench.widgets.code_rows import CellRange, CodeRow, rows_of
from workbench.widgets.code_table import code_arrays, code_table
from workbench.widgets.controls import Button, in_tab_order
from workbench.widgets.edit_list import EditListView
from workbench.widgets.edit_raster import EditRaster
from workbench.widgets.edit_regions import range_of, region_of
from workbench.widgets.edit_tools import EditTools
from workbench.widgets.figure import Figure
from workbench.widgets.read_out import ReadOut
from workbench.widgets.theme import describe

RESTING = (
    "drag over cells to select them (Shift+Ctrl and an arrow); Enter hears the moment, W with and without the edits"
)
# What needs nothing but the selection.
_PLAIN: dict[str, Callable[[Context], None]] = {
    "zero": verbs.zero,
    "shuffle": verbs.shuffle,
    "freeze": verbs.freeze,
    "continuous": verbs.open_books,
    "restore": verbs.restore,
    "none": lambda ctx: verbs.select(ctx, None),
}


class EditorPanel(TimeLinkedPanel):
    """The edited codes above, with a switch for each book; tools and the list of edits below."""

    def __init__(self, context: Context) -> None:
        self.raster = EditRaster()
        describe(
            self.raster,
            "Token editor",
            "One row per codebook, one cell per frame. Drag selects cells; keys: Del zero, U shuffle, H hold, "
            "N neighbours, I set, C continuous, O restore; Ctrl+A selects all, W is with and without the edits.",
        )
        self.hear = Button(
            "Edited", "Hear the edits", "Hear the edited codes, or the same depth without edits (W).", True
        )
        self.at_once = Button(
            "At once", "Hear at once", "After each edit its stretch is heard, where nothing plays.", True
        )
        self.moment = Button("Play selection", "Play selection", "Hear the selected stretch once (Enter: the cell).")
        controls = (self.hear, self.at_once, self.moment)
        super().__init__(context, self.raster, controls, RESTING)
        self.switches = BookSwitches(self.raster.row_edges)
        self.tools, self.list = EditTools(), EditListView()
        self.told = ReadOut()
        self.remove = Button("Remove", "Remove the edit", "Take the chosen edit out of the list (Del).")
        self.clear = Button("Clear", "Remove all edits", "Take all edits out, and quantise every book.")
        self.open = Button("Open…", "Open a list of edits", "Read a list of edits (JSON) in the place of this one.")
        self.save = Button("Save…", "Save the list of edits", "Write the list as JSON: speefeare edit replays it.")
        self._add_parts()
        self._connect()
        self.clip_opened()
        self._list_changed()
        self._region_changed()

    def _add_parts(self) -> None:
        inside = self.plot.parentWidget()
        column = inside.layout() if inside is not None else None
        assert isinstance(column, QVBoxLayout)
        column.removeWidget(self.plot)
        above = QHBoxLayout()
        above.setSpacing(0)
        above.addWidget(self.plot, 1)
        column.addLayout(above, 1)
        self.switches.setParent(self.raster)  # in its right gutter, so that time stays where it is in other panels
        below = QHBoxLayout()
        below.setContentsMargins(8, 0, 8, 6)
        below.addWidget(self.tools)
        right = QVBoxLayout()
        right.setSpacing(3)
        right.addWidget(self.told)
        beside = QHBoxLayout()
        beside.addWidget(self.list, 1)
        stack = QVBoxLayout()
        stack.setSpacing(2)
        for button in (self.remove, self.clear, self.open, self.save):
            stack.addWidget(button)
        beside.addLayout(stack)
        right.addLayout(beside, 1)
        below.addLayout(right, 1)
        column.addLayout(below)
        in_tab_order(self.hear, self.at_once, self.moment, self.raster, self.switches, self.tools.buttons["zero"])
        in_tab_order(self.tools.buttons["voice"], self.list, self.remove, self.clear, self.open, self.save)

    def _connect(self) -> None:
        context = self.context
        self.raster.tell = self._tell
        self.raster.cells_selected.connect(self._cells_selected)
        self.raster.cell_pressed.connect(self._play_cell)
        self.raster.cell_alone.connect(self._play_alone)
        self.raster.asked.connect(self._do)
        self.tools.pressed.connect(self._do)
        self.switches.switched.connect(self._switch)
        self.list.remove_pressed.connect(self._remove)
        self.list.opened.connect(self._show_edit)
        self.hear.clicked.connect(self._hear)
        self.at_once.clicked.connect(self._set_at_once)
        self.moment.clicked.connect(self._play_region)
        self.remove.clicked.connect(self._remove_chosen)
        self.clear.clicked.connect(self._clear)
        self.open.clicked.connect(self._open_list)
        self.save.clicked.connect(self._save_list)
        context.edits.changed.connect(self._list_changed)
        context.edits.applied.connect(self.show_data)
        context.edits.region_changed.connect(self._region_changed)
        context.edits.progress_changed.connect(self._show_told)
        context.clip.codes_changed.connect(self.show_data)
        context.clip.progress_changed.connect(self._show_told)
        context.clip.render_added.connect(self._made)

    # -- what is shown ------------------------------------------------------------------------------------------
    def show_data(self) -> None:
        context, state = self.context, self.context.edits
        self.raster.set_rows(self._rows())
        heard = context.codec.books_of(key_of(context.playback.depth).of) if context.playback.depth else None
        self.raster.set_heard(None if context.playback.blind else heard)
        cells = [row for group in state.cells for row in group]
        self.raster.set_marks([(row & CHANGED) > 0 for row in cells])
        self.raster.set_cells([row & ~np.uint8(CHANGED) for row in cells])
        self.raster.waiting = self._waiting()
        info = context.codec.info
        self.switches.set_books(len(self.raster.rows), state.edits.continuous)
        self.switches.setVisible(bool(self.raster.rows))
        self.hear.setChecked(verbs.hears_edits(context))
        self.hear.setEnabled(not state.edits.is_empty and not context.playback.blind)
        self.at_once.setChecked(state.plays)
        self._place_switches()
        self._show_tools()
        self._show_told()
        if info is not None and not self.raster.rows:
            self.raster.invalidate()

    def _rows(self) -> tuple[CodeRow, ...]:
        data, info = self.context.clip.data, self.context.codec.info
        if info is None or not data.codes:
            return ()
        return rows_of(info, self.context.edits.codes or data.codes, data.code_rates_hz)

    def _waiting(self) -> str:
        clip = self.context.clip
        return verbs.why_not(self.context) or (f"{clip.stage} …" if clip.stage else "no codes yet")

    def _place_switches(self) -> None:
        rect = self.raster.plot_rect
        self.switches.setGeometry(rect.right() + 8, 0, self.switches.width(), self.raster.height())

    def refresh(self) -> None:
        super().refresh()
        if self.switches.height() != self.raster.height() or self.switches.x() != self.raster.plot_rect.right() + 8:
            self._place_switches()

    def _list_changed(self) -> None:
        state, info = self.context.edits, self.context.codec.info
        self.list.set_lines(
            [f"{number}. {words_of(edit, info, state.edits)}" for number, edit in enumerate(state.edits.edits, 1)]
        )
        self.show_data()

    def _region_changed(self) -> None:
        region = self.context.edits.region
        self.raster.set_selection(None if region is None else self._range_of(region))
        self._show_tools()
        self._show_told()

    def _show_tools(self) -> None:
        region, info = self.context.edits.region, self.context.codec.info
        possible = not verbs.why_not(self.context) and bool(self.raster.rows)
        self.tools.set_enabled(possible and region is not None, possible)
        self.moment.setEnabled(possible and region is not None)
        if info is not None and info.books and region is not None:
            books = region.books or tuple(range(info.depth))
            self.tools.set_size(min(info.books[book].size for book in books if book < info.depth))
        none = self.context.edits.edits.is_empty
        self.remove.setEnabled(self.list.count() > 0)
        self.clear.setEnabled(not none)
        self.save.setEnabled(not none)
        self.open.setEnabled(possible)

    def _show_told(self) -> None:
        """What the list changes, or what is being done, or why it cannot be."""
        state, clip = self.context.edits, self.context.clip
        if state.problem:
            self.told.say(state.problem)
        elif state.request and clip.stage:
            self.told.say(f"{clip.stage} … {clip.fraction:.0%}")
        elif state.edits.is_empty:
            self.told.say(verbs.why_not(self.context) or "No edits: the codes are as the encoder made them")
        else:
            cells = sum(group.size for group in state.cells)
            level = "as loud as the same depth without edits"
            self.told.say(f"{state.changed_cells} of {cells} cells changed · {level}")

    def _tell(self, row: int, frame: int) -> str:
        """What a cell was, and what it is besides its code."""
        cells = [one for group in self.context.edits.cells for one in group]
        if row >= len(cells) or frame >= len(cells[row]) or not cells[row][frame]:
            return ""
        first = [one for group in self.context.clip.data.codes for one in group]
        state = {1: "silent", 2: "continuous"}.get(int(cells[row][frame]) & 3, "")
        was = f"was {int(first[row][frame])}" if cells[row][frame] & CHANGED and row < len(first) else ""
        return " · ".join(part for part in (state, was) if part)

    # -- regions and cells --------------------------------------------------------------------------------------
    def _range_of(self, region: Region) -> CellRange | None:
        info = self.context.codec.info
        return None if info is None else range_of(region, self.raster.rows, info.frame_rate_hz)

    def _cells_selected(self, cells: CellRange | None) -> None:
        info, rows = self.context.codec.info, self.raster.rows
        if cells is None or info is None or not rows:
            verbs.select(self.context, None)
        else:
            verbs.select(self.context, region_of(cells, rows, info.frame_rate_hz))

    def _play_cell(self, row: int, frame: int) -> None:
        rate = self.raster.rows[row].frame_rate_hz
        if not self.context.playback.playing:
            listen.play_moment(self.context, (frame + 0.5) / rate)

    def _play_alone(self, row: int, frame: int) -> None:
        edited = not self.context.edits.edits.is_empty
        listen.audition_code(self.context, row, frame, edited=edited)

    # -- the person ---------------------------------------------------------------------------------------------
    def _do(self, word: str) -> None:
        if word == "set":
            verbs.set_index(self.context, self.tools.index_box.value())
        elif word == "neighbours":
            verbs.neighbours(self.context, self.tools.k_box.value())
        elif word in _PLAIN:
            _PLAIN[word](self.context)
        else:
            self._with_other(word)

    def _with_other(self, word: str) -> None:
        path = dialogs.ask_clip(self, self.context.clip.data.path)
        if not path:
            return
        if word == "copy":
            verbs.copy_from(self.context, path)
        elif word == "swap":
            verbs.swap_with(self.context, path, self.tools.fit_box.value)  # type: ignore[arg-type]
        else:
            verbs.take_voice(self.context, path)

    def _switch(self, book: int, continuous: bool) -> None:
        verbs.switch_book(self.context, book, continuous)

    def _hear(self) -> None:
        verbs.hear(self.context, self.hear.isChecked())
        self.hear.setChecked(verbs.hears_edits(self.context))

    def _set_at_once(self) -> None:
        self.context.edits.plays = self.at_once.isChecked()

    def _play_region(self) -> None:
        verbs.play_region(self.context)

    def _remove(self, index: int) -> None:
        verbs.remove(self.context, index)

    def _remove_chosen(self) -> None:
        self._remove(self.list.currentRow())

    def _show_edit(self, index: int) -> None:
        edits = self.context.edits.edits.edits
        if 0 <= index < len(edits):
            verbs.select(self.context, edits[index].region)

    def _clear(self) -> None:
        verbs.clear(self.context)

    def _open_list(self) -> None:
        path = dialogs.ask_edits(self)
        if path:
            verbs.open_list(self.context, path)

    def _save_list(self) -> None:
        path = dialogs.ask_edits_target(self)
        if path:
            verbs.save_list(self.context, path)

    def _made(self, number: int) -> None:
        verbs.made(self.context, number)

    # -- taking out and coming back -----------------------------------------------------------------------------
    def figures(self) -> tuple[Figure, ...]:
        rows, raster = self.raster.rows, self.raster
        if not rows:
            return ()

        def arrays() -> dict[str, NDArray[Any]]:
            return code_arrays(rows, raster.start_s, raster.end_s)

        info = self.context.codec.info
        done = tuple(words_of(edit, info, self.context.edits.edits) for edit in self.context.edits.edits.edits)
        notes = (f"{info.name} · {self.context.clip.data.path}" if info is not None else "", *done)
        table = code_table(rows, raster.start_s, raster.end_s)
        return (Figure("editor", "Edited codes", raster, arrays, lambda: table, notes),)

    def view_state(self) -> dict[str, Any]:
        return {
            "at_once": self.context.edits.plays,
            "index": self.tools.index_box.value(),
            "k": self.tools.k_box.value(),
        }

    def set_view_state(self, state: dict[str, Any]) -> None:
        if isinstance(state.get("at_once"), bool):
            self.context.edits.plays = state["at_once"]
            self.at_once.setChecked(state["at_once"])
        for key, box in (("index", self.tools.index_box), ("k", self.tools.k_box)):
            if isinstance(state.get(key), int):
                box.setValue(state[key])
