"""Compare: hear the original and every take of it, sighted or blind."""

from __future__ import annotations

import math

from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout

from workbench import commands
from workbench.context import Context
from workbench.engine.protocol import DEFAULT_DEVICE, VIRTUAL_DEVICE
from workbench.panels.base import Panel
from workbench.state.derived_takes import key_of
from workbench.state.take_names import title_of
from workbench.state.takes import Take
from workbench.widgets.choice_grid import ChoiceGrid, ChoiceItem
from workbench.widgets.controls import Button, Choice, Slider, in_tab_order
from workbench.widgets.labelled_grid import labelled_grid
from workbench.widgets.read_out import ReadOut
from workbench.widgets.transport import Transport

OPEN_HINT = "Open a sound file: Ctrl+O or drop it here"


class ComparePanel(Panel):
    """Transport, a big button for each version, the blind toggle, and where it sounds."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.transport = Transport()
        self.grid = ChoiceGrid("Versions to hear")
        self.message = ReadOut(lines=2)
        self.blind = Button("Blind", "Blind", "Hide which depth is heard behind the labels A, B, C … (B).", True)
        self.reveal = Button("Reveal", "Reveal", "End blind listening and show what each label was (R).")
        self.output = Choice("Loudspeaker", "Where the sound comes out.")
        self.look = Button("", "Look for sound devices", "List the sound devices again.", icon_name="refresh")
        self.volume = Slider("Volume", "Loudness of the player in dB.", -60, 12)
        self.volume.setPageStep(6)
        self.volume_text = QLabel()
        self._lay_out()

        self.transport.play_pressed.connect(self._play)
        self.transport.loop_pressed.connect(self._loop)
        self.transport.seek_requested.connect(self._seek)
        self.grid.chosen.connect(self._choose)
        self.blind.clicked.connect(self._toggle_blind)
        self.reveal.clicked.connect(self._reveal)
        self.output.activated.connect(self._choose_output)
        self.look.clicked.connect(self._look)
        self.volume.valueChanged.connect(self._set_volume)
        context.clip.opened.connect(self._clip_opened)
        context.clip.render_added.connect(self._show)
        context.clip.progress_changed.connect(self._show_message)
        context.codec.changed.connect(self._show)
        context.playback.changed.connect(self._show)
        context.playback.devices_changed.connect(self._show_devices)
        context.playback.moved.connect(self.transport.set_position)
        self._show_devices()
        self._clip_opened()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 8)
        column.addWidget(self.transport)
        column.addWidget(self.message)
        column.addWidget(self.grid, 1)
        hearing = QHBoxLayout()
        for widget in (self.blind, self.reveal):
            hearing.addWidget(widget, 1)
        column.addLayout(hearing)
        sound = labelled_grid((("Output", self.output, self.look), ("Volume", self.volume, self.volume_text)))
        self.volume_text.setMinimumWidth(self.fontMetrics().horizontalAdvance("−60 dB "))
        column.addLayout(sound)
        in_tab_order(self.transport.position, self.blind, self.reveal, self.output, self.look, self.volume)

    # -- the state changed --------------------------------------------------------------------------------------
    def refresh(self) -> None:
        self.transport.set_position(self.context.playback.position)

    def _clip_opened(self) -> None:
        data = self.context.clip.data
        self.transport.set_clip(data.length_samples, data.rate_hz)
        self.transport.set_position(self.context.playback.position)
        self._show()

    def _show(self, _depth: int = 0) -> None:
        playback = self.context.playback
        self.transport.set_playing(playback.playing, playback.looping)
        self.blind.setChecked(playback.blind)
        self.blind.setEnabled(self.context.clip.is_open)
        self.reveal.setEnabled(playback.blind)
        if playback.blind:
            items = [ChoiceItem(label_of(i), name=f"label {label_of(i)}") for i in range(len(playback.blind_order))]
            depth = playback.depth
            self.grid.set_items(items, playback.blind_order.index(depth) if depth in playback.blind_order else None)
        else:
            items = [self._item(take) for take in self.context.codec.takes]
            self.grid.set_items(items, playback.depth if items else None)
        if self.output.value != playback.device and playback.device:
            self._show_devices()
        if not self.volume.isSliderDown():
            self.volume.blockSignals(True)
            self.volume.setValue(round(playback.volume_db))
            self.volume.blockSignals(False)
        self.volume_text.setText(f"{playback.volume_db:.0f} dB".replace("-", "−"))
        self._show_message()

    def _item(self, take: Take) -> ChoiceItem:
        clip, revealed = self.context.clip, self.context.playback.revealed_order
        was = (f"was {label_of(revealed.index(take.number))}",) if take.number in revealed else ()
        if take.number == 0:
            return ChoiceItem("Original", was, clip.is_open, True, "the original")
        render = clip.data.renders.get(take.number)
        kbps = render.bitrate_kbps if render is not None and not take.bitrate_kbps else take.bitrate_kbps
        lines = [take.remark] if take.remark else []
        lines += [f"{kbps:.2f} kbps"] if kbps else []
        if render is not None:
            lines.append(f"{_signed(render.gain_db)} dB")
        else:
            lines.append("…" if clip.is_open else "")
        return ChoiceItem(take.title, (*lines, *was), render is not None, take.wide, take.name)

    def _show_message(self) -> None:
        self.message.say(self._message())

    def _message(self) -> str:
        clip, playback = self.context.clip, self.context.playback
        depth = playback.depth
        if not clip.is_open:
            return f"{clip.stage} …" if clip.stage else OPEN_HINT
        if self.context.codec.info is None:
            return "Open a codec to compare depths"
        if playback.blind:
            return "Which is which? Press Reveal to see"
        if depth == 0:
            return " · ".join(part for part in ("Original", self.context.codec.why_no_depth) if part)
        render = clip.data.renders.get(depth)
        name = title_of(self.context.codec.info, key_of(depth))
        if render is None:
            done = f": {clip.stage} {clip.fraction:.0%}" if clip.stage else ""
            return f"{name} is not made yet{done}"
        parts = [name]
        parts.append(f"gain {_signed(render.gain_db)} dB")
        if math.isfinite(render.si_sdr_db):
            parts.append(f"SI-SDR {_signed(render.si_sdr_db)} dB")
        if render.delay_samples:
            parts.append(f"delay {render.delay_samples} samples removed")
        return " · ".join(parts)

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

    # -- the person ---------------------------------------------------------------------------------------------
    def _play(self) -> None:
        commands.toggle_play(self.context)

    def _loop(self) -> None:
        commands.toggle_loop(self.context)

    def _seek(self, sample: int) -> None:
        commands.seek(self.context, sample)

    def _choose(self, index: int) -> None:
        if self.context.playback.blind:
            commands.select_label(self.context, index)
        else:
            commands.select_depth(self.context, index)

    def _toggle_blind(self) -> None:
        commands.set_blind(self.context, not self.context.playback.blind)
        self._show()  # where nothing changed, the button must not stay down

    def _reveal(self) -> None:
        commands.reveal_blind(self.context)

    def _choose_output(self) -> None:
        commands.set_output(self.context, self.output.value)

    def _look(self) -> None:
        commands.refresh_devices(self.context)

    def _set_volume(self, gain_db: int) -> None:
        commands.set_volume(self.context, float(gain_db))


def label_of(index: int) -> str:
    """A, B … Z, AA, AB …"""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(65 + rest) + text
    return text


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−") if abs(value) >= 0.05 else "0.0"
