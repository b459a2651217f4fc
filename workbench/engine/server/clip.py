"""The open clip: reads, encodes, decodes and measures it, and says what is ready. Runs on the task thread."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Hashable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core import audio
from speefeare_core.codec import Codec
from speefeare_core.errors import SpeefeareError
from speefeare_core.spectrograms.settings import SpectrogramSettings
from workbench.engine import protocol
from workbench.engine.memory import SharedArray
from workbench.engine.server import coding, latents, making, spectrograms
from workbench.engine.server.columns import Column
from workbench.engine.server.edited_source import EditedSource
from workbench.engine.server.growing import GrowingArray
from workbench.engine.server.kept import Kept, to_drop
from workbench.engine.server.loudness import loudness
from workbench.engine.server.peaks import BLOCK_SAMPLES, peaks
from workbench.engine.server.progress import Reporter
from workbench.engine.server.tasks import Work
from workbench.engine.topics.takes import RenderDropped
from workbench.state.derived_takes import TakeKey, key_of
from workbench.state.mixed import Mixed
from workbench.state.take_names import needed_for, why_not
from workbench.state.takes import takes

LONG_S = 600.0
LARGE_BYTES = 1 << 30  # all renders together: above this a clip is treated as long
ROOM_BYTES = 4 << 30  # renders that are kept; above this the one that was longest not wanted goes
_READ_BLOCK_S = 2.0

BasisFit = Callable[[], Generator[None, None, latents.Basis | None]]


@dataclasses.dataclass(frozen=True)
class Listener:
    """Who hears of the clip's results."""

    emit: Callable[[protocol.Event], None]
    opened: Callable[[NDArray[np.float32], int], None]  # the original and its rate
    rendered: Callable[[int, Any], None]
    dropped: Callable[[int], None] = lambda number: None


