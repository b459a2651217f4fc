"""The live picture: input and output spectrograms and tokens that scroll, and the latent trail beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QWidget

from workbench.widgets.colormap import blend, code_table, table
from workbench.widgets.latent_trail import LatentTrail
from workbench.widgets.running_spectrum import RunningSpectrum
from workbench.widgets.scroll_view import PRESS_START, ScrollLane, ScrollView
from workbench.widgets.theme import describe, rgb32, theme_of

Array = NDArray[Any]
SECONDS = 6.0


class LiveScroll(QWidget):
    """Fed with samples, codes and latents; every lane shows the same seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.view = ScrollView(SECONDS)
        describe(self.view, "Live spectrograms and tokens", "The last seconds of input, output and tokens.")
        self.trail = LatentTrail("Latents")
        self.rate_hz = 0
        self.frame_rate_hz = 0.0
        self.books = 0
        self._spectra: dict[str, RunningSpectrum] = {}
        self._frames = 0
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.addWidget(self.view, 3)
        self._row.addWidget(self.trail, 1)
        self.view.resized.connect(self._restart)

    def start(self, rate_hz: int, frame_rate_hz: float, books: int, latents: bool) -> None:
        """A new session: empty lanes."""
        self.rate_hz, self.frame_rate_hz, self.books = rate_hz, frame_rate_hz, books
        top = f"{rate_hz / 2000:g} kHz"
        lanes = [
            ScrollLane("input", "Input", 1.0, top, "0"),
            ScrollLane("output", "Output", 1.0, top, "0"),
        ]
        if books:
            lanes.append(ScrollLane("codes", f"Tokens · {books} book{'s' if books > 1 else ''}", 0.8, "1", str(books)))
        self.trail.setVisible(latents)
        self.trail.clear()
        self.view.lanes = ()
        self.view.set_lanes(tuple(lanes))

    def wait(self, sentence: str) -> None:
        """What to say before a session; empty: that one may start."""
        waiting = sentence or PRESS_START
        if waiting != self.view.waiting:
            self.view.waiting = waiting
            if sentence:  # what an older codec gave is of no use
                self.view.set_lanes(())
                self.trail.clear()
            self.trail.setVisible(not sentence)
            self.view.update()

    def _restart(self) -> None:
        """The lanes have another size and are empty."""
        self._frames = 0
        self._spectra = {}
        for key in ("input", "output"):
            width, height = self.view.lane_pixels(key)
            if width and self.rate_hz:
                self._spectra[key] = RunningSpectrum(self.rate_hz, SECONDS * self.rate_hz / width, height)

    def feed_sound(self, key: str, samples: Array) -> None:
        """Mono samples `[n]` for the lane `input` or `output`."""
        if key in self._spectra and len(samples):
            longest = int(SECONDS * self.rate_hz) + self._spectra[key].window_samples
            self.view.push(key, self._spectra[key].pixels(samples[-longest:], table("viridis")))

    def feed_codes(self, codes: Array, depth: int) -> None:
        """Codes `[K, n]`; books beyond `depth` (0: all count) are dimmed."""
        width, height = self.view.lane_pixels("codes")
        if not width or not codes.shape[1]:
            return
        per_frame = width / (SECONDS * self.frame_rate_hz)
        first = self._frames
        self._frames += codes.shape[1]
        columns = np.arange(int(first * per_frame), int(self._frames * per_frame))
        frames = np.clip(((columns + 0.5) / per_frame).astype(np.int64) - first, 0, codes.shape[1] - 1)
        theme = theme_of(self.palette())
        pixels = code_table(theme.dark)[codes[:, frames].astype(np.int64) & 4095]
        if depth:
            pixels[depth:] = blend(pixels[depth:], rgb32(theme.lane), 0.78)
        rows = np.arange(height) * len(pixels) // height
        self.view.push("codes", pixels[rows])

    def feed_latents(self, points: Array) -> None:
        """Points `[n, 2]` in the fixed basis."""
        self.trail.push(points, max(8, int(SECONDS * self.frame_rate_hz / 2)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        wide = event.size().width() > 1.6 * event.size().height()
        self._row.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    def sizeHint(self) -> QSize:
        return QSize(640, 300)
