"""Spaces to draw latents in: fitted on a corpus for one codec, then fixed."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from speefeare_core import audio as audio_files
from speefeare_core.errors import SpeefeareError
from speefeare_core.projection import kept, umap_space
from speefeare_core.projection.corpus import MOST_S, PER_FILE_S, Corpus
from speefeare_core.projection.latents import encoding
from speefeare_core.projection.pca import Moments

if TYPE_CHECKING:
    from speefeare_core.codec import Codec

Points = NDArray[np.float32]
Method = Literal["pca", "umap"]
METHODS: tuple[Method, ...] = get_args(Method)
UMAP_FRAMES = 4_000  # of the corpus that UMAP is fitted on
_UMAP_AXES = 30  # principal axes that UMAP is given


class Space(Protocol):
    """Where points are placed; each point by itself, so that a longer clip moves none of them."""

    @property
    def width(self) -> int:
        """D of the latents that it takes."""

    @property
    def axis_names(self) -> tuple[str, ...]:
        """Three."""

    @property
    def explained(self) -> tuple[float, ...]:
        """Share of the corpus's variance on each axis; empty where axes explain none."""

    @property
    def words(self) -> str:
        """What it was fitted on, one sentence."""

    def place(self, latents: Points) -> Points:
        """`[n, D]` → `[n, 3]`."""


def fitting(codec: Codec, corpus: Corpus, method: Method = "pca") -> Generator[float, None, Space]:
    """Fit a space to a codec's latents of a corpus. Yields the share that is done; the value is the space.

    Principal axes of a folder are kept in the cache folder of this user and found again while codec and files stay the
    same. Raises `SpeefeareError` for a codec without latents, a corpus without sound, a method that is not there.
    """
    if method not in METHODS:
        raise SpeefeareError(f"There is no projection {method!r}; choose one of {', '.join(METHODS)}.")
    if not codec.info.latent_dim:
        raise SpeefeareError(f"{codec.info.name} has no latents to show.")
    if method == "umap":
        umap_space.check_installed()
    else:
        found = kept.load(codec, corpus)
        if found is not None:
            return found
    moments, thinned = Moments(), Thinned(UMAP_FRAMES)

    def take(rows: Points) -> None:
        moments.add(rows)
        if method == "umap":
            thinned.add(rows)

    files = corpus.files()
    whole_s = min(MOST_S, PER_FILE_S * len(files))
    heard_s, used = 0.0, 0
    for path in files:
        left_s = min(PER_FILE_S, MOST_S - heard_s)
        if left_s <= 0:
            break
        length_s = min(left_s, audio_files.probe(path).length_s)
        for share in encoding(codec, path, take, left_s):
            yield min(0.99, (heard_s + share * length_s) / whole_s)
        heard_s += length_s
        used += 1
    words = _words(corpus, used, len(files), heard_s)
    if method == "umap":
        reduced = moments.basis(axes=min(_UMAP_AXES, codec.info.latent_dim))
        work = umap_space.fitting(reduced, thinned.rows, words)
        while True:
            try:
                next(work)
            except StopIteration as end:
                found_space: Space = end.value
                return found_space
            yield 0.99
    basis = moments.basis(f"The principal axes of {words}; fixed for all clips.")
    kept.save(codec, corpus, basis)
    return basis


def _words(corpus: Corpus, used: int, files: int, heard_s: float) -> str:
    if not corpus.folder:
        return "this codec's latents on the shipped speech sample"
    several = f"{used} of {files} files" if used < files else f"{used} files" if used > 1 else "one file"
    return f"this codec's latents on {several} ({heard_s / 60:.1f} min) of {corpus.name}"


class Thinned:
    """Of rows that come piece by piece at most about 2 · `most`, evenly spread: those whose number is a multiple of a
    step, which doubles when there are too many."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._step, self._seen = 1, 0
        self._pieces: list[Points] = []

    def add(self, rows: Points) -> None:
        """Take in `[n, D]`."""
        self._pieces.append(rows[-self._seen % self._step :: self._step].copy())
        self._seen += len(rows)
        while -(-self._seen // self._step) > 2 * self._most:
            self._pieces = [self.rows[::2]]
            self._step *= 2

    @property
    def rows(self) -> Points:
        """`[n, D]`."""
        return np.concatenate(self._pieces) if self._pieces else np.zeros((0, 0), np.float32)
