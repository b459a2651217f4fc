"""Spectrograms of small sound files, made in the window a few milliseconds at a time, the last ones kept."""

from __future__ import annotations

import sys
import time
from collections import OrderedDict
from pathlib import Path

import numpy as np

from speefeare_core.errors import SpeefeareError
from speefeare_core.spectrograms.columns import FLOOR_DB, TOP_DB, Columns
from speefeare_core.spectrograms.settings import SpectrogramSettings
from workbench.widgets.column_store import ColumnStore

KEPT = 48  # pictures: some hundred kilobytes each
TOGETHER = 64  # columns between two looks at the clock: under a millisecond
LONGEST_S = 60.0  # more is not read here


class SoundPicture:
    """One file. `problem`: why there is no picture."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stamp = _stamp(path)
        self.length_s = 0.0
        self.store: ColumnStore | None = None
        self.problem = ""
        self._maker: Columns | None = None

    @property
    def done(self) -> bool:
        """Whether there is nothing more to do."""
        return bool(self.problem) or (self.store is not None and self.store.columns_done == len(self.store.values))

    def advance(self) -> None:
        """Read the file, or make some columns."""
        if self._maker is None or self.store is None:
            self._open()
            return
        first = self.store.columns_done
        end = min(first + TOGETHER, len(self.store.values))
        self._maker.make(first, self.store.values[first:end])
        self.store.advance(end)

    def _open(self) -> None:
        loaded = "speefeare_core.audio" in sys.modules
        from speefeare_core import audio  # loads libsndfile, which the first second does not need

        if not loaded:
            return  # that took a frame
        try:
            if audio.probe(self.path).length_s > LONGEST_S:
                raise SpeefeareError(f"{self.path.name} is longer than a minute.")
            sound = audio.read(self.path)
        except SpeefeareError as error:
            self.problem = str(error)
            return
        self.length_s = sound.samples.shape[1] / sound.rate_hz
        self._maker = Columns(sound.samples, sound.rate_hz, SpectrogramSettings())
        values = np.zeros((self._maker.count, self._maker.bins), np.uint8)
        self.store = ColumnStore(values, self._maker.hop, sound.rate_hz, FLOOR_DB, TOP_DB)


class SoundPictures:
    """`want` what is shown now; `advance` in each frame."""

    def __init__(self) -> None:
        self._known: OrderedDict[Path, SoundPicture] = OrderedDict()

    def want(self, path: Path) -> SoundPicture:
        """The picture of a file, as far as it is made; a file that was written anew is read anew."""
        picture = self._known.get(path)
        if picture is None or picture.stamp != _stamp(path):
            picture = SoundPicture(path)
            self._known[path] = picture
        self._known.move_to_end(path)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return picture

    def advance(self, budget_s: float) -> bool:
        """Go on with what is not done, the newest wish first; whether anything changed."""
        start, changed = time.perf_counter(), False
        for picture in reversed(self._known.values()):
            while not picture.done:
                picture.advance()
                changed = True
                if time.perf_counter() - start > budget_s:
                    return True
        return changed


def _stamp(path: Path) -> tuple[int, int]:
    try:
        about = path.stat()
    except OSError:
        return (0, 0)
    return about.st_mtime_ns, about.st_size
