"""What the delay is made of, what it really is, and what another step size would change."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from workbench.state.live import Estimate
from workbench.state.live_setup import BLOCKS_S, FRAMES, QUEUE_FRAMES
from workbench.widgets.controls import Button, Slider, in_tab_order
from workbench.widgets.labelled_grid import labelled_grid
from workbench.widgets.latency_bar import LatencyBar
from workbench.widgets.live_trade import LiveTrade
from workbench.widgets.read_out import ReadOut

ESTIMATE = "Estimate shows what each step size costs"
ESTIMATE_TIP = "Time this codec at 1, 2, 4 and 8 frames a step (Ctrl+E); while live is stopped."
Step = tuple[int, float, int]  # frames a step, seconds of a block (0: as a stream), frames that may wait


class LiveLatency(QWidget):
    """The sliders move a wish; `applied` carries it when the person says so."""

    applied = Signal(int, float, int)

    def __init__(self) -> None:
        super().__init__()
        self.bar = LatencyBar()
        self.measure = Button(
            "Measure", "Measure round trip", "Send a chirp from the loudspeaker to the microphone (Ctrl+M)."
        )
        self.estimate = Button("Estimate", "Estimate steps", ESTIMATE_TIP)
        self.apply = Button("Apply", "Apply the step", "Use these sliders now.")
        self.frames = Slider(
            "Frames a step", "More frames at once cost less computing and more latency.", 0, len(FRAMES) - 1
        )
        self.block = Slider(
            "Block", "As a stream, or in blocks of this length where the codec is slow.", 0, len(BLOCKS_S) - 1
        )
        self.queue = Slider("Queue", "Frames that may wait; above, the oldest are skipped and counted.", *QUEUE_FRAMES)
        self.frames_text, self.block_text, self.queue_text = QLabel(), QLabel(), QLabel()
        self.trade = LiveTrade()
        self.advice = ReadOut(lines=3)
        self._now: Step = (1, 0.0, 6)
        self._hop_ms = 0.0
        self._points: tuple[Estimate, ...] = ()
        self._mode = ""
        self._busy = False
        self._lay_out()
        for slider in (self.frames, self.block, self.queue):
            slider.valueChanged.connect(self._show_wish)
        self.trade.chosen.connect(self._choose)
        self.apply.clicked.connect(lambda: self.applied.emit(*self.wish))
        self.set_step(self._now, 0.0)

    def _lay_out(self) -> None:
        rows = (
            ("Step", self.frames, self.frames_text),
            ("Block", self.block, self.block_text),
            ("Queue", self.queue, self.queue_text),
        )
        grid = labelled_grid(rows, "16 frames · 1280 ms")
        buttons = QHBoxLayout()
        for button in (self.measure, self.estimate, self.apply):
            buttons.addWidget(button, 1)
        column = QVBoxLayout(self)
        column.setSpacing(4)
        column.addWidget(self.bar)
        column.addLayout(grid)
        column.addWidget(self.trade)
        column.addWidget(self.advice)
        column.addLayout(buttons)
        in_tab_order(self.frames, self.block, self.queue, self.trade, self.measure, self.estimate, self.apply)

    # -- what is shown --------------------------------------------------------------------------------------------
    def set_step(self, step: Step, hop_ms: float) -> None:
        """What is in use, and how long a frame is. The sliders follow where it differs from before."""
        self._hop_ms = hop_ms
        if step != self._now or not self.frames_text.text():
            self._now = step
            self._move(step)
        self._show_wish()

    def _move(self, step: Step) -> None:
        frames, block_s, queue = step
        nearest = min(range(len(FRAMES)), key=lambda index: abs(FRAMES[index] - frames))
        at = min(range(len(BLOCKS_S)), key=lambda index: abs(BLOCKS_S[index] - block_s))
        for slider, value in ((self.frames, nearest), (self.block, at), (self.queue, queue)):
            slider.blockSignals(True)
            slider.setValue(value)
            slider.blockSignals(False)

    def set_estimates(self, points: tuple[Estimate, ...], mode: str, advice: str, busy: bool) -> None:
        """The measured points, the chosen number format, and whether measuring goes on."""
        self._points, self._mode, self._busy = points, mode, busy
        self.advice.say(advice)
        self._show_wish()

    def set_able(self, measure: bool, measuring: bool, estimate: bool) -> None:
        """Which buttons make sense now."""
        self.measure.setEnabled(measure and not measuring)
        self.measure.setText("Measuring …" if measuring else "Measure")
        self.estimate.setEnabled(estimate and not self._busy)

    @property
    def wish(self) -> Step:
        """Where the sliders stand."""
        return FRAMES[self.frames.value()], BLOCKS_S[self.block.value()], self.queue.value()

    def _show_wish(self) -> None:
        frames, block_s, queue = self.wish
        length = f" · {self._hop_ms * frames:.0f} ms" if self._hop_ms else ""
        self.frames_text.setText(f"{frames} frame{'s' if frames > 1 else ''}{length}")
        self.block_text.setText(f"{1000 * block_s:.0f} ms" if block_s else "stream")
        self.queue_text.setText(f"{queue} frames" + (f" · {self._hop_ms * queue:.0f} ms" if self._hop_ms else ""))
        self.apply.setEnabled(self.wish != self._now)
        self.trade.set_points(self._points, frames, self._mode, "Measuring …" if self._busy else ESTIMATE)

    def _choose(self, frames: int) -> None:
        if frames in FRAMES:
            self.frames.setValue(FRAMES.index(frames))
