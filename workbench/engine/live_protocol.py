"""The live session's part of the protocol: its requests, its events, and the names in its status block."""

from __future__ import annotations

from dataclasses import dataclass, field

from speefeare_core.channel.settings import CLEAN, ChannelSettings
from speefeare_core.plans.modes import PlanReport
from workbench.engine.memory import ArrayRef, RingRef
from workbench.engine.messages import DEFAULT_DEVICE, Event, Request
from workbench.state.sound import LatencyPart

LIVE_STATUS = (
    "running", "frames", "input_peak", "output_peak", "input_rms", "output_rms", "overruns", "underruns",
    "dropped_frames", "step_ms_last", "step_ms_median", "step_ms_p99", "step_ms_worst", "queue_samples",
    "howl_muted", "muted", "depth", "source_position",
    "output_limited_db", "lost_packets", "flipped_bits", "recorded_s", "real_time_factor", "lag_samples",
    "replay_position", "drift_ppm",
)  # fmt: skip


# -- requests -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class StartLive(Request):
    """Live round trip: input → codec → output → LiveStarted.

    `file`: a sound file as virtual microphone (looped if `loop_file`) instead of the input device; `generator`: a
    signal generator ("sine", "sweep", "speech noise"; `workbench.state.sound.GENERATORS`) instead of both.
    `frames_per_step`: codec frames in one step. `max_queue_frames`: above this the oldest whole frames are skipped and
    counted. `mode`: number format of the plan. `buffered_s`: for a codec that cannot stream, or is too slow to: blocks
    of this length are coded one after the other, and the delay grows by it; 0: as a stream. `device_latency_s`: asked
    of either device, which may give another; less is sooner and stutters sooner. 0: what usually works.
    """

    input: str = DEFAULT_DEVICE
    output: str = DEFAULT_DEVICE
    file: str | None = None
    loop_file: bool = False
    depth: int | None = None
    muted: bool = True
    input_gain_db: float = 0.0
    output_gain_db: float = 0.0
    frames_per_step: int = 1
    max_queue_frames: int = 6
    howl_guard: bool = True
    generator: str | None = None
    tone_hz: float = 440.0  # of the sine
    mode: str = "float32"
    buffered_s: float = 0.0
    mix: float = 1.0
    books: tuple[int, ...] = ()
    channel: ChannelSettings = CLEAN
    device_latency_s: float = 0.0


@dataclass(frozen=True)
class SetLive(Request):
    """Change what is not None while it runs, without clicks."""

    depth: int | None = None
    muted: bool | None = None
    bypass: bool | None = None  # delay-matched dry signal
    input_gain_db: float | None = None
    output_gain_db: float | None = None
    mix: float | None = None  # 0: the delay-matched input alone, 1: the codec alone
    books: tuple[int, ...] | None = None  # decode just these books, from 0; (): the first `depth`
    channel: ChannelSettings | None = None
    mode: str | None = None  # another plan; the old one plays until it is ready
    watch: tuple[str, ...] | None = None  # taps that cost computing: "residual"; (): none, nobody looks


@dataclass(frozen=True)
class SwitchLive(Request):
    """Change what takes a new start while live goes on: other devices, or the codec `source` (loaded and warmed up
    while the old one plays) → CodecLoaded where it is another codec, then LiveStarted again with the first start's id.

    None: as it is. A device or codec that cannot be had: Failed, and live goes on as it was.
    """

    input: str | None = None
    output: str | None = None
    frames_per_step: int | None = None
    source: str | None = None
    device: str = "auto"  # that computes


@dataclass(frozen=True)
class RecordLive(Request):
    """Record input, output, codes and timing into `folder` (made new); None: end it → LiveRecorded."""

    folder: str | None


@dataclass(frozen=True)
class FreezeLive(Request):
    """Keep a copy of the last minute → LiveFrozen, while live goes on; False: let it go."""

    frozen: bool = True


@dataclass(frozen=True)
class ReplayFrozen(Request):
    """Hear `[start, end)` of the frozen minute, in its samples, in the place of the live sound; None: stop."""

    start: int | None
    end: int | None = None
    heard: str = "output"  # or "input"


@dataclass(frozen=True)
class MeasureRoundTrip(Request):
    """Send a chirp to the loudspeaker of the running session and wait for it at the microphone → RoundTripMeasured."""


@dataclass(frozen=True)
class EstimateLive(Request):
    """Time the loaded codec at these frames a step → LiveEstimated. Not while live runs."""

    frames: tuple[int, ...] = (1, 2, 4, 8)
    modes: tuple[str, ...] = ("float32",)


@dataclass(frozen=True)
class StopLive(Request):
    """End the live session → LiveStopped."""


# -- events ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class LiveStarted(Event):
    """The live session runs. Rings are taps at the codec's rate."""

    rate_hz: int
    input_device: str
    output_device: str
    latency: tuple[LatencyPart, ...]
    input_ring: RingRef  # float32 [C, n]
    output_ring: RingRef  # float32 [C, n]
    codes_ring: RingRef | None  # int32 [K, frames]
    latents_ring: RingRef | None  # float32 [2, frames] in the PCA basis
    frame_rate_hz: float = 0.0
    notes: tuple[str, ...] = field(default=())
    residual_ring: RingRef | None = None  # float32 [K, frames]: energy of book k's entry, while it is watched
    plan: PlanReport | None = None
    step_frames: int = 1


@dataclass(frozen=True)
class LivePlan(Event):
    """Another mode computes now."""

    plan: PlanReport


@dataclass(frozen=True)
class LiveLatency(Event):
    """The stacked bar instead of LiveStarted's: devices say only after a while how far away they are, and drift."""

    latency: tuple[LatencyPart, ...]


@dataclass(frozen=True)
class LiveRecorded(Event):
    """A session folder is complete."""

    folder: str
    seconds: float


@dataclass(frozen=True)
class LiveFrozen(Event):
    """The last minute, for the views and for ReplayFrozen; the status "replay_position" is the place in it, or -1."""

    input: ArrayRef  # float32 [C, T]
    output: ArrayRef  # float32 [C, T]
    codes: ArrayRef | None  # int32 [K, F]
    latents: ArrayRef | None  # float32 [2, F]
    rate_hz: int
    frame_rate_hz: float


@dataclass(frozen=True)
class RoundTripMeasured(Event):
    """How long a sound takes from the codec's output to its input and round again, beside the sum of the parts."""

    measured_samples: int  # at rate_hz; the whole round trip as the stacked bar counts it
    predicted_samples: int
    rate_hz: int
    certainty: float  # height of the correlation's peak over the next one; below 2 it is a guess


@dataclass(frozen=True)
class LiveEstimate:
    """One point of the trade between latency and real-time factor."""

    frames: int
    mode: str
    step_ms: float  # median
    p99_ms: float
    real_time_factor: float
    latency_ms: float  # framing, codec and compute, without devices


@dataclass(frozen=True)
class LiveEstimated(Event):
    """The points, and in words what would be steady on this machine."""

    points: tuple[LiveEstimate, ...]
    advice: str = ""


@dataclass(frozen=True)
class LiveStopped(Event):
    """The live session ended; `reason` is empty when it was asked for."""

    reason: str = ""
