"""Live: talk through the codec, see and hear it at once, with every delay and loss in view."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QScrollArea, QVBoxLayout, QWidget

from speefeare_core.codec import CodecInfo
from workbench import commands, dialogs
from workbench.context import Context
from workbench.engine.memory import Ring
from workbench.engine.protocol import DEFAULT_DEVICE, VIRTUAL_DEVICE
from workbench.panels.base import Panel
from workbench.state.sound import DeviceInfo
from workbench.widgets.counter_row import Counter, CounterRow
from workbench.widgets.latency_bar import LatencyBar
from workbench.widgets.level_meter import LevelMeter
from workbench.widgets.live_controls import LiveControls
from workbench.widgets.live_scroll import LiveScroll

FILE = "file:"  # in front of a path in the list of sources


class LivePanel(Panel):
    """Everything that moves is pulled from the taps in `refresh`, so a hidden panel costs nothing."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.controls = LiveControls()
        self.input_meter, self.output_meter = LevelMeter("Input"), LevelMeter("Output")
        self.latency = LatencyBar()
        self.counters = CounterRow()
        self.picture = LiveScroll()
        self._file = ""
        self._read: dict[str, int] = {}
        self._rings: dict[str, object] = {}
        self._running = False
        self._lay_out()

        controls = self.controls
        controls.start.clicked.connect(self._start_or_stop)
        controls.mute.clicked.connect(self._mute)
        controls.bypass.clicked.connect(self._bypass)
        controls.file.clicked.connect(self._choose_file)
        controls.look.clicked.connect(self._look)
        controls.depth.valueChanged.connect(self._set_depth)
        controls.gains_changed.connect(self._set_gains)
        context.live.changed.connect(self._show)
        context.live.counters_changed.connect(self._show_counters)
        context.codec.changed.connect(self._show)
        context.clip.opened.connect(self._show)
        context.playback.devices_changed.connect(self._show)
        self._show()
        self._show_counters()

    def _lay_out(self) -> None:
        side, readings, handles = QWidget(), QVBoxLayout(), QVBoxLayout()
        for widget in (self.input_meter, self.output_meter, self.counters, self.latency):
            readings.addWidget(widget)
        readings.addStretch(1)
        handles.addWidget(self.controls)
        handles.addStretch(1)
        self.side = QBoxLayout(QBoxLayout.Direction.TopToBottom, side)
        self.side.setContentsMargins(0, 0, 6, 0)
        self.side.setSpacing(10)
        self.side.addLayout(handles)
        self.side.addLayout(readings)
        self.scroll = QScrollArea()
        self.scroll.setWidgetResizable(True)
        self.scroll.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.scroll.setWidget(side)
        self.row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self.row.setContentsMargins(8, 6, 8, 6)
        self.row.addWidget(self.scroll, 2)
        self.row.addWidget(self.picture, 5)

    def resizeEvent(self, event: QResizeEvent) -> None:
        wide = event.size().width() > 1.3 * event.size().height()
        across, down = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self.row.setDirection(across if wide else down)
        flat = wide and self.controls.sizeHint().height() + 250 > event.size().height()
        self.side.setDirection(across if flat and event.size().width() > 900 else down)
        self.row.setStretch(0, 5 if flat else 2)

    # -- the state changed --------------------------------------------------------------------------------------
    def _show(self) -> None:
        live, info = self.context.live, self.context.codec.info
        able = info is not None and info.streamable and self.context.engine.status == "ready"
        self.controls.set_running(live.running, able)
        self.controls.set_muted(live.muted, live.bypass)
        deepest = info.depth if info else 0
        depth = min(live.depth or deepest, deepest)
        text = f"{depth} · {info.bitrate_kbps(depth):.2f} kbps" if info and depth else "–"
        no_live = "" if info is None or info.streamable else f"{info.name} {_why_no_live(info)}"
        why_not = no_live or self.context.codec.why_no_depth
        self.controls.set_depth(depth, 0 if why_not else deepest, text, why_not)
        self.controls.set_why_not_start(no_live)
        self.picture.wait(no_live)
        self.controls.message.say(self._message(info))
        self._show_devices()
        self.latency.set_parts([(part.name, part.samples) for part in live.latency], live.rate_hz)
        if live.running and (not self._running or live.rings is not self._rings):
            self._start_pictures(info)
        if live.running and not self._running:
            self._send_gains()
        elif not live.running and self._running:
            self.input_meter.clear()
            self.output_meter.clear()
        self._running = live.running

    def _message(self, info: CodecInfo | None) -> str:
        live = self.context.live
        if live.message:
            return live.message
        if info is None:
            return "Open a codec: Ctrl+Shift+O or drop it here"
        if not info.streamable:
            return f"{info.name} {_why_no_live(info)}"
        if live.device_problem and not live.running:
            return live.device_problem
        if live.running and live.counters.get("howl_muted"):
            return "Muted by itself: it howled. Put on headphones, then unmute"
        if live.running and live.muted:
            return "Muted: put on headphones, then press Muted"
        if live.running:
            source = Path(live.input_device).name  # a file that stands in for a microphone comes with its folder
            return " · ".join((f"{source} → {info.name} → {live.output_device}", *live.notes))
        return "Starts muted: use headphones"

    def _show_devices(self) -> None:
        live, settings = self.context.live, self.context.settings
        sources = _entries(live.inputs, "no microphone")
        clip = self.context.clip.data.path
        for path in dict.fromkeys(path for path in (self._file, clip) if path):
            sources.append((f"File: {Path(path).name}", FILE + path))
        for choice, entries, wish in (
            (self.controls.source, sources, settings.live_input),
            (self.controls.output, _entries(live.outputs, "no sound"), settings.live_output),
        ):
            kept = choice.value if choice.count() else wish
            choice.set_entries(tuple(entries), kept)

    def _start_pictures(self, info: CodecInfo | None) -> None:
        live = self.context.live
        self._rings = live.rings
        self._read = dict.fromkeys(live.rings, 0)
        codes, latents = live.rings.get("codes"), live.rings.get("latents")
        books = info.depth if info is not None and isinstance(codes, Ring) else 0
        self.picture.start(live.rate_hz, live.frame_rate_hz, books, latents is not None)

    def _show_counters(self) -> None:
        values = self.context.live.counters
        losses = ("Overruns", "overruns"), ("Underruns", "underruns"), ("Dropped", "dropped_frames")
        counters = [Counter(name, f"{int(values.get(key, 0))}", values.get(key, 0) > 0) for name, key in losses]
        rate = self.context.live.frame_rate_hz
        steps = int(self.controls.frames.value or 1)
        info = self.context.codec.info
        budget = 1000.0 * steps * (info.live_frames if info else 1) / rate if rate else float("inf")
        for name, key in (("Step", "step_ms_median"), ("p99", "step_ms_p99"), ("Worst", "step_ms_worst")):
            value = values.get(key, 0.0)
            counters.append(Counter(name, f"{value:.1f} ms", value > budget))
        counters.append(Counter("Frames", f"{int(values.get('frames', 0))}"))
        self.counters.set_counters(tuple(counters))
        self.controls.message.say(self._message(self.context.codec.info))

    def refresh(self) -> None:
        live = self.context.live
        if not live.running:
            return
        values = live.counters
        self.input_meter.set_level(values.get("input_rms", 0.0), values.get("input_peak", 0.0))
        self.output_meter.set_level(values.get("output_rms", 0.0), values.get("output_peak", 0.0))
        for name in ("input", "output"):
            samples = self._new(name)
            if samples is not None:
                self.picture.feed_sound(name, samples.mean(axis=0))
        codes = self._new("codes")
        if codes is not None:
            self.picture.feed_codes(codes, live.depth)
        latents = self._new("latents")
        if latents is not None:
            self.picture.feed_latents(latents.T)

    def _new(self, name: str) -> Any:
        """Columns of a tap since the last look, or None."""
        ring = self.context.live.rings.get(name)
        if not isinstance(ring, Ring):
            return None
        columns, self._read[name] = ring.read_since(self._read.get(name, 0))
        return columns if columns.shape[1] and np.isfinite(columns).all() else None

    # -- the person ---------------------------------------------------------------------------------------------
    def _start_or_stop(self) -> None:
        if self.context.live.running:
            commands.stop_live(self.context)
            return
        source = self.controls.source.value
        file = source.removeprefix(FILE) if source.startswith(FILE) else None
        commands.start_live(
            self.context,
            input=VIRTUAL_DEVICE if file else source or DEFAULT_DEVICE,
            output=self.controls.output.value or DEFAULT_DEVICE,
            file=file,
            frames_per_step=int(self.controls.frames.value or 1),
        )

    def _mute(self) -> None:
        commands.set_live(self.context, muted=not self.context.live.muted)
        self._show()

    def _bypass(self) -> None:
        commands.set_live(self.context, bypass=not self.context.live.bypass)
        self._show()

    def _set_depth(self, depth: int) -> None:
        commands.set_live(self.context, depth=depth)

    def _set_gains(self) -> None:
        if self.context.live.running:
            self._send_gains()

    def _send_gains(self) -> None:
        commands.set_live(
            self.context,
            input_gain_db=float(self.controls.input_gain.value()),
            output_gain_db=float(self.controls.output_gain.value()),
        )

    def _choose_file(self) -> None:
        path = dialogs.ask_clip(self, self._file)
        if path:
            self._file = path
            self._show_devices()
            self.controls.source.set_value(FILE + path)

    def _look(self) -> None:
        commands.refresh_devices(self.context)

    # -- saved with the layout ----------------------------------------------------------------------------------
    def view_state(self) -> dict[str, Any]:
        controls = self.controls
        return {
            "frames": controls.frames.value,
            "input_gain_db": controls.input_gain.value(),
            "output_gain_db": controls.output_gain.value(),
        }

    def set_view_state(self, state: dict[str, Any]) -> None:
        if isinstance(state.get("frames"), str):
            self.controls.frames.set_value(state["frames"])
        for slider, key in ((self.controls.input_gain, "input_gain_db"), (self.controls.output_gain, "output_gain_db")):
            if isinstance(state.get(key), int):
                slider.setValue(state[key])


def _why_no_live(info: CodecInfo) -> str:
    if info.causal:
        return "works on whole files and cannot stream: choose a codec that does"
    ahead = info.look_ahead_samples
    if ahead is None:
        return "needs the whole recording and cannot stream: choose a causal codec"
    told = f" {1000.0 * ahead / info.rate_hz:.0f} ms" if ahead else ""
    return f"looks ahead{told} and cannot stream: choose a causal codec"


def _entries(devices: tuple[DeviceInfo, ...], virtual: str) -> list[tuple[str, str]]:
    """What a list of devices offers: default first, virtual last."""
    entries = [("Default", DEFAULT_DEVICE)]
    for device in devices:
        if device.name not in (DEFAULT_DEVICE, VIRTUAL_DEVICE):
            entries.append((f"{device.name} ({device.host})" if device.host else device.name, device.name))
    return [*entries, (f"Virtual: {virtual}", VIRTUAL_DEVICE)]
