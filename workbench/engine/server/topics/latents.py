"""`TraceLatents`, `DescribeFrames`, `AuditionFrames`: spaces are fitted once for each codec, files encoded once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from speefeare_core import audio
from speefeare_core.codec import Codec
from speefeare_core.errors import SpeefeareError
from speefeare_core.projection import frame_values, labels
from speefeare_core.projection.corpus import Corpus
from speefeare_core.projection.space import Method, Space, fitting
from speefeare_core.projection.trace import Recording, Trace, tracing
from workbench.engine.memory import ArrayRef, SharedArray
from workbench.engine.server.answers import Desk
from workbench.engine.server.clip import Clip
from workbench.engine.server.progress import Reporter
from workbench.engine.server.tasks import Work
from workbench.engine.topics.latents import (
    AuditionFrames,
    DescribeFrames,
    FramesDescribed,
    LatentsTraced,
    TraceLatents,
)

RECORDINGS_KEPT = 4  # of a codec: their latents take up to 200 MB each


class Known:
    """What is known of one codec: its spaces, and the recordings that were encoded last."""

    def __init__(self) -> None:
        self.spaces: dict[tuple[str, str], Space] = {}  # (signature of the corpus, method)
        self.recordings: OrderedDict[tuple[str, int, int], Recording] = OrderedDict()

    def keep(self, key: tuple[str, int, int], recording: Recording) -> None:
        """The newest last; the oldest go."""
        self.recordings[key] = recording
        self.recordings.move_to_end(key)
        while len(self.recordings) > RECORDINGS_KEPT:
            self.recordings.popitem(last=False)


_known: WeakKeyDictionary[Codec, Known] = WeakKeyDictionary()


def trace(desk: Desk, number: int, request: TraceLatents) -> Work:
    """The path of a file through a space."""
    yield
    clip = desk.clip
    space = yield from _space(desk, number, request.corpus, request.method)
    found = yield from _trace(desk, number, request.path, space, request.depth)
    desk.emit(
        LatentsTraced(
            number,
            request.path,
            _share(clip, found.before),
            None if found.after is None else _share(clip, found.after),
            found.frame_rate_hz,
            space.axis_names,
            space.words,
            found.snr_db,
        )
    )


def describe(desk: Desk, number: int, request: DescribeFrames) -> Work:
    """Values of the frames of a file."""
    yield
    clip = desk.clip
    info = desk.codec.info
    path = Path(request.path)
    length_s = audio.probe(path).length_s
    frames = desk.codec.frames_for(round(length_s * info.rate_hz))
    report = Reporter(desk.emit, number)
    found: tuple[frame_values.FrameValues, ...] = ()
    if request.what == "labels":
        beside = labels.beside(path)
        tiers = labels.read(beside) if beside is not None else ()
        found = tuple(tier.at_frames(info.frame_rate_hz, frames) for tier in tiers)
    elif request.what == "error":
        space = yield from _space(desk, number, "", "pca")
        traced = yield from _trace(desk, number, request.path, space, None)
        if traced.distance is None:
            raise SpeefeareError(f"{info.name} gives no latents after quantisation to compare with for {path.name}.")
        found = (frame_values.FrameValues("error", "Quantisation error", "", traced.distance),)
    else:
        measure = frame_values.loudness if request.what == "loudness" else frame_values.pitch
        work = measure(path, info.frame_rate_hz, frames, info.rate_hz)
        value = yield from _reported(work, report, f"Measuring the {request.what} of {path.name}")
        found = (value,)
    for row in found:
        desk.emit(
            FramesDescribed(number, request.path, row.key, row.title, row.unit, _share(clip, row.values), row.names)
        )


def audition(desk: Desk, number: int, request: AuditionFrames) -> Work:
    """A moment of another file at the rate and with the channels of the clip."""
    yield
    info = desk.codec.info
    wanted: list[NDArray[np.float32]] = []
    first, last = (round(max(0.0, seconds) * info.rate_hz) for seconds in (request.start_s, request.end_s))
    at = 0
    for block in audio.converted_blocks(request.path, info.rate_hz, info.channels):
        wanted.append(block[:, max(0, first - at) : max(0, last - at)])
        at += block.shape[1]
        if at >= last:
            break
        yield
    samples = np.ascontiguousarray(np.concatenate(wanted, axis=1)) if wanted else np.zeros((info.channels, 0))
    if samples.shape[1]:
        desk.call(lambda: desk.player.audition(samples))


def _space(desk: Desk, number: int, folder: str, method: Method) -> Generator[None, None, Space]:
    """The space of a corpus; principal axes of the shipped sample are those that the clip came with."""
    if not folder and method == "pca":
        basis = yield from desk.fit()
        if basis is None:
            raise SpeefeareError(f"{desk.codec.info.name} has no latents to show.")
        return basis
    known = _known.setdefault(desk.codec, Known())
    corpus = Corpus(folder)
    key = (corpus.signature(), method)
    if key not in known.spaces:
        report = Reporter(desk.emit, number)
        words = f"Fitting principal axes to {corpus.name}"
        if method == "umap":
            words = f"Fitting UMAP to {corpus.name} (the first time takes half a minute)"
        known.spaces[key] = yield from _reported(fitting(desk.codec, corpus, method), report, words)
    return known.spaces[key]


def _trace(desk: Desk, number: int, path: str, space: Space, depth: int | None) -> Generator[None, None, Trace]:
    known = _known.setdefault(desk.codec, Known())
    audio.probe(path)  # a bad file is one sentence
    about = Path(path).stat()
    key = (path, about.st_size, about.st_mtime_ns)
    work = tracing(desk.codec, path, space, depth, known.recordings.get(key))
    found: Trace = yield from _reported(work, Reporter(desk.emit, number), f"Tracing {Path(path).name}")
    known.keep(key, found.recording)
    return found


def _reported(work: Generator[float, None, Any], report: Reporter, words: str) -> Generator[None, None, Any]:
    """Work that yields its share, as work that tells it."""
    while True:
        try:
            share = next(work)
        except StopIteration as end:
            return end.value
        report(words, share, 1.0)
        yield


def _share(clip: Clip, values: NDArray[np.float32]) -> ArrayRef:
    shared = SharedArray.create(values.shape, np.float32)
    shared.array[...] = values
    return clip.keep(shared).ref
