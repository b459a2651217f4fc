"""Latents beside those that came with the clip: the space they are shown in, further recordings, what colours them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

Array = NDArray[Any]
Method = Literal["pca", "umap"]
MOST_CLIPS = 8  # together, the open one among them: more cannot be told apart


@dataclass(frozen=True)
class SpaceChoice:
    """Where points are placed."""

    method: Method = "pca"
    corpus: str = ""  # a folder; empty: the shipped sample


@dataclass(frozen=True)
class TraceKey:
    """What a path was made of."""

    path: str
    space: SpaceChoice
    depth: int | None  # books of the points after quantisation; None: all


@dataclass(frozen=True, eq=False)
class LatentPath:
    """One recording: points `[F, 3]` (or `[F, 2]`) before and after quantisation."""

    path: str
    before: Array
    after: Array | None
    frame_rate_hz: float
    axis_names: tuple[str, ...]
    basis: str
    snr_db: float | None = None


@dataclass(frozen=True)
class FrameValues:
    """One value for each frame of a recording, NaN where there is none; with `names` indices into these."""

    key: str
    title: str
    unit: str
    values: Array
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Selection:
    """Frames of the clip that were chosen in the picture, as stretches [start, end) in seconds, and the one looped."""

    stretches: tuple[tuple[float, float], ...]
    frames: tuple[int, ...]
    current: int = 0


class LatentsState(QObject):
    """Each setter writes one thing and emits one signal. Nothing here is asked for; `verbs.latents` does that."""

    changed = Signal()  # space, depth, recordings, or a path
    described = Signal()  # values of frames
    selection_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.space = SpaceChoice()
        self.chosen_spaces: dict[str, SpaceChoice] = {}  # of each codec, by its source
        self.depth: int | None = None
        self.others: tuple[str, ...] = ()  # further recordings beside the clip
        self.traces: dict[TraceKey, LatentPath] = {}
        self.values: dict[tuple[str, str], FrameValues] = {}  # (path, key)
        self.problems: dict[str, str] = {}  # path or wish → the sentence with which it failed
        self.requests: dict[int, Any] = {}  # id → TraceKey or (path, what)
        self.answered: set[tuple[str, str]] = set()  # (path, what) whose values came in
        self.selection: Selection | None = None

    def key(self, path: str) -> TraceKey:
        """Of the path as it is to be shown now."""
        return TraceKey(path, self.space, self.depth)

    def trace_of(self, path: str) -> LatentPath | None:
        """As asked for now, where it is there."""
        return self.traces.get(self.key(path))

    def update(self, **values: object) -> None:
        """Set some of the fields and say so once, if anything differs."""
        differing = {name: value for name, value in values.items() if getattr(self, name) != value}
        for name, value in differing.items():
            setattr(self, name, value)
        if differing:
            self.changed.emit()

    def add_trace(self, key: TraceKey, found: LatentPath) -> None:
        """A path is there; of the same recording the others stay, so that going back costs nothing."""
        self.traces[key] = found
        self.changed.emit()

    def add_values(self, path: str, found: FrameValues) -> None:
        """Values of frames are there."""
        self.values[path, found.key] = found
        self.described.emit()

    def select(self, selection: Selection | None) -> None:
        """Other frames are chosen, or none."""
        self.selection = selection
        self.selection_changed.emit()

    def show_stretch(self, number: int) -> None:
        """Another stretch of the same selection."""
        if self.selection is not None:
            self.select(replace(self.selection, current=number % len(self.selection.stretches)))

    def keys_of(self, path: str) -> tuple[str, ...]:
        """What is known of the frames of a recording."""
        return tuple(key for other, key in self.values if other == path)

    def forget(self, path: str | None = None) -> None:
        """Another codec (everything), or one recording."""
        self.traces = {key: found for key, found in self.traces.items() if path is not None and key.path != path}
        self.values = {key: found for key, found in self.values.items() if path is not None and key[0] != path}
        self.answered = {wish for wish in self.answered if path is not None and wish[0] != path}
        self.problems.clear()
        self.selection = None
        self.changed.emit()