class Clip:
    """One file under one codec. `open` makes it; `process` and `want` are the work for requests.

    Each result is made once: whoever needs one that is under way (a person who picks a depth while all are being made)
    takes the same generator further.
    """

    def __init__(self, codec: Codec, fit: BasisFit, listener: Listener, info: audio.FileInfo) -> None:
        self.codec = codec
        self.takes = takes(codec.info)
        self.file = info
        self.listener = listener
        self._fit = fit
        self._kept = Kept()
        self._running: dict[Any, Work] = {}
        self._made: set[Any] = set()
        self._renders: dict[int, Any] = {}  # in the order in which they were last wanted
        self.told: dict[int, protocol.RenderReady] = {}  # what the window was told of decoded takes
        self.coded: coding.CodedClip | None = None
        self.edited: EditedSource | None = None
        self.columns: dict[int, Column] = {}
        self.heard: Callable[[], int] = lambda: 0  # the take that is chosen
        self.lufs = float("-inf")
        self.long = False
        self.settings = SpectrogramSettings()
        self._spectrograms: dict[int, spectrograms.Made] = {}

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
        clip.keep(original)
        try:
            clip.lufs = yield from loudness(original.array, rate)
        except BaseException:
            clip.unlink()
            raise
        before_opened()
        clip._renders[0] = original.array
        listener.emit(
            protocol.ClipOpened(
                request, path, info.rate_hz, info.channels, info.encoding, rate, original.ref, clip.lufs, clip.long
            )
        )
        listener.opened(original.array, rate)
        return clip

    def unlink(self) -> None:
        """Remove everything shared; whoever has it mapped may go on reading."""
        for work in self._running.values():
            work.close()  # type: ignore[attr-defined]
        self._kept.unlink()

    def keep(self, array: SharedArray, of: Hashable = None) -> SharedArray:
        """Have an array unlinked with the clip, or before: with a take (`of` is its number) or by `release_of`."""
        return self._kept.keep(array, of)

    def release(self, *arrays: SharedArray) -> None:
        """Unlink arrays that were kept before the clip goes."""
        self._kept.release(*arrays)

    def release_of(self, of: Hashable) -> None:
        """Unlink what was kept for something."""
        self._kept.release_of(of)

    def set_spectrogram(self, settings: SpectrogramSettings) -> None:
        """From now on spectrograms are made so; those that are there, or being made, go."""
        if settings == self.settings:
            return
        self.settings = settings
        for key in [key for key in self._running if isinstance(key, tuple) and key[0] == "spectrogram"]:
            self._running.pop(key).close()  # type: ignore[attr-defined]
        self._made = {key for key in self._made if not (isinstance(key, tuple) and key[0] == "spectrogram")}
        for made in self._spectrograms.values():
            self.release(*made.arrays)
        self._spectrograms.clear()

    # -- requests -----------------------------------------------------------------------------------------------
    def process(self, request: int, wanted: tuple[int, ...], selected: Callable[[], int]) -> Work:
        """Everything, in the order that protocol.ProcessClip promises. `selected` is the depth that is heard now."""
        self.heard = selected
        for depth in wanted:
            self.check(depth)
        yield from self._once(("peaks", 0), lambda: self._make_peaks(request, 0))
        yield from self._once(("spectrogram", 0), lambda: self._make_spectrogram(request, 0))
        yield from self._once("codes", lambda: self._make_codes(request))
        for depth in sorted(set(wanted) - {0}) if self.long else range(1, len(self.takes)):
            yield from self.make(request, depth)
            if depth == selected():
                yield from self._once(
                    ("spectrogram", depth),
                    lambda depth=depth: self._make_spectrogram(request, depth),  # type: ignore[misc]
                )

    def want(self, request: int, number: int) -> Work:
        """Any take and its spectrogram, now."""
        self.check(number)
        yield from self.make(request, number)
        yield from self._once(("spectrogram", number), lambda: self._make_spectrogram(request, number))

    def make(self, request: int, number: int) -> Work:
        """Have a take made, so that it can be heard, if it is not there yet. Raises `SpeefeareError`."""
        if number:
            yield from self._once(number, lambda: making.making(self, request, number))
            self._wanted_now(number)

    def codes(self, request: int) -> Generator[None, None, coding.CodedClip]:
        """The clip's codes, made now if they are not there yet."""
        yield from self._once("codes", lambda: self._make_codes(request))
        assert self.coded is not None
        return self.coded

    def samples(self, number: int) -> Any:
        """What is heard of a take, `[C, T]`: an array or a `Mixed`. Raises `SpeefeareError` where it is not there."""
        if number not in self._renders:
            raise SpeefeareError("That version is not there any more; choose it again.")
        return self._renders[number]

    @property
    def numbers(self) -> tuple[int, ...]:
        """Of all takes that can be heard."""
        return tuple(sorted(self._renders))

    def check(self, number: int) -> TakeKey:
        """What a number stands for. Raises `SpeefeareError` for one that neither codec nor columns have."""
        try:
            key = key_of(number)
        except ValueError as error:
            raise SpeefeareError(f"There is no take {number}.") from error
        problem = why_not(self.column(key.column).codec.info if key.column else self.codec.info, key)
        if not problem and key.column and (key.kind in ("edited", "residual") or (key.kind == "take" and not key.of)):
            problem = "That can be heard of the first codec only, not of a column beside it."
        if not problem and key.kind == "edited" and self.edited is None:
            problem = "Nothing is edited yet."
        if problem:
            raise SpeefeareError(problem)
        return key

    def column(self, number: int) -> Column:
        """A further codec on this clip. Raises `SpeefeareError` where there is none of this number."""
        if number not in self.columns:
            raise SpeefeareError(f"There is no column {number} beside the codec (any more).")
        return self.columns[number]

    def add_column(self, column: Column) -> None:
        """From now on there are its takes; a column of the same number goes."""
        self.remove_column(column.number)
        self.columns[column.number] = column

    def remove_column(self, number: int) -> None:
        """Forget a column and all its takes."""
        if self.columns.pop(number, None) is not None:
            self.drop(*(take for take in self._known() if key_of(take).column == number))
            self.release_of(("column", number))

    def set_edited(self, edited: EditedSource | None) -> None:
        """What the takes `number_of("edited", k)` are decoded from (None: no edits); what was made before is void.

        What is heard of it stays until `want` has made it anew, with the gain and the delay of take k.
        """
        self.edited = edited
        self.drop(*(take for take in self._known() if key_of(take).kind == "edited"), tell=edited is None)

    def put(self, request: int, number: int, samples: Any) -> Work:
        """A take can be heard: tell the player, make its envelope, and make room for it."""
        self._renders[number] = samples
        self.listener.rendered(number, samples)
        yield from self._make_peaks(request, number)
        sizes = {take: 0 if isinstance(sound, Mixed) else sound.nbytes for take, sound in self._renders.items() if take}
        self.drop(*to_drop(sizes, self._held(number), ROOM_BYTES))

    def drop(self, *numbers: int, tell: bool = True) -> None:
        """Forget takes and what was made of them; `tell` the player and the window too."""
        for number in numbers:
            for key in (number, ("peaks", number), ("spectrogram", number)):
                self._made.discard(key)
                if key in self._running:
                    self._running.pop(key).close()  # type: ignore[attr-defined]
            self._spectrograms.pop(number, None)
            self.release_of(number)
            self.told.pop(number, None)
            if self._renders.pop(number, None) is not None and tell:
                self.listener.dropped(number)
                self.listener.emit(RenderDropped(0, number))
            self.drop(*(other for other in self._renders if number in needed_for(key_of(other))), tell=tell)

    def _known(self) -> list[int]:
        """Numbers of all takes that are made or being made."""
        return [*self._renders, *(key for key in self._running if isinstance(key, int) and key not in self._renders)]

    def _wanted_now(self, number: int) -> None:
        """The last to be dropped, with what a difference is made of."""
        for wanted in (*needed_for(key_of(number)), number):
            if wanted in self._renders:
                self._renders[wanted] = self._renders.pop(wanted)

    def _held(self, number: int) -> set[int]:
        """What must not be dropped now: this take, the one that is heard, those being made, and what they need."""
        held = {number, *(key for key in self._running if isinstance(key, int))}
        held.update({self.heard()} & self._renders.keys())
        return held.union(*(needed_for(key_of(take)) for take in held))

    def _once(self, key: Any, make: Callable[[], Work]) -> Iterator[None]:
        """Take the work of this key to its end, from wherever somebody else has left it.

        Work that somebody ended meanwhile (its column went, or other settings came) begins anew.
        """
        while key not in self._made:
            work = self._running.get(key)
            if work is None:
                work = self._running[key] = make()
            try:
                next(work)
            except StopIteration:
                if self._running.get(key) is work:
                    del self._running[key]
                    self._made.add(key)
            except Exception:
                if self._running.get(key) is work:
                    del self._running[key]
                raise
            else:
                yield

    # -- results ------------------------------------------------------------------------------------------------
    def _make_peaks(self, request: int, depth: int) -> Work:
        yield
        found = self.keep(peaks(self.samples(depth)), depth)
        self.listener.emit(protocol.PeaksReady(request, depth, BLOCK_SAMPLES, found.ref))

    def _make_spectrogram(self, request: int, depth: int) -> Work:
        rate = self.codec.info.rate_hz

        settings = self.settings

        def show(made: spectrograms.Made, columns: int) -> None:
            self.listener.emit(
                protocol.SpectrogramReady(
                    request,
                    depth,
                    made.columns.ref,
                    columns,
                    made.hop_samples,
                    rate,
                    spectrograms.FLOOR_DB,
                    spectrograms.TOP_DB,
                    None if made.levels is None else made.levels.ref,
                    settings,
                )
            )

        made = yield from spectrograms.spectrogram(self.samples(depth), rate, show, settings)
        self._spectrograms[depth] = made
        for array in made.arrays:
            self.keep(array, depth)

    def _make_codes(self, request: int) -> Work:
        report = Reporter(self.listener.emit, request)
        basis = yield from self._fit()
        points: list[NDArray[np.float32]] = []

        def on_latents(piece: Any) -> None:
            if basis is not None:
                points.append(latents.place(basis, piece))

        coded = yield from coding.encode(
            self.codec, self._renders[0], on_latents, lambda done, total: report("Encoding", done, total)
        )
        self.coded = coded
        for group in coded.groups:
            self.keep(group)
        if coded.groups:
            refs = tuple(group.ref for group in coded.groups)
            self.listener.emit(protocol.CodesReady(request, refs, coded.frame_rates_hz))
        if basis is not None and points:
            before = self._share(points)
            after = yield from latents.points_after(self.codec, coded, basis)
            self.listener.emit(
                protocol.LatentsReady(
                    request,
                    before.ref,
                    self._share(after).ref if after else None,
                    self.codec.info.frame_rate_hz,
                    basis.explained,
                    basis.words,
                )
            )

    def _share(self, pieces: list[NDArray[np.float32]]) -> SharedArray:
        joined = np.concatenate(pieces)
        shared = SharedArray.create(joined.shape, np.float32)
        shared.array[...] = joined
        return self.keep(shared)
