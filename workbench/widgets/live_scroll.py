"""The lanes of Live that scroll together: input and output spectrograms, tokens, energy of the books."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from workbench.widgets.colormap import blend, code_table, table
from workbench.widgets.running_spectrum import RunningSpectrum
from workbench.widgets.scroll_view import PRESS_START, ScrollLane, ScrollView
from workbench.widgets.theme import describe, rgb32, theme_of

Array = NDArray[Any]
SECONDS = 6.0
LANES = ("input", "output", "codes", "residual")
ALL_HIDDEN = "All views are hidden"
RANGE_DB = 60.0  # of the energies, below the loudest so far


class LiveScroll(QWidget):
    """Fed with samples, codes and energies. `emptied`: the lanes want their last seconds again."""

    emptied = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.view = ScrollView(SECONDS)
        describe(
            self.view, "Live spectrograms and tokens", "The last seconds of input, output, tokens and book energy."
        )
        self.rate_hz = 0
        self.frame_rate_hz = 0.0
        self.books = 0
        self.heard: frozenset[int] | None = None  # books that are not dimmed; None: all
        self.visible_lanes: frozenset[str] = frozenset(LANES)
        self._spectra: dict[str, RunningSpectrum] = {}
        self._frames: dict[str, int] = {}
        self._loudest = -np.inf
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.view)
        self.view.resized.connect(self._restart)

    @property
    def seconds(self) -> float:
        """How much a lane shows."""
        return self.view.seconds

    def start(self, rate_hz: int, frame_rate_hz: float, books: int) -> None:
        """A new session: empty lanes."""
        self.rate_hz, self.frame_rate_hz, self.books = rate_hz, frame_rate_hz, books
        self._loudest = -np.inf
        self.view.lanes = ()
        self._set_lanes()

    def set_visible(self, lanes: Iterable[str]) -> None:
        """Which lanes there are."""
        wanted = frozenset(lanes)
        if wanted != self.visible_lanes:
            self.visible_lanes = wanted
            if self.rate_hz:
                self._set_lanes()

    def set_seconds(self, seconds: float) -> None:
        """How much a lane shows; empties them."""
        if seconds != self.view.seconds:
            self.view.seconds = seconds
            self.view.clear()

    def _set_lanes(self) -> None:
        top = f"{self.rate_hz / 2000:g} kHz"
        books = f"{self.books} book{'s' if self.books > 1 else ''}"
        lanes = [ScrollLane("input", "Input", 1.0, top, "0"), ScrollLane("output", "Output", 1.0, top, "0")]
        if self.books:
            lanes.append(ScrollLane("codes", f"Tokens · {books}", 0.8, "1", str(self.books)))
            lanes.append(ScrollLane("residual", "Energy per book", 0.6, "1", str(self.books)))
        self.view.waiting = PRESS_START if self.visible_lanes else ALL_HIDDEN
        self.view.set_lanes(tuple(lane for lane in lanes if lane.key in self.visible_lanes))

    def _restart(self) -> None:
        """The lanes have another size, or others are there: all are empty."""
        self._frames = dict.fromkeys(("codes", "residual"), 0)
        self._spectra = {}
        for key in ("input", "output"):
            width, height = self.view.lane_pixels(key)
            if width and self.rate_hz:
                self._spectra[key] = RunningSpectrum(self.rate_hz, self.seconds * self.rate_hz / width, height)
        self.emptied.emit()

    # -- food -------------------------------------------------------------------------------------------------------
    def feed_sound(self, key: str, samples: Array) -> None:
        """Mono samples `[n]` for the lane `input` or `output`."""
        if key in self._spectra and len(samples):
            longest = int(self.seconds * self.rate_hz) + self._spectra[key].window_samples
            self.view.push(key, self._spectra[key].pixels(samples[-longest:], table("viridis")))

    def feed_codes(self, codes: Array) -> None:
        """Codes `[K, n]`; books that are not heard are dimmed, lost tokens (negative) are holes."""
        columns = self._columns("codes", codes.shape[1])
        if columns is None:
            return
        theme = theme_of(self.palette())
        shown = codes[:, columns].astype(np.int64)
        pixels = code_table(theme.dark)[shown & 4095]
        pixels[shown < 0] = rgb32(theme.background)
        if self.heard is not None:
            dim = np.array([book not in self.heard for book in range(len(pixels))])
            pixels[dim] = blend(pixels[dim], rgb32(theme.lane), 0.78)
        self._push_rows("codes", pixels)

    def feed_residual(self, energy: Array) -> None:
        """Energies `[K, n]` of the entries, drawn in dB below the greatest so far."""
        columns = self._columns("residual", energy.shape[1])
        if columns is None:
            return
        level = 10.0 * np.log10(np.maximum(energy, 1e-12))
        self._loudest = max(self._loudest, float(level.max()))
        shade = np.clip((level - self._loudest) * (255.0 / RANGE_DB) + 255.0, 0, 255).astype(np.uint8)
        self._push_rows("residual", table("magma")[shade[:, columns]])

    def _columns(self, lane: str, frames: int) -> Array | None:
        """Which of `frames` new frames stands in each new column of pixels; None where there is no such lane."""
        width, _ = self.view.lane_pixels(lane)
        if not width or not frames:
            return None
        per_frame = width / (self.seconds * self.frame_rate_hz)
        first = self._frames[lane]
        self._frames[lane] += frames
        columns = np.arange(int(first * per_frame), int(self._frames[lane] * per_frame))
        return np.clip(((columns + 0.5) / per_frame).astype(np.int64) - first, 0, frames - 1)

    def _push_rows(self, lane: str, pixels: Array) -> None:
        _, height = self.view.lane_pixels(lane)
        self.view.push(lane, pixels[np.arange(height) * len(pixels) // height])
