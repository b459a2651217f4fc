"""Speech that lies in sound files: a clip is a file, a part of a file, or a member of an archive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np

from speefeare_core.audio import Samples
from speefeare_core.training.speech.interface import OpenSpeech
from speefeare_core.training.speech.packed import distinct
from speefeare_core.training.speech.sound_piece import SoundFacts, read_piece
from speefeare_core.training.speech.window import opened_window

LONG_S = 120.0  # a longer recording is cut into clips, so that parts of it can be held out
PIECE_S = 60.0


@dataclass(frozen=True, slots=True)
class FileClip:
    """One clip before its length is known. Times in seconds; `length_s` None: to the end of the file."""

    name: str
    path: Path
    begin_s: float = 0.0
    length_s: float | None = None
    speaker: str = ""
    text: str = ""
    member: tuple[int, int] | None = None  # first byte and size of it inside an archive
    whole: bool = False  # never cut into pieces


class FileSpeech(OpenSpeech):
    """Clips with the headers of their files."""

    def __init__(
        self, key: str, rate_hz: int, clips: Sequence[tuple[FileClip, SoundFacts]], problems: dict[str, str]
    ) -> None:
        pieces: list[tuple[FileClip, SoundFacts, int, int]] = []
        self.problems = dict(problems)
        for clip, facts in clips:
            found = list(_pieces(clip, facts, rate_hz))
            pieces += found
            if not found:
                self.problems[clip.name] = f"{where(clip)} ends before the clip begins, at {clip.begin_s:g} s."
        self.key, self.rate_hz = key, rate_hz
        self.clips = tuple(clip for clip, _, _, _ in pieces)  # [N] what each clip is a part of
        self.facts = tuple(facts for _, facts, _, _ in pieces)
        self._starts = np.array([start for _, _, start, _ in pieces], np.int64)
        self.lengths = np.array([length for _, _, _, length in pieces], np.int64)
        self.names = distinct(clip.name for clip in self.clips)
        self.speakers = [clip.speaker for clip in self.clips]

    def read(self, index: int, start: int = 0, length: int | None = None) -> Samples:
        """Samples [n] float32 of a clip or a part of it. Raises `SpeefeareError` where the file cannot be read."""
        clip, whole = self.clips[index], int(self.lengths[index])
        count = max(0, whole - start if length is None else min(length, whole - start))
        begin = int(self._starts[index]) + start
        with clip_sound(clip) as sound:
            return read_piece(sound, self.facts[index], self.rate_hz, begin, count, where(clip))


@contextmanager
def clip_sound(clip: FileClip) -> Iterator[Path | BinaryIO]:
    """The file of a clip, or its part of an archive, opened."""
    if clip.member is None:
        yield clip.path
        return
    with opened_window(clip.path, *clip.member) as sound:
        yield sound


def where(clip: FileClip) -> str:
    """What people know it by."""
    return str(clip.path) if clip.member is None else f"{clip.name} in {clip.path}"


def _pieces(clip: FileClip, facts: SoundFacts, rate_hz: int) -> Iterator[tuple[FileClip, SoundFacts, int, int]]:
    """A clip with its first sample in the file and its length, or the pieces of a long one."""
    whole = facts.samples_at(rate_hz)
    first = min(round(clip.begin_s * rate_hz), whole)
    last = whole if clip.length_s is None else min(whole, first + round(clip.length_s * rate_hz))
    length = last - first
    if length <= 0:
        return
    if clip.whole or length <= LONG_S * rate_hz:
        yield clip, facts, first, length
        return
    count = -(-length // round(PIECE_S * rate_hz))
    edges = [first + length * number // count for number in range(count + 1)]
    for begin, end in pairwise(edges):
        name = f"{clip.name}@{begin / rate_hz:.2f}s"
        piece = FileClip(name, clip.path, begin / rate_hz, (end - begin) / rate_hz, clip.speaker, "", clip.member, True)
        yield piece, facts, begin, end - begin
