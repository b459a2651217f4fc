"""The live session: whether it runs, what was chosen for it, its taps, counters and latency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from speefeare_core.codec import CodecInfo
from speefeare_core.plans.modes import PlanReport
from workbench.state.live_setup import LiveSetup
from workbench.state.sound import DeviceInfo, LatencyPart

SURE = 2.0  # certainty of a round trip below which it is a guess


@dataclass(frozen=True)
class Estimate:
    """One point of the trade between latency and real-time factor."""

    frames: int
    mode: str
    step_ms: float
    p99_ms: float
    real_time_factor: float
    latency_ms: float


@dataclass(frozen=True)
class RoundTrip:
    """A measured round trip beside the sum of its parts."""

    measured_samples: int
    predicted_samples: int
    rate_hz: int
    certainty: float

    @property
    def sure(self) -> bool:
        """Whether the chirp was found beyond doubt."""
        return self.certainty >= SURE


@dataclass(frozen=True, eq=False)
class FrozenMinute:
    """The last minute, kept: audio `[C, T]`, codes `[K, F]`, latents `[2, F]`, energies `[K, F]`."""

    input: NDArray[Any]
    output: NDArray[Any]
    codes: NDArray[Any] | None
    latents: NDArray[Any] | None
    rate_hz: int
    frame_rate_hz: float
    residual: NDArray[Any] | None = None  # [K, F]

    @property
    def samples(self) -> int:
        """Its length."""
        return int(self.input.shape[1])


class LiveState(QObject):
    """Live, as far as the window knows. `rings` are `workbench.engine.memory.Ring` taps, empty while it is stopped."""

    changed = Signal()  # everything but counters and rings
    counters_changed = Signal()  # with the frame clock

    def __init__(self) -> None:
        super().__init__()
        self.running = False
        self.starting = False  # asked for, and nothing was heard of it yet
        self.request = 0  # id of the start that counts
        self.asked: tuple[LiveSetup, int, CodecInfo | None] = LiveSetup(), 0, None  # to start with; the depth
        self.replaced = 0  # id of the start before, whose end is no news
        self.setup = LiveSetup()
        self.muted = True
        self.bypass = False
        self.depth = 0
        self.rate_hz = 0
        self.frame_rate_hz = 0.0
        self.step_frames = 1
        self.message = ""
        self.told: dict[str, str] = {}  # why "start" or "measure" failed last, as the message bar says it
        self.notes: tuple[str, ...] = ()
        self.input_device = ""
        self.output_device = ""
        self.latency: tuple[LatencyPart, ...] = ()
        self.inputs: tuple[DeviceInfo, ...] = ()
        self.outputs: tuple[DeviceInfo, ...] = ()
        self.device_problem = ""
        self.counters: dict[str, float] = {}
        self.rings: dict[str, object] = {}  # "input", "output", "codes", "latents", "residual"
        self.watch: tuple[str, ...] = ()  # taps that somebody looks at and that cost computing
        self.plan: PlanReport | None = None  # what computes now
        self.plans: dict[str, PlanReport] = {}  # what was measured of this codec, by mode
        self.undo: dict[int, dict[str, object]] = {}  # what to go back to where a wish under way fails
        self.first_books_only = False  # the codec was asked for other books, and refused
        self.estimates: tuple[Estimate, ...] = ()
        self.advice = ""
        self.estimate_request = 0
        self.round_trip: RoundTrip | None = None
        self.measure_request = 0
        self.record_request = 0
        self.recording = ""  # the folder; empty: nothing is recorded
        self.recorded = ""  # the last complete one
        self.freeze_request = 0
        self.frozen: FrozenMinute | None = None
        self.stretch = (0, 0)  # samples of it that the views show
        self.heard = ""  # "input" or "output" while the frozen minute is played

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

    def over(self) -> dict[str, object]:
        """What is so when no session runs (for `update`)."""
        return {
            "running": False, "starting": False, "rings": {}, "recording": "", "record_request": 0, "watch": (),
            "measure_request": 0, "heard": "", "frozen": None, "freeze_request": 0, "undo": {},
        }  # fmt: skip

    def heard_books(self, depth_of_codec: int) -> tuple[int, ...]:
        """The books that are decoded now, from 0."""
        chosen = tuple(book for book in self.setup.books if book < depth_of_codec)
        return chosen or tuple(range(min(self.depth or depth_of_codec, depth_of_codec)))
