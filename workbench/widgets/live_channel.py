"""What happens to the codes on their way: lost packets, flipped bits, and whether holes are filled."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from speefeare_core.channel.settings import ChannelSettings
from workbench.state.live_setup import BURST, LOSS, PACKET
from workbench.widgets.controls import Button, Slider, in_tab_order
from workbench.widgets.labelled_grid import labelled_grid
from workbench.widgets.loss_picture import LossPicture

BIT_ERRORS = (0.0, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)


class LiveChannel(QWidget):
    """Sliders of `ChannelSettings`; `changed` carries the fields that a hand moved."""

    changed = Signal(dict)

    def __init__(self) -> None:
        super().__init__()
        self.loss = Slider("Packet loss", "Share of the packets that are lost.", 0, round(100 * LOSS))
        self.burst = Slider("Burst", "Packets that are lost in a row, on average; 1: each by itself.", 1, round(BURST))
        self.packet = Slider("Packet", "Frames in one packet.", 1, PACKET)
        self.bits = Slider("Bit errors", "Share of the bits of the codes that are flipped.", 0, len(BIT_ERRORS) - 1)
        self.conceal = Button("Conceal", "Conceal losses", "Fill holes in; off: silence is heard for them.", True)
        self.clear = Button("Clear", "Clear channel", "No loss, no bit errors, no frozen books (Ctrl+0).")
        self.picture = LossPicture()
        self._texts = {name: QLabel() for name in ("loss", "burst", "packet", "bits")}
        self._settings = ChannelSettings()
        self._lay_out()
        self.loss.valueChanged.connect(lambda value: self.changed.emit({"loss": value / 100}))
        self.burst.valueChanged.connect(lambda value: self.changed.emit({"burst_packets": float(value)}))
        self.packet.valueChanged.connect(lambda value: self.changed.emit({"packet_frames": value}))
        self.bits.valueChanged.connect(lambda value: self.changed.emit({"bit_errors": BIT_ERRORS[value]}))
        self.conceal.clicked.connect(lambda on: self.changed.emit({"conceal": on}))
        self.set_channel(self._settings, 0.0)

    def _lay_out(self) -> None:
        rows = (
            ("Loss", self.loss, self._texts["loss"]),
            ("Burst", self.burst, self._texts["burst"]),
            ("Packet", self.packet, self._texts["packet"]),
            ("Bit errors", self.bits, self._texts["bits"]),
        )
        grid = labelled_grid(rows, "16 frames · 0000 ms")
        buttons = QHBoxLayout()
        for button in (self.conceal, self.clear):
            buttons.addWidget(button, 1)
        column = QVBoxLayout(self)
        column.setSpacing(4)
        column.addWidget(self.picture)
        column.addLayout(grid)
        column.addLayout(buttons)
        in_tab_order(self.loss, self.burst, self.packet, self.bits, self.conceal, self.clear)

    def set_channel(self, settings: ChannelSettings, frame_rate_hz: float) -> None:
        """What the sliders show; times are told where the codec's frame rate is known."""
        self._settings = settings
        nearest = min(range(len(BIT_ERRORS)), key=lambda index: abs(BIT_ERRORS[index] - settings.bit_errors))
        for slider, value in (
            (self.loss, round(100 * settings.loss)),
            (self.burst, round(settings.burst_packets)),
            (self.packet, settings.packet_frames),
            (self.bits, nearest),
        ):
            if not slider.isSliderDown():
                slider.blockSignals(True)
                slider.setValue(value)
                slider.blockSignals(False)
        self.conceal.setChecked(settings.conceal)
        self.clear.setEnabled(not settings.clean)
        frames = settings.packet_frames
        length = f" · {1000 * frames / frame_rate_hz:.0f} ms" if frame_rate_hz else ""
        self._texts["loss"].setText(f"{100 * settings.loss:.0f} %")
        self._texts["burst"].setText(
            "single" if settings.burst_packets <= 1 else f"{settings.burst_packets:.0f} in a row"
        )
        self._texts["packet"].setText(f"{frames} frame{'s' if frames > 1 else ''}{length}")
        self._texts["bits"].setText(f"{settings.bit_errors:.0e}" if settings.bit_errors else "none")
        self.picture.set_loss(settings.loss, settings.burst_packets)
