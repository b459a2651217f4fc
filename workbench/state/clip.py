"""The open clip: its audio, codes, latents, spectrograms and decodes, as they come in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

Array = NDArray[Any]


@dataclass(frozen=True)
class Render:
    """One take that can be heard; `depth` is its number (`workbench.state.derived_takes`)."""

    depth: int
    audio: Array  # [C, T]; of a difference a `Mixed`, which is read by slices like an array
    gain_db: float = 0.0
    delay_samples: int = 0
    si_sdr_db: float = float("inf")
    bitrate_kbps: float = 0.0
    level_db: float = 0.0  # of a difference: its energy relative to the original's


@dataclass(frozen=True)
class Peaks:
    """Min/max envelope `[2, n]`, one column per block."""

    values: Array
    block_samples: int


@dataclass(frozen=True)
class Spectrogram:
    """uint8 `[columns, bins]` between two levels in dB; columns from `columns_done` on are not there yet."""

    values: Array
    columns_done: int
    hop_samples: int
    rate_hz: int
    floor_db: float
    top_db: float
    pyramid: Array | None = None  # its levels, one after the other: speefeare_core.spectrograms.pyramid


@dataclass(frozen=True)
class Latents:
    """Points `[F, 3]` on the codec's fixed principal axes."""

    before: Array
    after: Array | None
    frame_rate_hz: float
    explained: tuple[float, ...]
    basis: str


@dataclass
class ClipData:
    """Everything known of the clip."""

    path: str = ""
    file_rate_hz: int = 0
    file_channels: int = 0
    file_encoding: str = ""
    rate_hz: int = 0
    channels: int = 0
    length_samples: int = 0
    loudness_lufs: float = float("-inf")
    long: bool = False
    renders: dict[int, Render] = field(default_factory=dict)
    peaks: dict[int, Peaks] = field(default_factory=dict)
    spectrograms: dict[int, Spectrogram] = field(default_factory=dict)
    codes: tuple[Array, ...] = ()  # one [K_g, F_g] per rate
    code_rates_hz: tuple[float, ...] = ()
    latents: Latents | None = None

    @property
    def length_s(self) -> float:
        """Length in seconds."""
        return self.length_samples / self.rate_hz if self.rate_hz else 0.0


class ClipState(QObject):
    """The clip and what has come in of it. Each setter writes one thing and emits one signal."""

    opened = Signal()  # another clip (or none): forget everything shown
    render_added = Signal(int)  # or replaced
    render_removed = Signal(int)  # with its peaks and spectrogram
    peaks_added = Signal(int)
    spectrogram_changed = Signal(int)
    codes_changed = Signal()
    latents_changed = Signal()
    progress_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.data = ClipData()
        self.wanted = ""  # the file asked for; it may still wait for a codec
        self.request = 0  # id of the processing that counts; answers to older ones are void
        self.depth_requests: dict[int, int] = {}  # depth → id of its WantDepth
        self.in_engine = False  # the engine has it open too, so that its player's position is the clip's
        self.complete = False  # everything that `request` asked for is there
        self.stage = ""  # what is being done, empty: nothing
        self.fraction = 0.0

    @property
    def is_open(self) -> bool:
        """Whether there is a clip."""
        return bool(self.data.path)

    def expects(self, request_id: int) -> bool:
        """Whether answers to this request still count: those to the last processing and to whatever came after it."""
        return 0 < self.request <= request_id

    def expect(self, request_id: int) -> None:
        """From now on only answers to this processing count (0: to none)."""
        self.request, self.complete = request_id, False
        self.depth_requests.clear()

    def open(self, data: ClipData) -> None:
        """Another clip takes the place of this one."""
        self.data = data
        self.opened.emit()

    def add_render(self, render: Render) -> None:
        """A depth can be heard."""
        self.data.renders[render.depth] = render
        self.render_added.emit(render.depth)

    def remove_render(self, depth: int) -> None:
        """A take cannot be heard any more."""
        if self.data.renders.pop(depth, None) is not None:
            self.data.peaks.pop(depth, None)
            self.data.spectrograms.pop(depth, None)
            self.render_removed.emit(depth)

    def add_peaks(self, depth: int, peaks: Peaks) -> None:
        """The envelope of a depth is there."""
        self.data.peaks[depth] = peaks
        self.peaks_added.emit(depth)

    def set_spectrogram(self, depth: int, spectrogram: Spectrogram) -> None:
        """More columns of a spectrogram are there."""
        self.data.spectrograms[depth] = spectrogram
        self.spectrogram_changed.emit(depth)

    def set_codes(self, codes: tuple[Array, ...], rates_hz: tuple[float, ...]) -> None:
        """The codes are there."""
        self.data.codes, self.data.code_rates_hz = codes, rates_hz
        self.codes_changed.emit()

    def set_latents(self, latents: Latents) -> None:
        """The latents are there."""
        self.data.latents = latents
        self.latents_changed.emit()

    def set_progress(self, stage: str, fraction: float) -> None:
        """What is being done; an empty stage: nothing."""
        self.stage, self.fraction = stage, fraction
        self.progress_changed.emit()
