"""The table of long work that the window may ask for beyond the clip itself: one row a request.

A row names a function `work(desk, number, request) -> Work` as "module:function", imported at its first use. The
function is a generator on the task thread that yields between chunks, emits its events with `number`, and raises
`SpeefeareError` for what people should read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from speefeare_core.codec import Codec
from speefeare_core.errors import SpeefeareError
from speefeare_core.lazy import load_named
from workbench.engine import protocol
from workbench.engine.server.tasks import Work
from workbench.engine.topics import token_statistics
from workbench.engine.topics.audition import AuditionCode
from workbench.engine.topics.columns import AddColumn, RemoveColumn
from workbench.engine.topics.edits import SetEdits
from workbench.engine.topics.ladder import WantLadder
from workbench.engine.topics.latents import AuditionFrames, DescribeFrames, TraceLatents
from workbench.engine.topics.sounds import PlaySounds
from workbench.engine.topics.spectrogram import SetSpectrogram
from workbench.engine.topics.takes import MeasureRenders
from workbench.engine.topics.voice import WantVoice

if TYPE_CHECKING:
    from workbench.engine.server.clip import BasisFit, Clip
    from workbench.engine.server.columns import CodecShelf
    from workbench.engine.server.player import Player

SOON, LATER = 1, 4  # urgencies: as a depth that a person waits for, or after everything else
_TOPICS = "workbench.engine.server.topics"


@dataclass(frozen=True)
class Desk:
    """What work may use."""

    emit: Callable[[protocol.Event], None]
    call: Callable[[Callable[[], None]], None]  # have something done on the engine's main loop
    player: Player  # use it through `call` only
    codec: Codec
    find_clip: Callable[[], Clip | None]
    fit: BasisFit  # the fixed basis of the codec's latents
    shelf: CodecShelf  # the codecs of columns

    @property
    def open_clip(self) -> Clip | None:
        """The open clip, if there is one."""
        return self.find_clip()

    @property
    def clip(self) -> Clip:
        """The open clip. Raises `SpeefeareError` where there is none."""
        clip = self.find_clip()
        if clip is None:
            raise SpeefeareError("There is no open clip; open a sound file first.")
        return clip


@dataclass(frozen=True)
class Answer:
    """One row. `voids`: older tasks of this kind stop when a new one comes; empty: none do."""

    work: str
    kind: str
    urgency: int = SOON
    voids: str = ""
    of_clip: bool = True  # void when the clip or the codec changes

    def start(self, desk: Desk, number: int, request: protocol.Request) -> Work:
        """The work of one request."""
        make: Any = load_named(self.work)
        yield from make(desk, number, request)


ANSWERS: dict[type[protocol.Request], Answer] = {
    TraceLatents: Answer(f"{_TOPICS}.latents:trace", "latents", 2),
    DescribeFrames: Answer(f"{_TOPICS}.latents:describe", "frames"),
    AuditionFrames: Answer(f"{_TOPICS}.latents:audition", "audition frames", SOON, "audition frames"),
    AddColumn: Answer(f"{_TOPICS}.columns:add", "column", 3),
    RemoveColumn: Answer(f"{_TOPICS}.columns:remove", "remove column", 0, of_clip=False),
    MeasureRenders: Answer(f"{_TOPICS}.takes:measure", "measure", LATER),
    AuditionCode: Answer(f"{_TOPICS}.audition:work", "audition", SOON, "audition"),
    PlaySounds: Answer(f"{_TOPICS}.sounds:play", "sounds", 0, "sounds", of_clip=False),
    SetEdits: Answer(f"{_TOPICS}.edits:work", "edits", SOON, "edits"),
    WantLadder: Answer(f"{_TOPICS}.ladder:work", "ladder", SOON, "ladder"),
    WantVoice: Answer(f"{_TOPICS}.voice:work", "voice", LATER),
    SetSpectrogram: Answer(f"{_TOPICS}.spectrogram:work", "spectrogram", 0),
    token_statistics.DescribeBooks: Answer(f"{_TOPICS}.token_statistics:describe_books", "books", LATER, of_clip=False),
    token_statistics.MapBook: Answer(f"{_TOPICS}.token_statistics:map_book", "map", LATER, "map", of_clip=False),
    token_statistics.CountCorpus: Answer(
        f"{_TOPICS}.token_statistics:count_corpus", "corpus", LATER, "corpus", of_clip=False
    ),
    token_statistics.EncodeOther: Answer(
        f"{_TOPICS}.token_statistics:encode_other", "other", SOON, "other", of_clip=False
    ),
}
