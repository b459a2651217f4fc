"""What window and engine say to each other: frozen dataclasses, no bulk data (that lies in `memory`).

The window sends `Envelope(id, generation, request)`. The engine answers with events that carry `request_id` (0 where
nobody asked). Every request ends with exactly one `Done`, `Failed` or `Voided`. A request with a newer generation of
the same kind makes the older one void. A `depth` is the number of a take (`workbench.state.takes`): 0 always means the
original; k ≥ 1 the decode with the first k books; a codec without depths has its one decode as 1; what else a codec can
be heard as (one role alone, one book left out) follows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from speefeare_core.blocks.report import SeamReport
from speefeare_core.channel.settings import CLEAN, ChannelSettings
from speefeare_core.codec import CodecInfo
from speefeare_core.plans.modes import PlanReport
from workbench.engine.memory import ArrayRef, RingRef
from workbench.state.sound import DeviceInfo, LatencyPart

VIRTUAL_DEVICE = "virtual"  # a clock without sound: keeps everything usable where there is no device
DEFAULT_DEVICE = "default"

# Names of the values in the two status blocks.
PLAYER_STATUS = ("position", "playing", "depth", "loop_start", "loop_end", "peak", "underruns", "rate_hz")
LIVE_STATUS = (
    "running", "frames", "input_peak", "output_peak", "input_rms", "output_rms", "overruns", "underruns",
    "dropped_frames", "step_ms_last", "step_ms_median", "step_ms_p99", "step_ms_worst", "queue_samples",
    "howl_muted", "muted", "depth", "source_position",
    "output_limited_db", "lost_packets", "flipped_bits", "recorded_s", "real_time_factor", "lag_samples",
    "replay_position", "drift_ppm",
)  # fmt: skip


# -- requests -------------------------------------------------------------------------------------------------------
class Request:
    """Base of all requests."""


@dataclass(frozen=True)
class LoadCodec(Request):
    """Load a codec (any source that `load_codec` takes) → CodecLoaded."""

    source: str
    device: str = "auto"


@dataclass(frozen=True)
class ProcessClip(Request):
    """Read, encode, decode every depth of a file with the loaded codec.

    Events in order as they come: ClipOpened, PeaksReady(0), SpectrogramReady(0) …, CodesReady, LatentsReady, then for
    each depth, shallow first, RenderReady + PeaksReady. Long clips (`ClipOpened.long`) render only `wanted_depths`;
    others on WantDepth.
    """

    path: str
    wanted_depths: tuple[int, ...] = ()


@dataclass(frozen=True)
class WantDepth(Request):
    """Make depth k of the current clip (long clips) and its spectrogram (all clips) if they are not there yet."""

    depth: int


@dataclass(frozen=True)
class MeasureSeam(Request):
    """Measure what cutting long recordings into blocks changes, on the shipped sample → SeamMeasured."""


@dataclass(frozen=True)
class Cancel(Request):
    """Stop the request of this id; what it already gave stays."""

    target_id: int


@dataclass(frozen=True)
class ListDevices(Request):
    """→ Devices."""


@dataclass(frozen=True)
class SetOutput(Request):
    """Choose the output device of the player (a name from Devices, DEFAULT_DEVICE or VIRTUAL_DEVICE)."""

    device: str


@dataclass(frozen=True)
class Play(Request):
    """Play from the cursor."""


@dataclass(frozen=True)
class Pause(Request):
    """Stop and keep the cursor."""


@dataclass(frozen=True)
class Seek(Request):
    """Move the cursor to a sample of the clip."""

    sample: int


@dataclass(frozen=True)
class SetLoop(Request):
    """Loop [start, end) in samples; None, None: no loop."""

    start: int | None
    end: int | None


@dataclass(frozen=True)
class SelectDepth(Request):
    """Which buffer is heard. The switch is a 5 ms cross-fade, or, `blind`, 5 ms out and then 5 ms in (BS.1534)."""

    depth: int
    blind: bool = False


@dataclass(frozen=True)
class SetVolume(Request):
    """Output gain of the player in dB."""

    gain_db: float


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


@dataclass(frozen=True)
class Shutdown(Request):
    """Leave; the engine closes devices, unlinks its memory and ends."""


@dataclass(frozen=True)
class Envelope:
    """A request on its way."""

    id: int
    generation: int
    request: Request


# -- events ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Event:
    """Base of all events; `request_id` 0: nobody asked."""

    request_id: int


@dataclass(frozen=True)
class EngineReady(Event):
    """First event: where the status blocks lie, what computes here, and how long the start took."""

    player_status: ArrayRef
    live_status: ArrayRef
    devices: tuple[str, ...]  # compute devices, best first
    torch_version: str
    start_s: float


@dataclass(frozen=True)
class Done(Event):
    """The request is finished."""

    seconds: float


@dataclass(frozen=True)
class Failed(Event):
    """The request could not be done: one plain sentence."""

    sentence: str


@dataclass(frozen=True)
class Voided(Event):
    """A newer request or a Cancel took its place."""


@dataclass(frozen=True)
class Progress(Event):
    """How far a long request is: `done` of `total` (any unit), in words `stage`."""

    stage: str
    done: float
    total: float


@dataclass(frozen=True)
class Notice(Event):
    """Something a person should know: a device was lost, a step was too slow …"""

    sentence: str


@dataclass(frozen=True)
class CodecLoaded(Event):
    """A codec is ready. Clips and renders of the codec before are void."""

    info: CodecInfo
    device: str
    load_s: float
    long_words: str = ""  # how long recordings go through it
    has_seam: bool = False  # in blocks that differ from one call: MeasureSeam says how much


@dataclass(frozen=True)
class SeamMeasured(Event):
    """What blocks change."""

    report: SeamReport


@dataclass(frozen=True)
class ClipOpened(Event):
    """The clip at the codec's rate and channel count, as depth 0."""

    path: str
    file_rate_hz: int
    file_channels: int
    file_encoding: str
    rate_hz: int
    audio: ArrayRef  # float32 [C, T]
    loudness_lufs: float  # -inf where it is too short or silent
    long: bool


