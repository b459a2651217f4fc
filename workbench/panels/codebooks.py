"""Codebooks: how the entries of each book are used, and where they lie, for the clip, a corpus, or live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from speefeare_core.statistics.layout import MOST_ENTRIES
from speefeare_core.statistics.measures import BookUse
from workbench import dialogs
from workbench.context import Context
from workbench.panels import codebooks_view as view
from workbench.panels.base import Panel
from workbench.panels.codebooks_controls import CHOOSE, SAMPLE, CodebooksControls
from workbench.verbs import hear_entry
from workbench.verbs import token_statistics as verbs
from workbench.verbs.book_counts import SHOWN_FRAMES, BookCounts
from workbench.widgets.book_figures import map_figure, usage_figure, uses_figure
from workbench.widgets.books_table import BooksTable, ScrolledBooks
from workbench.widgets.controls import in_tab_order
from workbench.widgets.empty_state import EmptyState
from workbench.widgets.entry_map import TRAIL, EntryMap
from workbench.widgets.figure import Figure
from workbench.widgets.read_out import ReadOut
from workbench.widgets.usage_histogram import UsageHistogram

NARROW = 760  # units of width below which a tall panel has one column


class CodebooksPanel(Panel):
    """The table of the books on the left chooses the book whose entries are shown on the right."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.controls = CodebooksControls()
        self.table, self.histogram, self.map = BooksTable(), UsageHistogram(), EntryMap()
        self.read_out = ReadOut("choose a book, then point at an entry")
        self.empty = EmptyState("")
        self.counts = BookCounts(context)
        self._frame = 0
        self._shown: tuple[object, ...] = ()
        self._path: tuple[object, ...] = ()
        self._build()
        self._connect()
        self.controls.show_for(self.context.tokens.corpus_folder)
        self._show_empty_state()

    def _build(self) -> None:
        self.right = QSplitter(Qt.Orientation.Vertical)
        self.right.addWidget(self.histogram)
        self.right.addWidget(self.map)
        self.right.setSizes([160, 340])
        self.right.setStretchFactor(0, 1)
        self.right.setStretchFactor(1, 2)
        self.right.setChildrenCollapsible(False)
        self.scrolled = ScrolledBooks(self.table)
        self.both = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self.both.setSpacing(4)
        self.both.addWidget(self.scrolled, 2)
        self.both.addWidget(self.right, 3)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 2)
        column.setSpacing(2)
        column.addWidget(self.controls)
        line = QHBoxLayout()
        line.setContentsMargins(8, 0, 8, 0)
        line.addWidget(self.read_out)
        column.addLayout(line)
        column.addLayout(self.both, 1)
        self.stack = QStackedLayout(self)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(inside)
        in_tab_order(*self.controls.all, self.table, self.histogram, self.map)
        self.setFocusProxy(self.table)
        self.map.tell = self._tell

    def _connect(self) -> None:
        ctx, controls = self.context, self.controls
        controls.source.currentIndexChanged.connect(self._source_chosen)
        controls.corpus.activated.connect(self._corpus_chosen)
        controls.half_life.currentIndexChanged.connect(self._forget)
        controls.order.currentIndexChanged.connect(lambda: self.histogram.set_by_rank(controls.by_rank))
        controls.map_kind.currentIndexChanged.connect(self._forget)
        controls.links.toggled.connect(self.map.set_links)
        controls.alone.clicked.connect(lambda: self._play_alone(self.map.chosen))
        self.table.chosen_changed.connect(self._book_chosen)
        for plot in (self.histogram, self.map):
            plot.hovered.connect(self.read_out.say)
            plot.entry_chosen.connect(self._choose_entry)
        self.map.entry_wanted.connect(lambda entry: hear_entry.go_to(ctx, self.table.chosen, entry))
        self.map.entry_alone.connect(self._play_alone)
        ctx.codec.changed.connect(self._codec_changed)
        ctx.clip.opened.connect(self._forget)
        ctx.clip.codes_changed.connect(self._forget)
        ctx.clip.progress_changed.connect(self._show_empty_state)
        ctx.live.changed.connect(self._show_empty_state)
        ctx.tokens.changed.connect(self._tokens_changed)
        ctx.tokens.progress_changed.connect(self._show_progress)

    # -- with the clock ---------------------------------------------------------------------------------------------
    def refresh(self) -> None:
        ctx, counts = self.context, self.counts
        self._frame += 1
        counts.tick(self.controls.counted, self.controls.half_life_s)
        if not counts.sizes:
            return
        verbs.want_entries(ctx)
        if self._wants_map:
            verbs.map_book(ctx, self.table.chosen)
        self._show_uses()
        self._show_book()
        self._show_trail()

    @property
    def settled(self) -> bool:
        """The entries are compared, and the chosen map is made or cannot be."""
        tokens = self.context.tokens
        compared = tokens.entries is not None or bool(tokens.no_entries) or "entries" in tokens.failed
        return (compared or not self.counts.sizes) and not self._wants_map

    @property
    def _wants_map(self) -> bool:
        """The map of neighbours is chosen and can be made, and is not there."""
        tokens, book = self.context.tokens, self.table.chosen
        if not self.controls.by_neighbours or tokens.entries is None or "map" in tokens.failed:
            return False
        return book not in tokens.maps and self.counts.sizes[book] <= MOST_ENTRIES

    # -- what is shown ----------------------------------------------------------------------------------------------
    def _show_uses(self) -> None:
        info = self.context.codec.info
        if info is not None and self.counts.uses is not self.table.uses and len(self.counts.uses) == info.depth:
            self.table.set_uses(self.counts.uses, [book.role for book in info.books])

    def _show_book(self) -> None:
        """Histogram and map of the chosen book, where something of it changed."""
        tokens, book = self.context.tokens, self.table.chosen
        if book >= len(self.counts.sizes):
            return
        known = tokens.maps.get(book) if self.controls.by_neighbours else None
        shown = (book, self.controls.counted, self.counts.version, tokens.entries, known, tokens.no_entries)
        if shown != self._shown:
            self._shown = shown
            counts = self.counts.counts_of(book, self.controls.counted)
            self.histogram.set_counts(counts, view.histogram_title(book, counts))
            self.map.set_counts(counts)
            self._show_map(book)
        self._show_path(book)

    def _show_map(self, book: int) -> None:
        shown = view.map_of(self.context, book, self.counts.sizes[book], self.controls.by_neighbours)
        if shown is None:
            self.map.waiting = self.context.tokens.no_entries or "The entries are being compared …"
            self.map.set_points(np.zeros((0, 2)), np.zeros((0, 0), np.int32), "", ("", ""))
        else:
            self.map.set_points(shown.points, shown.near, shown.title, shown.axes)

    def _show_path(self, book: int) -> None:
        """The tokens of the visible stretch of time, or the last ones of Live."""
        if self.controls.counted == "live":
            return
        shown, row = self.context.time_view, self.counts.row(book)
        path = (book, id(self.context.clip.data.codes), shown.start_s, shown.end_s)
        if path != self._path:
            self._path = path
            first, stop = row.frames_between(shown.start_s, shown.end_s) if row is not None else (0, 0)
            self.map.set_path(row.codes[first:stop] if row is not None else np.zeros(0, np.int64))

    def _show_trail(self) -> None:
        ctx, book = self.context, self.table.chosen
        if self.controls.counted == "live":
            last = self.counts.live.last
            there = last[book] if book < len(last) else np.zeros(0, np.int64)
            self.map.set_trail(there[-TRAIL:])
            if self._frame % SHOWN_FRAMES == 0:
                self.map.set_path(there)
            self._path = ()
            return
        row, rate = self.counts.row(book), ctx.clip.data.rate_hz
        if row is None or not rate:
            self.map.set_trail(np.zeros(0, np.int64))
            return
        frame = row.frame_at(ctx.playback.position / rate)
        self.map.set_trail(row.codes[max(0, frame + 1 - TRAIL) : frame + 1])

    def _tell(self, entry: int) -> str:
        book = self.table.chosen
        return view.entry_words(self.context, book, entry, self.counts.counts_of(book, self.controls.counted))

    def _show_progress(self) -> None:
        self.read_out.resting = view.resting_words(self.context, self.controls.counted)
        self.read_out.say("")

    def _show_empty_state(self) -> None:
        words = view.why_empty(self.context)
        self.stack.setCurrentIndex(0 if words else 1)
        if words:
            self.empty.set_text(words)
        self._show_progress()

    # -- the state changed --------------------------------------------------------------------------------------------
    def _codec_changed(self) -> None:
        self._forget()
        self.table.set_uses((), ())
        self.map.set_chosen(None)
        self._show_empty_state()

    def _forget(self) -> None:
        self.counts.forget()
        self._shown, self._path = (), ()
        self._show_empty_state()

    def _tokens_changed(self) -> None:
        self.controls.show_for(self.context.tokens.corpus_folder)
        self._show_progress()

    # -- the person -------------------------------------------------------------------------------------------------
    def _source_chosen(self) -> None:
        self.controls.show_for(self.context.tokens.corpus_folder)
        self._forget()

    def _corpus_chosen(self) -> None:
        wanted = self.controls.corpus.value
        folder = "" if wanted == SAMPLE else wanted
        if wanted == CHOOSE:
            before = self.context.tokens.corpus_folder
            folder = dialogs.ask_folder(self, "Count the tokens of all sound files in", before)
            if not folder:
                self.controls.show_for(self.context.tokens.corpus_folder)
                return
        self.context.tokens.failed.discard("corpus")
        verbs.count_corpus(self.context, folder)
        self._forget()

    def _book_chosen(self, _book: int) -> None:
        self.map.set_chosen(None)
        self.histogram.set_chosen(None)
        self._shown = self._path = ()

    def _choose_entry(self, entry: int) -> None:
        self.map.set_chosen(entry)
        self.histogram.set_chosen(entry)
        self.read_out.say(self._tell(entry))

    def _play_alone(self, entry: int | None) -> None:
        if entry is None:
            self.context.engine.add_message("Choose an entry first: click one on the map, or a bar.")
            return
        self._choose_entry(entry)
        hear_entry.play_alone(self.context, self.table.chosen, entry)

    # -- layout, taken out, remembered --------------------------------------------------------------------------------
    def resizeEvent(self, event: QResizeEvent) -> None:
        size = event.size()
        narrow = size.width() < NARROW and size.height() > size.width()
        self.both.setDirection(QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight)
        super().resizeEvent(event)

    def figures(self) -> tuple[Figure, ...]:
        info = self.context.codec.info
        if info is None or not self.table.uses:
            return ()
        book, size = self.table.chosen, self.counts.sizes[self.table.chosen]
        notes = (
            info.name,
            view.source_words(self.context, self.controls.counted, self.controls.half_life.currentText()),
        )
        counts = [
            np.array(self.counts.counts_of(index, self.controls.counted)) for index in range(len(self.counts.sizes))
        ]
        uses: Sequence[BookUse] = self.table.uses
        entries = self.context.tokens.entries
        norms = np.full(size, np.nan) if entries is None else entries.norms[book, :size]
        return (
            uses_figure(self.table, uses, self.table.roles, counts, notes),
            usage_figure(self.histogram, book, counts[book], norms, notes),
            *((map_figure(self.map, book, counts[book], notes),) if len(self.map.points) else ()),
        )

    def view_state(self) -> dict[str, Any]:
        return {**self.controls.state(), "book": self.table.chosen}

    def set_view_state(self, state: dict[str, Any]) -> None:
        self.controls.set_state(state)
        book = state.get("book")
        if isinstance(book, int) and not isinstance(book, bool):
            self.table.choose(book)
        self.histogram.set_by_rank(self.controls.by_rank)
        self._source_chosen()
