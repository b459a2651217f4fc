"""Where the sound of Live comes from and goes to, how loud, and how loud it is."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QSpinBox, QStackedWidget, QVBoxLayout, QWidget

from workbench.state.live_setup import GAIN_DB, GENERATOR, TONE_HZ
from workbench.widgets.controls import Button, Choice, Slider, in_tab_order
from workbench.widgets.labelled_grid import labelled_grid
from workbench.widgets.level_meter import LevelMeter
from workbench.widgets.theme import describe


class LiveSound(QWidget):
    """Source, output, gains and meters. All of it stays in use while live runs."""

    gains_changed = Signal(float, float)  # input, output in dB

    def __init__(self) -> None:
        super().__init__()
        self.source = Choice("Source", "A microphone, what the system plays, a sound file or a generator.")
        self.file = Button("File …", "Sound file as microphone", "Choose a file that takes the microphone's place.")
        self.tone = QSpinBox()
        self.tone.setRange(*(round(value) for value in TONE_HZ))
        self.tone.setSuffix(" Hz")
        self.tone.setKeyboardTracking(False)
        describe(self.tone, "Frequency", "Frequency of the sine.")
        self.beside = QStackedWidget()
        self.beside.addWidget(self.file)
        self.beside.addWidget(self.tone)
        self.output = Choice("Loudspeaker", "Where the decoded sound comes out.")
        self.look = Button("", "Look for sound devices", "List the sound devices again (Ctrl+D).", icon_name="refresh")
        self.input_gain = Slider("Input gain", "Gain before the codec in dB.", -round(GAIN_DB), round(GAIN_DB))
        self.output_gain = Slider("Output gain", "Gain after the codec in dB.", -round(GAIN_DB), round(GAIN_DB))
        self.input_text, self.output_text = QLabel(), QLabel()
        self.input_meter = LevelMeter("In", scale=False)
        self.output_meter = LevelMeter("Out")
        self._lay_out()
        for slider in (self.input_gain, self.output_gain):
            slider.setPageStep(6)
            slider.valueChanged.connect(self._gain_moved)
        self.set_gains(0.0, 0.0)

    def _lay_out(self) -> None:
        rows = (
            ("Source", self.source, self.beside),
            ("Output", self.output, self.look),
            ("In", self.input_gain, self.input_text),
            ("Out", self.output_gain, self.output_text),
        )
        grid = labelled_grid(rows)
        self.beside.setFixedWidth(self.fontMetrics().horizontalAdvance("20000 Hz") + 30)
        column = QVBoxLayout(self)
        column.setSpacing(4)
        column.addLayout(grid)
        column.addWidget(self.input_meter)
        column.addWidget(self.output_meter)
        in_tab_order(
            self.source, self.file, self.tone, self.output, self.look, self.input_gain, self.output_gain
        )  # fmt: skip

    def set_source(self, source: str, tone_hz: float) -> None:
        """What is chosen; a sine has a frequency where a file has its button."""
        self.source.set_value(source)
        self.beside.setCurrentWidget(self.tone if source == f"{GENERATOR}sine" else self.file)
        if not self.tone.hasFocus():
            self.tone.blockSignals(True)
            self.tone.setValue(round(tone_hz))
            self.tone.blockSignals(False)

    def set_gains(self, input_db: float, output_db: float) -> None:
        """What the sliders show."""
        rows = ((self.input_gain, self.input_text, input_db), (self.output_gain, self.output_text, output_db))
        for slider, label, gain_db in rows:
            if not slider.isSliderDown():
                slider.blockSignals(True)
                slider.setValue(round(gain_db))
                slider.blockSignals(False)
            label.setText(f"{gain_db:+.0f} dB".replace("-", "−") if gain_db else "0 dB")

    def _gain_moved(self) -> None:
        self.gains_changed.emit(float(self.input_gain.value()), float(self.output_gain.value()))

    def set_levels(self, counters: dict[str, float]) -> None:
        """Levels, clipping and the limiter, from the status block."""
        self.input_meter.set_level(counters.get("input_rms", 0.0), counters.get("input_peak", 0.0))
        self.output_meter.set_level(counters.get("output_rms", 0.0), counters.get("output_peak", 0.0))
        self.output_meter.set_reduction(counters.get("output_limited_db", 0.0))

    def clear(self) -> None:
        """Silence."""
        self.input_meter.clear()
        self.output_meter.clear()