@dataclass(frozen=True)
class PeaksReady(Event):
    """Min/max envelope of one depth: float32 [2, n], one column for each `block_samples`, channels merged."""

    depth: int
    block_samples: int
    peaks: ArrayRef


@dataclass(frozen=True)
class SpectrogramReady(Event):
    """uint8 [columns, bins] from `floor_db` (0) to `top_db` (255); sent again as `columns_done` grows."""

    depth: int
    spectrogram: ArrayRef
    columns_done: int
    hop_samples: int
    rate_hz: int
    floor_db: float
    top_db: float


@dataclass(frozen=True)
class CodesReady(Event):
    """One int32 [K_g, F_g] per frame rate, in book order."""

    groups: tuple[ArrayRef, ...]
    frame_rates_hz: tuple[float, ...]


@dataclass(frozen=True)
class LatentsReady(Event):
    """Latents in the codec's fixed 2-D PCA basis: float32 [F, 2] before and after quantisation (full depth)."""

    before: ArrayRef
    after: ArrayRef | None
    frame_rate_hz: float
    explained: tuple[float, float]  # share of the variance on each axis
    basis: str  # in words: where the basis was fitted


@dataclass(frozen=True)
class RenderReady(Event):
    """The decode at one depth, aligned with depth 0 and level-matched by `gain_db`."""

    depth: int
    audio: ArrayRef  # float32 [C, T]
    gain_db: float
    delay_samples: int  # measured and compensated
    si_sdr_db: float
    bitrate_kbps: float


@dataclass(frozen=True)
class Devices(Event):
    """Sound devices; VIRTUAL_DEVICE is always among both."""

    inputs: tuple[DeviceInfo, ...]
    outputs: tuple[DeviceInfo, ...]
    problem: str = ""  # why there are none, and what installs them


@dataclass(frozen=True)
class PlayerStopped(Event):
    """The player reached the end, or its device went away (then a Notice tells)."""


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


CLIP_EVENTS = (ClipOpened, PeaksReady, SpectrogramReady, CodesReady, LatentsReady, RenderReady)  # of one clip alone
