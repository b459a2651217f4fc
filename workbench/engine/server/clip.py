"""The open clip: reads, encodes, decodes and measures it, and says what is ready. Runs on the task thread."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core import audio
from speefeare_core.codec import Codec
from speefeare_core.errors import SpeefeareError
from workbench.engine import protocol
from workbench.engine.memory import SharedArray
from workbench.engine.server import coding, latents, renders, spectrograms
from workbench.engine.server.growing import GrowingArray
from workbench.engine.server.loudness import loudness
from workbench.engine.server.peaks import BLOCK_SAMPLES, peaks
from workbench.engine.server.progress import Reporter
from workbench.engine.server.tasks import Work
from workbench.state.takes import takes

LONG_S = 600.0
LARGE_BYTES = 1 << 30  # all renders together: above this a clip is treated as long
_READ_BLOCK_S = 2.0

BasisFit = Callable[[], Generator[None, None, latents.Basis | None]]


@dataclasses.dataclass(frozen=True)
class Listener:
    """Who hears of the clip's results."""

    emit: Callable[[protocol.Event], None]
    opened: Callable[[NDArray[np.float32], int], None]  # the original and its rate
    rendered: Callable[[int, NDArray[np.float32]], None]


class Clip:
    """One file under one codec. `open` makes it; `process` and `want` are the work for requests.

    Each result is made once: whoever needs one that is under way (a person who picks a depth while all are being made)
    takes the same generator further.
    """

    def __init__(self, codec: Codec, fit: BasisFit, listener: Listener, info: audio.FileInfo) -> None:
        self.codec = codec
        self.takes = takes(codec.info)
        self.file = info
        self._fit = fit
        self._listener = listener
        self._arrays: list[SharedArray] = []
        self._running: dict[Any, Work] = {}
        self._made: set[Any] = set()
        self._errors: dict[Any, Exception] = {}
        self._renders: dict[int, NDArray[np.float32]] = {}
        self._coded: coding.CodedClip | None = None
        self._lufs = float("-inf")
        self.long = False

    # -- opening ------------------------------------------------------------------------------------------------
    @classmethod
    def open(
        cls,
        codec: Codec,
        fit: BasisFit,
        listener: Listener,
        request: int,
        path: str,
        before_opened: Callable[[], None],
    ) -> Generator[None, None, Clip]:
        """Read the file at the codec's rate; `before_opened` makes room just before ClipOpened goes out."""
        info = audio.probe(path)
        clip = cls(codec, fit, listener, info)
        rate, channels = codec.info.rate_hz, codec.info.channels
        expected = round(info.length_s * rate)
        everything = expected * channels * 4 * len(clip.takes)
        clip.long = info.length_s > LONG_S or everything > LARGE_BYTES
        report = Reporter(listener.emit, request)
        growing = GrowingArray(channels, expected + 16)
        try:
            for block in audio.converted_blocks(path, rate, channels, _READ_BLOCK_S):
                growing.append(block)
                report("Reading", min(growing.length, expected), max(expected, 1))
                yield
            if not growing.length:  # shorter than one sample at the codec's rate
                growing.append(np.zeros((channels, 1), np.float32))
            original = growing.finish()
        except BaseException:
            growing.discard()
            raise
        clip._arrays.append(original)
        try:
            clip._lufs = yield from loudness(original.array, rate)
        except BaseException:
            clip.unlink()
            raise
        before_opened()
        clip._renders[0] = original.array
        listener.emit(
            protocol.ClipOpened(
                request, path, info.rate_hz, info.channels, info.encoding, rate, original.ref, clip._lufs, clip.long
            )
        )
        listener.opened(original.array, rate)
        return clip

    def unlink(self) -> None:
        """Remove everything shared; whoever has it mapped may go on reading."""
        for work in self._running.values():
            work.close()  # type: ignore[attr-defined]
        for array in self._arrays:
            array.unlink()

    # -- requests -----------------------------------------------------------------------------------------------
    def process(self, request: int, wanted: tuple[int, ...], selected: Callable[[], int]) -> Work:
        """Everything, in the order that protocol.ProcessClip promises. `selected` is the depth that is heard now."""
        for depth in wanted:
            self._check(depth)
        yield from self._once(("peaks", 0), lambda: self._make_peaks(request, 0))
        yield from self._once(("spectrogram", 0), lambda: self._make_spectrogram(request, 0))
        yield from self._once("codes", lambda: self._make_codes(request))
        for depth in sorted(set(wanted) - {0}) if self.long else range(1, len(self.takes)):
            yield from self._once(depth, lambda depth=depth: self._make_render(request, depth))  # type: ignore[misc]
            if depth == selected():
                yield from self._once(
                    ("spectrogram", depth),
                    lambda depth=depth: self._make_spectrogram(request, depth),  # type: ignore[misc]
                )

    def want(self, request: int, depth: int) -> Work:
        """One depth and its spectrogram, now."""
        self._check(depth)
        if depth:
            yield from self._once("codes", lambda: self._make_codes(request))
            yield from self._once(depth, lambda: self._make_render(request, depth))
        yield from self._once(("spectrogram", depth), lambda: self._make_spectrogram(request, depth))

    def _check(self, depth: int) -> None:
        if not 0 <= depth < len(self.takes):
            raise SpeefeareError(
                f"Depth {depth} does not exist in {self.codec.info.name}: choose 0 (the original) to"
                f" {len(self.takes) - 1}."
            )

    def _once(self, key: Any, make: Callable[[], Work]) -> Iterator[None]:
        """Take the work of this key to its end, from wherever somebody else has left it."""
        if key in self._made:
            return
        work = self._running.get(key)
        if work is None:
            work = self._running[key] = make()
        while True:
            try:
                next(work)
            except StopIteration:
                if key in self._errors:
                    raise self._errors[key] from None
                self._made.add(key)
                self._running.pop(key, None)
                return
            except Exception as error:
                self._errors[key] = error
                raise
            yield

    # -- results ------------------------------------------------------------------------------------------------
    def _make_peaks(self, request: int, depth: int) -> Work:
        yield
        found = peaks(self._renders[depth])
        self._arrays.append(found)
        self._listener.emit(protocol.PeaksReady(request, depth, BLOCK_SAMPLES, found.ref))

    def _make_spectrogram(self, request: int, depth: int) -> Work:
        rate = self.codec.info.rate_hz

        def show(array: SharedArray, columns: int, hop: int) -> None:
            self._listener.emit(
                protocol.SpectrogramReady(
                    request, depth, array.ref, columns, hop, rate, spectrograms.FLOOR_DB, spectrograms.TOP_DB
                )
            )

        self._arrays.append((yield from spectrograms.spectrogram(self._renders[depth], rate, show)))

    def _make_codes(self, request: int) -> Work:
        report = Reporter(self._listener.emit, request)
        basis = yield from self._fit()
        points: list[NDArray[np.float32]] = []

        def on_latents(piece: Any) -> None:
            if basis is not None:
                points.append(basis.project(piece))

        coded = yield from coding.encode(
            self.codec, self._renders[0], on_latents, lambda done, total: report("Encoding", done, total)
        )
        self._coded = coded
        self._arrays.extend(coded.groups)
        if coded.groups:
            refs = tuple(group.ref for group in coded.groups)
            self._listener.emit(protocol.CodesReady(request, refs, coded.frame_rates_hz))
        if basis is not None and points:
            before = self._share(points)
            after = yield from latents.points_after(self.codec, coded, basis)
            self._listener.emit(
                protocol.LatentsReady(
                    request,
                    before.ref,
                    self._share(after).ref if after else None,
                    self.codec.info.frame_rate_hz,
                    basis.explained,
                    basis.words,
                )
            )

    def _make_render(self, request: int, depth: int) -> Work:
        report = Reporter(self._listener.emit, request)
        assert self._coded is not None
        original = self._renders[0]
        shared = SharedArray.create(original.shape, np.float32)
        self._arrays.append(shared)
        info = self.codec.info
        take = self.takes[depth]
        stage = f"Decoding {take.name} of {info.depth}" if take.title == str(depth) else f"Decoding {take.name}"
        yield from coding.decode(
            self.codec, self._coded, take, shared.array, lambda done, total: report(stage, done, total)
        )
        measured = yield from renders.finish(original, shared.array, info.rate_hz, self._lufs)
        self._renders[depth] = shared.array
        self._listener.emit(
            protocol.RenderReady(
                request,
                depth,
                shared.ref,
                measured.gain_db,
                measured.delay_samples,
                measured.si_sdr_db,
                take.bitrate_kbps or self._packets_kbps(),
            )
        )
        self._listener.rendered(depth, shared.array)
        yield from self._make_peaks(request, depth)

    def _packets_kbps(self) -> float:
        """Of a codec that sends bytes."""
        assert self._coded is not None
        packets = self._coded.encoded.side.get("packets")
        if packets is None:
            return 0.0
        return 8 * packets[0].numel() * self.codec.info.frame_rate_hz / packets.shape[1] / 1000.0

    def _share(self, pieces: list[NDArray[np.float32]]) -> SharedArray:
        joined = np.concatenate(pieces)
        shared = SharedArray.create(joined.shape, np.float32)
        shared.array[...] = joined
        self._arrays.append(shared)
        return shared
