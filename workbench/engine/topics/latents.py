"""Latents beyond what comes with a clip: other spaces, depths and recordings, and what colours the points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workbench.engine.memory import ArrayRef
from workbench.engine.messages import Event, Request


@dataclass(frozen=True)
class TraceLatents(Request):
    """A sound file (the clip or another) as a path through a space → LatentsTraced.

    The space is fitted at its first use, to the codec's latents of the corpus, and then fixed.
    """

    path: str
    corpus: str = ""  # a folder with sound files; empty: the shipped sample
    method: Literal["pca", "umap"] = "pca"
    depth: int | None = None  # books of the points after quantisation; None: all


@dataclass(frozen=True)
class DescribeFrames(Request):
    """Measure each frame of a sound file, or read the labels beside it → FramesDescribed, for labels one for each tier.

    "error" is the distance that quantisation with all books moves a frame.
    """

    path: str
    what: Literal["loudness", "pitch", "error", "labels"]


@dataclass(frozen=True)
class AuditionFrames(Request):
    """Hear a moment of a sound file that is not the clip, as it is before coding; the cursor of the clip stays."""

    path: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class LatentsTraced(Event):
    """F frames of one sound file."""

    path: str
    before: ArrayRef  # float32 [F, 3]
    after: ArrayRef | None  # float32 [F, 3], of the depth asked for; None: the codec cannot say
    frame_rate_hz: float
    axis_names: tuple[str, ...]  # three
    basis: str  # in words: what the space was fitted on
    snr_db: float | None  # of the quantised latents in all their dimensions


@dataclass(frozen=True)
class FramesDescribed(Event):
    """One value for each frame; with `names` they are indices into these."""

    path: str
    key: str  # "loudness", "pitch", "error", "phone", "word", "speaker", or the name of a tier
    title: str
    unit: str
    values: ArrayRef  # float32 [F], NaN: none
    names: tuple[str, ...] = ()
