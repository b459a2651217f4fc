"""Entries of the books, counts of a corpus, the codes of another recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from speefeare_core import audio, resources
from speefeare_core.errors import SpeefeareError
from speefeare_core.statistics import corpus, layout
from speefeare_core.statistics.neighbours import Neighbours, kept_share, nearest
from workbench.engine.server import coding
from workbench.engine.server.answers import Desk
from workbench.engine.server.growing import GrowingArray
from workbench.engine.server.latents import SAMPLE
from workbench.engine.server.tasks import Work
from workbench.engine.server.topics.shelf import SHELF, padded
from workbench.engine.topics import token_statistics as told

NEIGHBOURS = 10
SHOWN_NEIGHBOURS = 4
MOST_SEARCHED = 8192  # entries of a book in which neighbours are looked for; the cost grows with the square


def describe_books(desk: Desk, number: int, request: told.DescribeBooks) -> Work:
    """Norms, neighbours and the two principal axes of every book."""
    codec, info = desk.codec, desk.codec.info
    if not info.books:
        desk.emit(told.BooksDescribed(number, reason=f"{info.name} has no codebooks."))
        return
    energies = codec.entry_energies()
    if energies is None or codec.book_entries(0) is None:
        reason = f"The books of {info.name} hold no vectors that could be shown."
        desk.emit(told.BooksDescribed(number, reason=reason))
        return
    norms = [energy.sqrt().float().cpu().numpy() for energy in energies]
    index, distance, points, shares, kept = [], [], [], [], []
    for book in range(info.depth):
        desk.emit(told.StatisticsProgress(number, "Comparing the entries of the books", book / info.depth))
        yield
        vectors = _vectors(desk, book)
        near = _neighbours(vectors)
        flat, share = layout.principal(vectors)
        index.append(near.index[:, :SHOWN_NEIGHBOURS])
        distance.append(near.distance[:, :SHOWN_NEIGHBOURS])
        points.append(flat)
        shares.append(share)
        yield
        kept.append(kept_share(near, flat, NEIGHBOURS) if near.index.shape[1] else float("nan"))
    fewest = min(row.shape[1] for row in index)
    desk.emit(
        told.BooksDescribed(
            number,
            SHELF.share("norms", padded(norms, np.nan)).ref,
            SHELF.share("neighbours", padded([row[:, :fewest] for row in index], -1)).ref,
            SHELF.share("distances", padded([row[:, :fewest] for row in distance], np.nan)).ref,
            SHELF.share("points", padded(points, np.nan)).ref,
            tuple(shares),
            tuple(kept),
        )
    )


def map_book(desk: Desk, number: int, request: told.MapBook) -> Work:
    """t-SNE of one book."""
    vectors = _vectors(desk, request.book)
    if len(vectors) > layout.MOST_ENTRIES:
        raise SpeefeareError(
            f"Book {request.book + 1} has {len(vectors)} entries; a map of neighbours takes at most"
            f" {layout.MOST_ENTRIES}, so its principal axes are shown."
        )
    points = np.zeros((len(vectors), 2), np.float32)
    for step, found in enumerate(layout.neighbour_map(vectors)):
        desk.emit(told.StatisticsProgress(number, f"Mapping book {request.book + 1}", 10 * step / layout.STEPS))
        points = found
        yield
    kept = kept_share(nearest(vectors, NEIGHBOURS), points, NEIGHBOURS)
    desk.emit(told.BookMapped(number, request.book, SHELF.share(("map", request.book), points).ref, kept))


def count_corpus(desk: Desk, number: int, request: told.CountCorpus) -> Work:
    """From what is kept on disk, or by encoding."""
    files = corpus.sound_files(Path(request.folder)) if request.folder else [resources.resource(*SAMPLE)]

    def progress(done: float, name: str) -> None:
        desk.emit(told.StatisticsProgress(number, f"Counting the tokens of {name}", done))

    found = yield from corpus.kept_counting(desk.codec, files, progress)
    counts = SHELF.share("corpus", padded(list(found.counts.books), 0))
    desk.emit(told.CorpusCounted(number, request.folder, counts.ref, found.files, found.seconds, found.skipped))


def encode_other(desk: Desk, number: int, request: told.EncodeOther) -> Work:
    """Read the file at the codec's rate, and encode it."""
    info = desk.codec.info
    if not info.books:
        raise SpeefeareError(f"{info.name} has no codebooks, so there are no tokens to compare.")
    found = audio.probe(request.path)
    growing = GrowingArray(info.channels, round(found.length_s * info.rate_hz) + 16)
    try:
        for block in audio.converted_blocks(request.path, info.rate_hz, info.channels, 2.0):
            growing.append(block)
            yield
        if not growing.length:
            growing.append(np.zeros((info.channels, 1), np.float32))
        sound = growing.finish()
    except BaseException:
        growing.discard()
        raise
    try:
        coded = yield from coding.encode(
            desk.codec,
            sound.array,
            lambda latents: None,
            lambda done, total: desk.emit(
                told.StatisticsProgress(number, f"Encoding {Path(request.path).name}", done / total)
            ),
        )
        length_s = sound.array.shape[1] / info.rate_hz
    finally:
        sound.unlink()
    SHELF.put("other", list(coded.groups))
    refs = tuple(group.ref for group in coded.groups)
    desk.emit(told.OtherEncoded(number, request.path, refs, coded.frame_rates_hz, length_s))


def _vectors(desk: Desk, book: int) -> NDArray[np.float32]:
    entries = desk.codec.book_entries(book)
    if entries is None:
        raise SpeefeareError(f"The books of {desk.codec.info.name} hold no vectors that could be shown.")
    return np.asarray(entries.float().cpu().numpy(), np.float32)


def _neighbours(vectors: NDArray[np.float32]) -> Neighbours:
    if len(vectors) > MOST_SEARCHED:
        return Neighbours(np.zeros((len(vectors), 0), np.int32), np.zeros((len(vectors), 0), np.float32))
    return nearest(vectors, NEIGHBOURS)
