"""The live session: whether it runs, its taps, counters and latency."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from workbench.state.sound import DeviceInfo, LatencyPart


class LiveState(QObject):
    """Live, as far as the window knows. `rings` are `workbench.engine.memory.Ring` taps, empty while it is stopped."""

    changed = Signal()  # running, muted, depth, latency, message, devices
    counters_changed = Signal()  # with the frame clock

    def __init__(self) -> None:
        super().__init__()
        self.running = False
        self.request = 0  # id of the start that counts
        self.muted = True
        self.bypass = False
        self.depth = 0
        self.rate_hz = 0
        self.frame_rate_hz = 0.0
        self.message = ""
        self.notes: tuple[str, ...] = ()
        self.input_device = ""
        self.output_device = ""
        self.latency: tuple[LatencyPart, ...] = ()
        self.inputs: tuple[DeviceInfo, ...] = ()
        self.outputs: tuple[DeviceInfo, ...] = ()
        self.device_problem = ""
        self.counters: dict[str, float] = {}
        self.rings: dict[str, object] = {}  # "input", "output", "codes", "latents"

    def update(self, **values: object) -> None:
        """Set some of the fields and say so once, if anything differs."""
        differing = {name: value for name, value in values.items() if getattr(self, name) != value}
        for name, value in differing.items():
            setattr(self, name, value)
        if differing:
            self.changed.emit()

    def set_counters(self, counters: dict[str, float]) -> None:
        """New values from the status block."""
        self.counters = counters
        self.counters_changed.emit()
