"""What Codebooks shows of the states: titles, the words of an entry, the points of a map."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.statistics.layout import MOST_ENTRIES
from speefeare_core.statistics.measures import use_of
from workbench.context import Context
from workbench.verbs.book_counts import Source
from workbench.widgets.books_table import perplexity_text


@dataclass(frozen=True)
class MapShown:
    """Points of one book `[N, 2]`, the nearest entries of each `[N, K]`, and what is written at it."""

    points: NDArray[Any]
    near: NDArray[Any]
    title: str
    axes: tuple[str, str]


def histogram_title(book: int, counts: NDArray[Any]) -> str:
    """`book` from 0; `counts` of its entries `[N]`."""
    use = use_of(counts, book + 1)
    return f"Book {book + 1} · {use.tokens} tokens · perplexity {perplexity_text(use)} · {use.dead} of {use.size} dead"


def map_of(ctx: Context, book: int, size: int, by_neighbours: bool) -> MapShown | None:
    """The map of neighbours where it is wanted and made, else the principal axes; None until entries are compared."""
    entries = ctx.tokens.entries
    if entries is None:
        return None
    near = entries.neighbours[book, :size]
    found = ctx.tokens.maps.get(book) if by_neighbours else None
    if found is not None:
        title = f"Book {book + 1} · neighbours (t-SNE) · {found.kept:.0%} of the 10 nearest kept"
        return MapShown(found.points, near, title, ("", ""))
    first, second = entries.shares[book]
    kept = entries.kept[book]
    told = f" · {kept:.0%} of the 10 nearest kept" if np.isfinite(kept) else ""
    if by_neighbours and size > MOST_ENTRIES:
        told += f" · a map of neighbours takes {MOST_ENTRIES} entries at most"
    axes = (f"PC 1, {first:.0%} of variance", f"PC 2, {second:.0%}")
    return MapShown(entries.points[book, :size], near, f"Book {book + 1} · principal axes{told}", axes)


def entry_words(ctx: Context, book: int, entry: int, counts: NDArray[Any]) -> str:
    """One line about an entry: how often, how long, what is nearest."""
    entries = ctx.tokens.entries
    said = [f"Entry {entry}", f"{counts[entry]:.3g}×" if entry < len(counts) else ""]
    if entries is not None:
        said.append(f"norm {entries.norms[book, entry]:.3g}")
        pairs = zip(entries.neighbours[book, entry], entries.distances[book, entry], strict=True)
        near = [f"{int(other)} ({far:.3g})" for other, far in pairs if other >= 0]
        said.append(f"nearest (distance) {', '.join(near)}" if near else "")
    return " · ".join(part for part in said if part)


def resting_words(ctx: Context, source: Source) -> str:
    """What the line says while nothing is pointed at."""
    wanted, corpus = ctx.tokens.wanted, ctx.tokens.corpus
    if wanted.stage:
        return f"{wanted.stage} … {wanted.done:.0%}"
    if source == "corpus" and corpus is not None:
        return f"{corpus.words}: counted once and kept"
    if source == "live" and not ctx.live.running:
        return "Live does not run: Ctrl+L starts it"
    return "choose a book, then point at an entry"


def why_empty(ctx: Context) -> str:
    """Why there are no books to show; empty where there are some."""
    info = ctx.codec.info
    if info is None:
        return "Open a codec to see its books"
    if info.books:
        return ""
    instead = "continuous latents; the panel Latents shows them" if info.latent_dim else "packets of bytes"
    return f"{info.name} has no codebooks: it sends {instead}"


def source_words(ctx: Context, source: Source, half_life: str) -> str:
    """What was counted, for figures that are taken out."""
    corpus = ctx.tokens.corpus
    if source == "corpus":
        return corpus.words if corpus is not None else "nothing counted yet"
    return Path(ctx.clip.data.path).name if source == "clip" else f"Live, {half_life.lower()}"
