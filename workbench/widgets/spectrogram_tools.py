"""The second tool row of the spectrogram: colours, frequency axis, dynamic range, transform and window."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from speefeare_core.spectrograms.scales import SCALES
from speefeare_core.spectrograms.settings import FFT_SIZES, WINDOWS, SpectrogramSettings
from workbench.widgets.colormap import MAPS
from workbench.widgets.controls import Choice, in_tab_order
from workbench.widgets.read_out import ReadOut

RANGES_DB = (30, 40, 50, 60, 70, 80, 90, 100, 120)
DEFAULT_RANGE = "80"


class SpectrogramTools(QWidget):
    """`look_changed`: how it is drawn; `settings_changed`: how it is computed."""

    look_changed = Signal()
    settings_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.map_choice = Choice("Colour map", "Colours of the levels.", tuple((name.title(), name) for name in MAPS))
        self.scale_choice = Choice(
            "Frequency axis",
            "Frequency axis: " + " ".join(f"{row.title}: {row.tip}" for row in SCALES.values()),
            tuple((row.title, key) for key, row in SCALES.items()),
        )
        self.range_choice = Choice(
            "Dynamic range",
            "How far below the loudest level the colours reach; what is fainter has the lowest colour.",
            tuple((f"{value} dB", str(value)) for value in RANGES_DB),
        )
        self.range_choice.set_value(DEFAULT_RANGE)
        self.fft_choice = Choice(
            "FFT size",
            "Samples of the transform: more tell frequencies apart, fewer tell moments apart. Automatic: about 32 ms.",
            (("FFT auto", "0"), *((f"FFT {size}", str(size)) for size in FFT_SIZES)),
        )
        self.window_choice = Choice(
            "Window",
            "Window of the transform. " + " ".join(f"{row.title}: {row.tip}" for row in WINDOWS.values()),
            tuple((row.title, key) for key, row in WINDOWS.items()),
        )
        self.note = ReadOut()
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 4, 0)
        for choice in (self.map_choice, self.scale_choice, self.range_choice, self.fft_choice, self.window_choice):
            row.addWidget(choice)
        row.addWidget(self.note, 1)
        in_tab_order(self.map_choice, self.scale_choice, self.range_choice, self.fft_choice, self.window_choice)
        for choice in (self.map_choice, self.scale_choice, self.range_choice):
            choice.currentIndexChanged.connect(self.look_changed)
        for choice in (self.fft_choice, self.window_choice):
            choice.currentIndexChanged.connect(self.settings_changed)

    @property
    def settings(self) -> SpectrogramSettings:
        """What is chosen."""
        return SpectrogramSettings(int(self.fft_choice.value or 0), self.window_choice.value or "hann")

    @property
    def look(self) -> tuple[str, str, float]:
        """Colour map, frequency axis and dynamic range in dB."""
        return (
            self.map_choice.value or MAPS[0],
            self.scale_choice.value or "linear",
            float(self.range_choice.value or DEFAULT_RANGE),
        )

    def show_settings(self, settings: SpectrogramSettings, rate_hz: int) -> None:
        """What counts now, and what it means in ms and Hz."""
        self.fft_choice.set_value(str(settings.fft_samples))
        self.window_choice.set_value(settings.window)
        size = settings.size(rate_hz) if rate_hz else 0
        words = f"{size} samples · {1000 * size / rate_hz:.1f} ms · {rate_hz / size:.1f} Hz a bin" if size else ""
        self.note.say(words)

    def state(self) -> dict[str, str]:
        """JSON-ready."""
        return {
            "map": self.map_choice.value,
            "frequency": self.scale_choice.value,
            "range": self.range_choice.value,
            "fft": self.fft_choice.value,
            "window": self.window_choice.value,
        }

    def set_state(self, state: dict[str, object]) -> None:
        """The inverse; what is not known changes nothing."""
        choices = (self.map_choice, self.scale_choice, self.range_choice, self.fft_choice, self.window_choice)
        for choice, key in zip(choices, ("map", "frequency", "range", "fft", "window"), strict=True):
            value = state.get(key)
            if isinstance(value, str):
                choice.set_value(value)
