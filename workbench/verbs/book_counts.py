"""Counts of the books of the clip, of a corpus or of Live, a little in each frame of the clock."""

from __future__ import annotations

import time
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from speefeare_core.statistics.measures import BookUse, use_of
from workbench.context import Context
from workbench.verbs import token_statistics as verbs
from workbench.widgets.code_rows import CodeRow
from workbench.widgets.live_counts import LiveCounts

Source = Literal["clip", "corpus", "live"]
BUDGET_S = 0.004  # of counting in one frame
SHOWN_FRAMES = 12  # figures of Live change five times a second


class BookCounts:
    """`tick` counts; `uses` are what there is to say of each book, `version` differs whenever they do."""

    def __init__(self, context: Context) -> None:
        self._ctx = context
        self.uses: tuple[BookUse, ...] = ()
        self.version = 0
        self.live = LiveCounts()
        self._of: tuple[object, ...] = ()  # what was counted
        self._frame = 0
        self._new = False  # tokens of Live that `uses` does not hold yet

    @property
    def sizes(self) -> tuple[int, ...]:
        """Entries of each book of the codec."""
        info = self._ctx.codec.info
        return tuple(book.size for book in info.books) if info is not None else ()

    def forget(self) -> None:
        """Count anew."""
        self._of = ()

    def tick(self, source: Source, half_life_s: float) -> None:
        """One frame of the clock."""
        self._frame += 1
        if not self.sizes:
            self._set(())
        elif source == "clip":
            self._count_clip()
        elif source == "corpus":
            verbs.want_corpus(self._ctx)
            self._count_corpus()
        else:
            self._count_live(half_life_s)

    def counts_of(self, book: int, source: Source) -> NDArray[Any]:
        """How often each entry of a book, from 0, was chosen `[N]`."""
        nothing = np.zeros(self.sizes[book])
        if source == "corpus":
            corpus = self._ctx.tokens.corpus
            return nothing if corpus is None else corpus.counts[book, : len(nothing)]
        if source == "live":
            return self.live.counts(book) if len(self.live.usage.sizes) > book else nothing
        row = self.row(book)
        return nothing if row is None else verbs.clip_counts(self._ctx, row)

    def row(self, book: int) -> CodeRow | None:
        """The clip's tokens of a book, from 0, where they are there."""
        return verbs.code_row(self._ctx, book)

    def _begins(self, of: tuple[object, ...]) -> bool:
        """Whether this is not what was counted so far; then nothing is."""
        if of == self._of:
            return False
        self._of = of
        self._set(tuple(use_of(np.zeros(size), book) for book, size in enumerate(self.sizes, 1)))
        return True

    def _set(self, uses: tuple[BookUse, ...]) -> None:
        if uses != self.uses:
            self.uses = uses
            self.version += 1

    def _count_clip(self) -> None:
        """As many books as the window can wait for: hours of codes take several frames."""
        rows = verbs.code_rows(self._ctx)
        self._begins(("clip", id(self._ctx.clip.data.codes), len(rows), len(self.sizes)))
        uses, start = list(self.uses), time.perf_counter()
        for row in rows:
            if not uses[row.book - 1].tokens:
                uses[row.book - 1] = use_of(verbs.clip_counts(self._ctx, row), row.book)
                if time.perf_counter() - start > BUDGET_S:
                    break
        self._set(tuple(uses))

    def _count_corpus(self) -> None:
        corpus = self._ctx.tokens.corpus
        if self._begins(("corpus", id(corpus), len(self.sizes))) and corpus is not None:
            self._set(tuple(use_of(corpus.counts[b, :size], b + 1) for b, size in enumerate(self.sizes)))

    def _count_live(self, half_life_s: float) -> None:
        live, sizes = self._ctx.live, self.sizes
        if live.running:
            self._begins(("live", id(live.rings), sizes))
            self._new |= self.live.pull(live.rings, sizes, live.frame_rate_hz or 1.0, half_life_s)
        elif self._of[:1] != ("live",):  # what was counted before it stopped stays
            self._begins(("live", 0, sizes))
        if self._new and self._frame % SHOWN_FRAMES == 0:
            self._new = False
            self._set(tuple(use_of(self.live.counts(b), b + 1) for b in range(len(sizes))))
            self.version += 1  # shares may change where what is said of them does not
