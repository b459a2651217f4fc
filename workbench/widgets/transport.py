"""Play, loop, position: the row under which everything is heard."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from workbench.widgets.controls import Button, Slider, in_tab_order
from workbench.widgets.ticks import length_text


class Transport(QWidget):
    """Says what the person wants; shows what it is given."""

    play_pressed = Signal()
    loop_pressed = Signal()
    seek_requested = Signal(int)  # sample

    def __init__(self) -> None:
        super().__init__()
        self.rate_hz = 0
        self.play = Button("Play", "Play", "Play or pause (Space).", icon_name="play")
        self.loop = Button("Loop", "Loop", "Repeat the marked region or the whole clip (L).", True, "loop")
        self.position = Slider("Position", "Where in the clip the cursor stands.", 0, 0)
        self.time = QLabel()
        row = QHBoxLayout()
        row.addWidget(self.play)
        row.addWidget(self.loop)
        row.addStretch(1)
        row.addWidget(self.time)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self.position)
        in_tab_order(self.play, self.loop, self.position)
        self.play.clicked.connect(self.play_pressed)
        self.loop.clicked.connect(self._loop_clicked)
        self.position.valueChanged.connect(self.seek_requested)
        self.set_clip(0, 0)

    def set_clip(self, length_samples: int, rate_hz: int) -> None:
        """How long the clip is; 0: none."""
        self.rate_hz = rate_hz
        self.setEnabled(rate_hz > 0)
        self.position.blockSignals(True)
        self.position.setRange(0, max(0, length_samples - 1))
        self.position.setSingleStep(max(1, rate_hz // 10))
        self.position.setPageStep(max(1, rate_hz))
        self.position.blockSignals(False)
        self.set_position(0)

    def set_position(self, sample: int) -> None:
        """Where the cursor is; a slider in the person's hand is left alone."""
        if not self.position.isSliderDown() and sample != self.position.value():
            self.position.blockSignals(True)
            self.position.setValue(sample)
            self.position.blockSignals(False)
        rate = self.rate_hz or 1
        text = (
            f"{length_text(sample / rate)} / {length_text((self.position.maximum() + 1) / rate if self.rate_hz else 0)}"
        )
        if text != self.time.text():
            self.time.setText(text)

    def set_playing(self, playing: bool, looping: bool) -> None:
        """What the buttons show."""
        self.play.setText("Pause" if playing else "Play")
        self.play.setAccessibleName(self.play.text())
        self.play.set_icon("pause" if playing else "play")
        self.loop.setChecked(looping)

    def _loop_clicked(self) -> None:
        self.loop.setChecked(not self.loop.isChecked())  # the state decides, not the click
        self.loop_pressed.emit()
