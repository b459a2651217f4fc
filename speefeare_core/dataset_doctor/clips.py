"""The clips that the doctor looks at: whole sound files as they are, with all their channels, at their own rates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import soundfile

from speefeare_core import audio
from speefeare_core.audio import BLOCK_S, Samples
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.recipe_parts import SpeechSource
from speefeare_core.training.speech.files import FileClip, clip_sound, where
from speefeare_core.training.speech.g722 import is_g722, read_g722
from speefeare_core.training.speech.opening import expand, layout_of, named_clips, place_of, with_facts
from speefeare_core.training.speech.packed import PackedSpeech
from speefeare_core.training.speech.shards import shard_clips
from speefeare_core.training.speech.sound_piece import SoundFacts, readable

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class LookedAt:
    """One clip. `clip` has its file; a clip of a packed set has its samples in `packed` instead."""

    name: str
    facts: SoundFacts
    clip: FileClip | None = None
    packed: tuple[PackedSpeech, int] | None = None

    @property
    def path(self) -> str:
        """Of its sound file; empty where it is inside of a set or an archive."""
        return str(self.clip.path) if self.clip is not None and self.clip.member is None else ""

    @property
    def speaker(self) -> str:
        """Empty where it is not known."""
        if self.packed is not None:
            return self.packed[0].speakers[self.packed[1]]
        return self.clip.speaker if self.clip is not None else ""

    def blocks(self) -> Iterator[Samples]:
        """Samples [C, n] at its own rate, block by block. Raises `SpeefeareError` for a damaged file."""
        if self.packed is not None:
            opened, index = self.packed
            size = round(BLOCK_S * opened.rate_hz)
            for start in range(0, int(opened.lengths[index]), size):
                yield opened.read(index, start, size)[None]
        elif self.clip is not None and self.clip.member is None and not self.clip.whole and not is_g722(self.clip.path):
            yield from audio.blocks(self.clip.path)
        elif self.clip is not None:
            yield from _part_blocks(self.clip, self.facts)


@dataclass(frozen=True)
class Found:
    """All clips of a place, and what cannot even be opened."""

    place: str
    layout: str
    clips: tuple[LookedAt, ...]
    problems: dict[str, str]  # by name: one sentence
    paths: dict[str, str]  # by name, of what cannot be opened


def find_clips(place: Path, progress: Progress | None = None, layout: str = "auto", texts: bool = False) -> Found:
    """Every clip at a place: a folder, file, manifest, corpus, shards or packed sets. Raises `SpeefeareError`."""
    source = SpeechSource(path=str(place.expanduser().absolute()), layout=layout)
    place = place_of(source, ())
    parts = [place_of(part, ()) for part in expand(source, ())]
    if layout == "auto":
        layout = layout_of(parts[0])
    if layout == "packed":
        return Found(
            str(place), layout, tuple(clip for part in parts for clip in _packed(part, len(parts) > 1)), {}, {}
        )
    if layout == "webdataset":
        rows, problems = shard_clips(place, progress)
        return Found(str(place), layout, _looked_at(rows), problems, {})
    clips = named_clips(place, layout, texts=texts)
    rows, problems = with_facts(clips, place, progress)
    return Found(
        str(place), layout, _looked_at(rows), problems, {clip.name: readable(str(clip.path)) for clip in clips}
    )


def _looked_at(rows: Sequence[tuple[FileClip, SoundFacts]]) -> tuple[LookedAt, ...]:
    return tuple(LookedAt(clip.name, facts, clip) for clip, facts in rows)


def _packed(folder: Path, several: bool) -> Iterator[LookedAt]:
    opened = PackedSpeech(folder)
    for index, name in enumerate(opened.names):
        facts = SoundFacts(opened.rate_hz, 1, int(opened.lengths[index]), "packed PCM_16")
        yield LookedAt(f"{opened.key}/{name}" if several else name, facts, packed=(opened, index))


def _part_blocks(clip: FileClip, facts: SoundFacts) -> Iterator[Samples]:
    """A part of a file, a member of an archive, or G.722."""
    first = round(clip.begin_s * facts.rate_hz)
    last = facts.samples if clip.length_s is None else min(facts.samples, first + round(clip.length_s * facts.rate_hz))
    if clip.member is None and is_g722(clip.path):
        yield read_g722(clip.path)[None, first:last]
        return
    size = round(BLOCK_S * facts.rate_hz)
    try:
        with clip_sound(clip) as sound, soundfile.SoundFile(str(sound) if isinstance(sound, Path) else sound) as file:
            file.seek(first)
            while first < last:
                block = file.read(min(size, last - first), dtype="float32", always_2d=True)
                if not len(block):
                    raise SpeefeareError(
                        f"{where(clip)} is cut off after {first / facts.rate_hz:.2f} s; copy it again."
                    )
                audio.check_finite(block, where(clip), first / facts.rate_hz)
                first += len(block)
                yield block.T
    except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
        raise SpeefeareError(f"{where(clip)} is damaged after {first / facts.rate_hz:.2f} s: {error}") from error
