"""What window and engine say to each other: frozen dataclasses, no bulk data (that lies in `memory`).

The window sends `Envelope(id, generation, request)`. The engine answers with events that carry `request_id` (0 where
nobody asked). Every request ends with exactly one `Done`, `Failed` or `Voided`. A request with a newer generation of
the same kind makes the older one void. A `depth` is the number of a take (`workbench.state.takes`): 0 always means the
original; k ≥ 1 the decode with the first k books; a codec without depths has its one decode as 1; what else a codec can
be heard as (one role alone, one book left out) follows.
"""

from __future__ import annotations

from dataclasses import dataclass

from speefeare_core.blocks.report import SeamReport
from speefeare_core.codec import CodecInfo
from speefeare_core.spectrograms.settings import SpectrogramSettings
from workbench.engine.live_protocol import (
    LIVE_STATUS as LIVE_STATUS,
)
from workbench.engine.live_protocol import (
    EstimateLive as EstimateLive,
)
from workbench.engine.live_protocol import (
    FreezeLive as FreezeLive,
)
from workbench.engine.live_protocol import (
    LiveEstimate as LiveEstimate,
)
from workbench.engine.live_protocol import (
    LiveEstimated as LiveEstimated,
)
from workbench.engine.live_protocol import (
    LiveFrozen as LiveFrozen,
)
from workbench.engine.live_protocol import (
    LiveLatency as LiveLatency,
)
from workbench.engine.live_protocol import (
    LivePlan as LivePlan,
)
from workbench.engine.live_protocol import (
    LiveRecorded as LiveRecorded,
)
from workbench.engine.live_protocol import (
    LiveStarted as LiveStarted,
)
from workbench.engine.live_protocol import (
    LiveStopped as LiveStopped,
)
from workbench.engine.live_protocol import (
    MeasureRoundTrip as MeasureRoundTrip,
)
from workbench.engine.live_protocol import (
    RecordLive as RecordLive,
)
from workbench.engine.live_protocol import (
    ReplayFrozen as ReplayFrozen,
)
from workbench.engine.live_protocol import (
    RoundTripMeasured as RoundTripMeasured,
)
from workbench.engine.live_protocol import (
    SetLive as SetLive,
)
from workbench.engine.live_protocol import (
    StartLive as StartLive,
)
from workbench.engine.live_protocol import (
    StopLive as StopLive,
)
from workbench.engine.live_protocol import (
    SwitchLive as SwitchLive,
)
from workbench.engine.memory import ArrayRef
from workbench.engine.messages import DEFAULT_DEVICE as DEFAULT_DEVICE
from workbench.engine.messages import VIRTUAL_DEVICE as VIRTUAL_DEVICE
from workbench.engine.messages import Event as Event
from workbench.engine.messages import Request as Request
from workbench.state.sound import DeviceInfo

USUAL_SPECTROGRAM = SpectrogramSettings()
# Names of the values in the player's status block; those of live are in `live_protocol`.
PLAYER_STATUS = (
    "position", "playing", "depth", "loop_start", "loop_end", "peak", "underruns", "rate_hz", "sounds_s",
)  # fmt: skip


# -- requests -------------------------------------------------------------------------------------------------------
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
    spectrogram: SpectrogramSettings = USUAL_SPECTROGRAM


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
    """uint8 [columns, bins] from `floor_db` (0) to `top_db` (255); sent again as `columns_done` grows.

    `pyramid`: the levels of `speefeare_core.spectrograms.pyramid`, one after the other; a sketch of the whole comes
    with no column done.
    """

    depth: int
    spectrogram: ArrayRef
    columns_done: int
    hop_samples: int
    rate_hz: int
    floor_db: float
    top_db: float
    pyramid: ArrayRef | None = None
    settings: SpectrogramSettings = USUAL_SPECTROGRAM


@dataclass(frozen=True)
class CodesReady(Event):
    """One int32 [K_g, F_g] per frame rate, in book order."""

    groups: tuple[ArrayRef, ...]
    frame_rates_hz: tuple[float, ...]


@dataclass(frozen=True)
class LatentsReady(Event):
    """Latents on the codec's three fixed principal axes: float32 [F, 3] before and after quantisation (full depth)."""

    before: ArrayRef
    after: ArrayRef | None
    frame_rate_hz: float
    explained: tuple[float, ...]  # share of the variance on each axis
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


CLIP_EVENTS = (ClipOpened, PeaksReady, SpectrogramReady, CodesReady, LatentsReady, RenderReady)  # of one clip alone
