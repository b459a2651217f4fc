"""The controls of live: where sound comes from and goes to, start, mute, bypass, depth, gains."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from workbench.widgets.controls import Button, Choice, Slider, in_tab_order
from workbench.widgets.read_out import ReadOut

GAIN_DB = 24
DEPTH_TIP = "How many books the listener gets."
START_TIP = "Start or stop talking through the codec (Ctrl+L)."


class LiveControls(QWidget):
    """Plain controls; the panel connects them."""

    gains_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.source = Choice("Source", "Microphone, or a sound file that takes its place.")
        self.file = Button(
            "File …", "Sound file as microphone", "Choose a sound file that takes the microphone's place."
        )
        self.output = Choice("Loudspeaker", "Where the decoded sound comes out.")
        self.look = Button("", "Look for sound devices", "List the sound devices again.", icon_name="refresh")
        self.frames = Choice(
            "Frames per step",
            "More frames in one step cost less computing and more latency.",
            tuple((f"{n} frame{'s' if n > 1 else ''} a step", str(n)) for n in (1, 2, 4, 8)),
        )
        self.start = Button("Start", "Start live", START_TIP, icon_name="play")
        self.mute = Button("Mute", "Mute", "Silence the output (M); live always starts muted.", True, "mute")
        self.bypass = Button("Bypass", "Bypass", "Hear the input itself with the same delay (Y).", True)
        self.depth = Slider("Live depth", DEPTH_TIP, 1, 1)
        self.depth_text = QLabel()
        self.input_gain = Slider("Input gain", "Gain before the codec in dB.", -GAIN_DB, GAIN_DB)
        self.input_gain_text = QLabel()
        self.output_gain = Slider("Output gain", "Gain after the codec in dB.", -GAIN_DB, GAIN_DB)
        self.output_gain_text = QLabel()
        self.message = ReadOut(lines=2)
        self._lay_out()
        for slider in (self.input_gain, self.output_gain):
            slider.setPageStep(6)
            slider.valueChanged.connect(self._show_gains)
        self._show_gains()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        buttons = QHBoxLayout()
        for button in (self.start, self.mute, self.bypass):
            buttons.addWidget(button, 1)
        grid = QGridLayout()
        rows = (
            ("Source", self.source, self.file),
            ("Output", self.output, self.look),
            ("Step", self.frames, None),
            ("Depth", self.depth, self.depth_text),
            ("In", self.input_gain, self.input_gain_text),
            ("Out", self.output_gain, self.output_gain_text),
        )
        for row, (title, widget, end) in enumerate(rows):
            label = QLabel(title)
            label.setBuddy(widget)
            grid.addWidget(label, row, 0)
            grid.addWidget(widget, row, 1, 1, 1 if end else 2)
            if end:
                grid.addWidget(end, row, 2)
        grid.setColumnStretch(1, 1)
        grid.setColumnMinimumWidth(2, self.fontMetrics().horizontalAdvance("46 · 9.20 kbps"))
        column.addLayout(buttons)
        column.addWidget(self.message)
        column.addLayout(grid)
        in_tab_order(
            self.start, self.mute, self.bypass, self.source, self.file, self.output, self.look, self.frames,
            self.depth, self.input_gain, self.output_gain,
        )  # fmt: skip

    def set_depth(self, depth: int, highest: int, text: str, why_not: str = "") -> None:
        """What the depth slider shows; `highest` 0: there is none, and `why_not` says why."""
        self.depth.setToolTip(why_not or DEPTH_TIP)
        self.depth.blockSignals(True)
        self.depth.setRange(min(1, highest), highest)
        self.depth.setEnabled(highest > 1)
        if not self.depth.isSliderDown():
            self.depth.setValue(depth)
        self.depth.blockSignals(False)
        self.depth_text.setText(text)

    def set_running(self, running: bool, able: bool) -> None:
        """What can be changed only while it does not run is locked while it does."""
        self.start.setText("Stop" if running else "Start")
        self.start.setAccessibleName("Stop live" if running else "Start live")
        self.start.set_icon("stop" if running else "play")
        self.start.setEnabled(able or running)
        for widget in (self.source, self.file, self.output, self.look, self.frames):
            widget.setEnabled(not running)
        for widget in (self.mute, self.bypass):
            widget.setEnabled(running)

    def set_why_not_start(self, reason: str) -> None:
        """Why Start is disabled; empty: it is not."""
        self.start.setToolTip(reason or START_TIP)

    def set_muted(self, muted: bool, bypass: bool) -> None:
        """What the buttons show."""
        self.mute.setChecked(muted)
        self.mute.setText("Muted" if muted else "Mute")
        self.mute.set_icon("mute" if muted else "speaker")
        self.bypass.setChecked(bypass)

    def _show_gains(self) -> None:
        for slider, label in ((self.input_gain, self.input_gain_text), (self.output_gain, self.output_gain_text)):
            label.setText(f"{slider.value():+d} dB".replace("-", "−") if slider.value() else "0 dB")
        self.gains_changed.emit()
