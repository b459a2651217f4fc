"""The page of Compare that says where the sound comes out, and how loud."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from workbench import commands
from workbench.context import Context
from workbench.engine.protocol import DEFAULT_DEVICE, VIRTUAL_DEVICE
from workbench.widgets.controls import Button, Choice, Slider, in_tab_order
from workbench.widgets.labelled_grid import labelled_grid


class SoundPage(QWidget):
    """Loudspeaker and volume of the player."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.output = Choice("Loudspeaker", "Where the sound comes out.")
        self.look = Button("", "Look for sound devices", "List the sound devices again.", icon_name="refresh")
        self.volume = Slider("Volume", "Loudness of the player in dB.", -60, 12)
        self.volume.setPageStep(6)
        self.volume_text = QLabel()
        self.volume_text.setMinimumWidth(self.fontMetrics().horizontalAdvance("−60 dB "))
        place = QVBoxLayout(self)
        place.addLayout(labelled_grid((("Output", self.output, self.look), ("Volume", self.volume, self.volume_text))))
        place.addStretch(1)
        in_tab_order(self.output, self.look, self.volume)
        self.output.activated.connect(lambda: commands.set_output(self.context, self.output.value))
        self.look.clicked.connect(lambda: commands.refresh_devices(self.context))
        self.volume.valueChanged.connect(lambda gain_db: commands.set_volume(self.context, float(gain_db)))
        context.playback.devices_changed.connect(self._show_devices)
        self._show_devices()

    def show_playback(self) -> None:
        """The device and the volume that the player has now."""
        playback = self.context.playback
        if self.output.value != playback.device and playback.device:
            self._show_devices()
        if not self.volume.isSliderDown():
            self.volume.blockSignals(True)
            self.volume.setValue(round(playback.volume_db))
            self.volume.blockSignals(False)
        self.volume_text.setText(f"{playback.volume_db:.0f} dB".replace("-", "−"))

    def _show_devices(self) -> None:
        entries = [("Default", DEFAULT_DEVICE)]
        for device in self.context.live.outputs:
            if device.name not in (DEFAULT_DEVICE, VIRTUAL_DEVICE):
                entries.append((f"{device.name} ({device.host})" if device.host else device.name, device.name))
        entries.append(("Virtual: no sound", VIRTUAL_DEVICE))
        chosen = self.context.playback.device or DEFAULT_DEVICE
        if chosen not in {value for _, value in entries}:
            entries.append((f"{chosen} (not there)", chosen))
        self.output.set_entries(tuple(entries), chosen)
