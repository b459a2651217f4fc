"""Codebooks: how the entries of each book are used, and where they lie, for the clip, a corpus, or live."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from speefeare_core.statistics.layout import MOST_ENTRIES
from speefeare_core.statistics.measures import BookUse, use_of
from workbench import commands, dialogs
from workbench.context import Context
from workbench.panels.base import Panel
from workbench.verbs import listen
from workbench.verbs import token_statistics as verbs
from workbench.verbs.book_counts import SHOWN_FRAMES, BookCounts, Source
from workbench.widgets.book_figures import map_figure, usage_figure, uses_figure
from workbench.widgets.books_table import BooksTable, ScrolledBooks, perplexity_text
from workbench.widgets.code_rows import CodeRow
from workbench.widgets.controls import Button, Choice, in_tab_order
from workbench.widgets.empty_state import EmptyState
from workbench.widgets.entry_map import TRAIL, EntryMap
from workbench.widgets.figure import Figure
from workbench.widgets.live_usage import HALF_LIVES_S
from workbench.widgets.read_out import ReadOut
from workbench.widgets.theme import explain
from workbench.widgets.usage_histogram import UsageHistogram

SOURCES = (("This clip", "clip"), ("A corpus", "corpus"), ("Live", "live"))
CHOOSE = "choose"
NARROW = 760  # units of width below which a tall panel has one column


class CodebooksPanel(Panel):
    """The table of the books on the left chooses the book whose entries are shown on the right."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.source = Choice("What is counted", "The open clip, all sound files of a corpus, or Live.", SOURCES)
        self.corpus = Choice("Corpus", "The sound files whose tokens are counted once and kept.")
        self.corpus.setMinimumContentsLength(15)
        self.half_life = Choice(
            "Half-life",
            "After this time a token of Live counts half.",
            tuple((f"Half-life {seconds:g} s", f"{seconds:g}") for seconds in HALF_LIVES_S),
        )
        self.half_life.set_value("10")
        self.order = Choice(
            "Order of the entries", "Bars along the index, or from the most frequent one down.",
            (("By index", "index"), ("By rank", "rank")),
        )  # fmt: skip
        self.map_kind = Choice(
            "Kind of map",
            "Principal axes keep distances, the map of neighbours (t-SNE) keeps near entries together.",
            (("Map of neighbours", "neighbours"), ("Principal axes", "axes")),
        )
        self.links = Button("Links", "Join neighbours", "Join each entry with its nearest one.", checkable=True)
        self.links.setChecked(True)
        self.alone = Button(
            "Alone", "Hear the entry alone", "Hear the chosen entry alone where it comes next (Alt+Enter)."
        )
        self.table, self.histogram, self.map = BooksTable(), UsageHistogram(), EntryMap()
        self.read_out = ReadOut("choose a book, then point at an entry")
        self.empty = EmptyState("")
        explain(self.half_life, "half_life")
        self.counts = BookCounts(context)
        self._frame = 0
        self._shown: tuple[object, ...] = ()
        self._path: tuple[object, ...] = ()
        self._build()
        self._connect()
        self._show_controls()
        self._show_empty_state()

    def _build(self) -> None:
        controls = (self.source, self.corpus, self.half_life, self.order, self.map_kind, self.links, self.alone)
        tools = QHBoxLayout()
        tools.setContentsMargins(4, 2, 4, 0)
        for control in controls:
            tools.addWidget(control)
        tools.addStretch(1)
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
        column.addLayout(tools)
        line = QHBoxLayout()
        line.setContentsMargins(8, 0, 8, 0)
        line.addWidget(self.read_out)
        column.addLayout(line)
        column.addLayout(self.both, 1)
        self.stack = QStackedLayout(self)
        self.stack.addWidget(self.empty)
        self.stack.addWidget(inside)
        in_tab_order(*controls, self.table, self.histogram, self.map)
        self.setFocusProxy(self.table)
        self.map.tell = self._tell

    def _connect(self) -> None:
        ctx = self.context
        self.source.currentIndexChanged.connect(self._source_chosen)
        self.corpus.activated.connect(self._corpus_chosen)
        self.half_life.currentIndexChanged.connect(self._forget)
        self.order.currentIndexChanged.connect(lambda: self.histogram.set_by_rank(self.order.value == "rank"))
        self.map_kind.currentIndexChanged.connect(self._forget)
        self.links.toggled.connect(self.map.set_links)
        self.alone.clicked.connect(lambda: self._play_alone(self.map.chosen))
        self.table.chosen_changed.connect(self._book_chosen)
        for plot in (self.histogram, self.map):
            plot.hovered.connect(self.read_out.say)
            plot.entry_chosen.connect(self._choose_entry)
        self.map.entry_wanted.connect(self._go_to)
        self.map.entry_alone.connect(self._play_alone)
        ctx.codec.changed.connect(self._codec_changed)
        ctx.clip.opened.connect(self._forget)
        ctx.clip.codes_changed.connect(self._forget)
        ctx.clip.progress_changed.connect(self._show_empty_state)
        ctx.live.changed.connect(self._show_empty_state)
        ctx.tokens.changed.connect(self._tokens_changed)
        ctx.tokens.progress_changed.connect(self._show_progress)

    # -- with the clock ---------------------------------------------------------------------------------------------
    @property
    def _of(self) -> Source:
        """What is counted."""
        return cast(Source, self.source.value)

    def refresh(self) -> None:
        ctx, counts = self.context, self.counts
        self._frame += 1
        counts.tick(self._of, float(self.half_life.value or 10))
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
        if self.map_kind.value != "neighbours" or tokens.entries is None or "map" in tokens.failed:
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
        known = tokens.maps.get(book) if self.map_kind.value == "neighbours" else None
        shown = (book, self._of, self.counts.version, tokens.entries, known, tokens.no_entries)
        if shown != self._shown:
            self._shown = shown
            counts = self.counts.counts_of(book, self._of)
            self.histogram.set_counts(counts, self._histogram_title(book, counts))
            self.map.set_counts(counts)
            self._show_map(book)
        self._show_path(book)

    def _histogram_title(self, book: int, counts: NDArray[Any]) -> str:
        use = use_of(counts, book + 1)
        return (
            f"Book {book + 1} · {use.tokens} tokens · perplexity {perplexity_text(use)} · {use.dead} of {use.size} dead"
        )

    def _show_map(self, book: int) -> None:
        entries, size = self.context.tokens.entries, self.counts.sizes[book]
        if entries is None:
            self.map.waiting = self.context.tokens.no_entries or "The entries are being compared …"
            self.map.set_points(np.zeros((0, 2)), np.zeros((0, 0), np.int32), "", ("", ""))
            return
        near = entries.neighbours[book, :size]
        found = self.context.tokens.maps.get(book) if self.map_kind.value == "neighbours" else None
        if found is not None:
            title = f"Book {book + 1} · neighbours (t-SNE) · {found.kept:.0%} of the 10 nearest kept"
            self.map.set_points(found.points, near, title, ("", ""))
            return
        first, second = entries.shares[book]
        kept = entries.kept[book]
        told = f" · {kept:.0%} of the 10 nearest kept" if np.isfinite(kept) else ""
        axes = (f"PC 1, {first:.0%} of variance", f"PC 2, {second:.0%}")
        if self.map_kind.value == "neighbours" and size > MOST_ENTRIES:
            told += f" · a map of neighbours takes {MOST_ENTRIES} entries at most"
        self.map.set_points(entries.points[book, :size], near, f"Book {book + 1} · principal axes{told}", axes)

    def _show_path(self, book: int) -> None:
        """The tokens of the visible stretch of time, or the last ones of Live."""
        if self.source.value == "live":
            return
        view, row = self.context.time_view, self.counts.row(book)
        path = (book, id(self.context.clip.data.codes), view.start_s, view.end_s)
        if path != self._path:
            self._path = path
            first, stop = row.frames_between(view.start_s, view.end_s) if row is not None else (0, 0)
            self.map.set_path(row.codes[first:stop] if row is not None else np.zeros(0, np.int64))

    def _show_trail(self) -> None:
        ctx, book = self.context, self.table.chosen
        if self.source.value == "live":
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
        tokens, book = self.context.tokens, self.table.chosen
        counts = self.counts.counts_of(book, self._of)
        said = [f"Entry {entry}", f"{counts[entry]:.3g}×" if entry < len(counts) else ""]
        if tokens.entries is not None:
            said.append(f"norm {tokens.entries.norms[book, entry]:.3g}")
            pairs = zip(tokens.entries.neighbours[book, entry], tokens.entries.distances[book, entry], strict=True)
            near = [f"{int(other)} ({far:.3g})" for other, far in pairs if other >= 0]
            said.append(f"nearest (distance) {', '.join(near)}" if near else "")
        return " · ".join(part for part in said if part)

    def _show_controls(self) -> None:
        kind, folder = self.source.value, self.context.tokens.corpus_folder
        self.corpus.setVisible(kind == "corpus")
        self.half_life.setVisible(kind == "live")
        named = ((Path(folder).name or folder, folder),) if folder else ()
        self.corpus.set_entries((("Shipped sample", "sample"), *named, ("Folder…", CHOOSE)), folder or "sample")

    def _show_progress(self) -> None:
        wanted = self.context.tokens.wanted
        self.read_out.resting = f"{wanted.stage} … {wanted.done:.0%}" if wanted.stage else self._resting()
        self.read_out.say("")

    def _resting(self) -> str:
        corpus, kind = self.context.tokens.corpus, self.source.value
        if kind == "corpus" and corpus is not None:
            return f"{corpus.words}: counted once and kept"
        if kind == "live" and not self.context.live.running:
            return "Live does not run: Ctrl+L starts it"
        return "choose a book, then point at an entry"

    def _show_empty_state(self) -> None:
        info = self.context.codec.info
        words = ""
        if info is None:
            words = "Open a codec to see its books"
        elif not info.books:
            instead = "continuous latents; the panel Latents shows them" if info.latent_dim else "packets of bytes"
            words = f"{info.name} has no codebooks: it sends {instead}"
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
        self._show_controls()
        self._show_progress()

    # -- the person -------------------------------------------------------------------------------------------------
    def _source_chosen(self) -> None:
        self._show_controls()
        self._forget()

    def _corpus_chosen(self) -> None:
        folder = "" if self.corpus.value == "sample" else self.corpus.value
        if self.corpus.value == CHOOSE:
            before = self.context.tokens.corpus_folder
            folder = dialogs.ask_folder(self, "Count the tokens of all sound files in", before)
            if not folder:
                self._show_controls()
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

    def _next_frame(self, entry: int) -> tuple[CodeRow, int] | None:
        """Where an entry of the chosen book comes next in the clip, from the cursor on, then from the start."""
        row, rate = self.counts.row(self.table.chosen), self.context.clip.data.rate_hz
        found = np.flatnonzero(row.codes == entry) if row is not None and rate else np.zeros(0, np.int64)
        if row is None or not len(found):
            self.context.engine.add_message(
                f"Entry {entry} of book {self.table.chosen + 1} does not come in this clip: there is nothing to hear."
            )
            return None
        later = found[found > row.frame_at(self.context.playback.position / rate)]
        return row, int(later[0] if len(later) else found[0])

    def _go_to(self, entry: int) -> None:
        place = self._next_frame(entry)
        if place is not None:
            seconds = (place[1] + 0.5) / place[0].frame_rate_hz
            commands.seek(self.context, round(seconds * self.context.clip.data.rate_hz))
            if not self.context.playback.playing:
                listen.play_moment(self.context, seconds)

    def _play_alone(self, entry: int | None) -> None:
        if entry is None:
            self.context.engine.add_message("Choose an entry first: click one on the map, or a bar.")
            return
        self._choose_entry(entry)
        place = self._next_frame(entry)
        if place is not None:
            listen.audition_code(self.context, place[0].book - 1, place[1])

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
        notes = (info.name, self._source_words())
        counts = [np.array(self.counts.counts_of(index, self._of)) for index in range(len(self.counts.sizes))]
        uses: Sequence[BookUse] = self.table.uses
        entries = self.context.tokens.entries
        norms = np.full(size, np.nan) if entries is None else entries.norms[book, :size]
        return (
            uses_figure(self.table, uses, self.table.roles, counts, notes),
            usage_figure(self.histogram, book, counts[book], norms, notes),
            *((map_figure(self.map, book, counts[book], notes),) if len(self.map.points) else ()),
        )

    def _source_words(self) -> str:
        kind, corpus = self.source.value, self.context.tokens.corpus
        if kind == "corpus":
            return corpus.words if corpus is not None else "nothing counted yet"
        return (
            Path(self.context.clip.data.path).name
            if kind == "clip"
            else f"Live, {self.half_life.currentText().lower()}"
        )

    def view_state(self) -> dict[str, Any]:
        return {
            "source": self.source.value, "half_life": self.half_life.value, "order": self.order.value,
            "map": self.map_kind.value, "links": self.links.isChecked(), "book": self.table.chosen,
        }  # fmt: skip

    def set_view_state(self, state: dict[str, Any]) -> None:
        choices = (
            ("source", self.source),
            ("half_life", self.half_life),
            ("order", self.order),
            ("map", self.map_kind),
        )
        for key, choice in choices:
            if isinstance(state.get(key), str):
                choice.set_value(state[key])
        if isinstance(state.get("links"), bool):
            self.links.setChecked(state["links"])
        book = state.get("book")
        if isinstance(book, int) and not isinstance(book, bool):
            self.table.choose(book)
        self.histogram.set_by_rank(self.order.value == "rank")
        self._source_chosen()
