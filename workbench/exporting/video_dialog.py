"""Export a video: which views, of which stretch, how large, where to; progress and Stop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from workbench import dialogs
from workbench.context import Context
from workbench.exporting.figures_dialog import FiguresDialog
from workbench.exporting.scenes import Scene, movable
from workbench.exporting.video import VideoJob
from workbench.verbs.compare import words_of
from workbench.widgets.figure import Figure
from workbench.widgets.theme import describe

SIZES = (("1280 × 720", QSize(1280, 720)), ("1920 × 1080", QSize(1920, 1080)), ("960 × 540", QSize(960, 540)))
MOST_VIEWS = 3
LONGEST_S = 600.0


class VideoDialog(FiguresDialog):
    """The sound is that of the take that is heard now, as loud as it is heard."""

    def __init__(self, parent: QWidget, ctx: Context, figures: Sequence[Figure], chosen: Sequence[Figure]) -> None:
        shown = movable(figures)
        super().__init__(parent, "Export a video", shown, (movable(chosen) or shown)[:MOST_VIEWS])
        self.setObjectName("video")
        describe(self.views, "Views", f"What the video shows, below each other, at most {MOST_VIEWS}; Space ticks one.")
        describe(self.progress, "Progress", "How much of the video is made.")
        self.ctx, self.job = ctx, None
        self.stretch = QComboBox()
        describe(self.stretch, "Stretch", "Which part of the clip.")
        for title, span in self._spans():
            self.stretch.addItem(title, span)
        self.sizes = QComboBox()
        describe(self.sizes, "Size", "Pixels of the video.")
        for title, size in SIZES:
            self.sizes.addItem(title, size)
        clip = Path(ctx.clip.data.path)
        self.target = QLineEdit(str(clip.with_suffix(".mp4") if clip.name else Path.home() / "video.mp4"))
        describe(self.target, "File", "The MP4 file to write.")
        self.go = self.add_go("Make the video", self.make)
        self.lay_out((("S&tretch", self.stretch), ("&Size", self.sizes)), ("&File", self.target, self._browse))
        self.resize(520, 400)
        self.update_state()

    def _spans(self) -> list[tuple[str, tuple[float, float]]]:
        """The loop, what is in sight, all of it."""
        clip, view, loop = self.ctx.clip.data, self.ctx.time_view, self.ctx.playback.loop
        found = []
        if loop is not None and clip.rate_hz:
            found.append(("The marked region", (loop[0] / clip.rate_hz, loop[1] / clip.rate_hz)))
        if (view.start_s, view.end_s) != (0.0, view.length_s):
            found.append(("What is in sight", (view.start_s, view.end_s)))
        found.append(("The whole clip", (0.0, clip.length_s)))
        return [(f"{title}, {span[1] - span[0]:.1f} s", span) for title, span in found]

    def make(self) -> None:
        """Begin."""
        ctx, clip = self.ctx, self.ctx.clip.data
        start, end = self.stretch.currentData()
        render = clip.renders.get(ctx.playback.depth, clip.renders[0])
        sound = np.asarray(render.audio[:, round(start * clip.rate_hz) : round(end * clip.rate_hz)], np.float32)
        target = Path(self.target.text()).expanduser().absolute()
        if target.suffix.lower() != ".mp4":
            target = target.with_name(target.name + ".mp4")
        title = self._title(render.depth)
        scene = Scene(self.chosen(), title, self.sizes.currentData(), (start, end), ctx.time_view)
        self.job = VideoJob(scene, sound, clip.rate_hz, target, self)
        self.job.progressed.connect(self.show_share)
        self.job.finished.connect(lambda path: self._over(f"The video is {path}."))
        self.job.failed.connect(self._over)
        self.told.setText(f"Making {target} …")
        self.job.start()
        self.update_state()

    def reject(self) -> None:
        """While it is made: stop that. Otherwise: close."""
        if self.job is not None:
            self.job.cancel()
            self._over("Stopped; no video was written.")
        else:
            super().reject()

    def _title(self, number: int) -> str:
        """The clip and what is heard of it; in a blind trial not which."""
        ctx = self.ctx
        name = ctx.document.audio_name or Path(ctx.clip.data.path).name
        heard = "hidden in a blind trial" if ctx.playback.blind else words_of(ctx, number)
        return " · ".join(part for part in (name, heard) if part)

    def _over(self, words: str) -> None:
        if self.job is not None:
            self.job.deleteLater()
            self.job = None
        self.told.setText(words)
        self.update_state()

    def _browse(self) -> None:
        path = dialogs.ask_target(self, "Make the video", self.target.text(), "Videos (*.mp4)")
        if path:
            self.target.setText(path)

    def update_state(self) -> None:
        running = self.job is not None
        count = len(self.chosen())
        span = self.stretch.currentData()
        short = span is not None and 0 < span[1] - span[0] <= LONGEST_S
        self.go.setEnabled(not running and 1 <= count <= MOST_VIEWS and short)
        self.show_running(running)
        if running or self.job is not None:
            return
        if not self._figures:
            self.told.setText("Open a view that moves with the sound first: waveform, spectrogram, codes or latents.")
        elif count > MOST_VIEWS:
            self.told.setText(f"At most {MOST_VIEWS} views fit; untick some.")
        elif not short:
            self.told.setText(f"Videos are at most {LONGEST_S / 60:.0f} minutes long; mark a region first.")
