"""From what a recipe or a person names to opened speech: `open_data` for a run, `open_speech` for one source."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from speefeare_core.audio import Samples
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.recipe_parts import SpeechSource
from speefeare_core.training.speech.corpora import CORPORA, corpus_clips, corpus_of
from speefeare_core.training.speech.files import FileClip, FileSpeech
from speefeare_core.training.speech.folder import folder_clips, wanted_names
from speefeare_core.training.speech.interface import OpenSpeech
from speefeare_core.training.speech.known_files import facts_of_files
from speefeare_core.training.speech.manifest import is_manifest, manifest_clips
from speefeare_core.training.speech.packed import PackedSpeech, is_packed
from speefeare_core.training.speech.pool import SpeechPool, check_not_empty
from speefeare_core.training.speech.shards import COMPRESSED, shard_clips
from speefeare_core.training.speech.sound_piece import SoundFacts

Progress = Callable[[float, str], None]
Roots = Path | Sequence[Path]


def open_data(
    sources: Sequence[SpeechSource], roots: Roots, rate_hz: int, progress: Progress | None = None
) -> SpeechPool:
    """All speech of a run at `rate_hz`. Without sources, everything at `roots`: `--data` of a run, one or more.

    Raises `SpeefeareError` where a source is missing, unreadable, packed at another rate, or everything is empty.
    """
    named = sources or tuple(SpeechSource(path=str(root.resolve())) for root in _listed(roots))
    whole = [part for source in named for part in expand(source, roots)]
    opened = [open_speech(source, roots, rate_hz, progress) for source in whole]
    pool = SpeechPool(opened, [source.weight for source in whole])
    check_not_empty(pool)
    return pool


def open_speech(source: SpeechSource, roots: Roots, rate_hz: int, progress: Progress | None = None) -> OpenSpeech:
    """One source at `rate_hz`, opened and not read. Raises `SpeefeareError` as `open_data` does."""
    place = place_of(source, roots)
    layout = layout_of(place) if source.layout == "auto" else source.layout
    if layout == "packed":
        return _packed(source, place, rate_hz)
    if layout == "webdataset":
        rows, problems = shard_clips(place, progress)
        kept = wanted_names([clip.name for clip, _ in rows], source.match, source.exclude, source.skip_last)
        return _checked(FileSpeech(_key(place), rate_hz, [rows[index] for index in kept], problems), place)
    clips = named_clips(place, layout, source.match)
    kept = wanted_names([clip.name for clip in clips], source.match, source.exclude, source.skip_last)
    clips = [clips[index] for index in kept]
    if not clips:
        raise SpeefeareError(f"{place} holds no clip that matches {source.match!r} and is not left out.")
    rows, problems = with_facts(clips, place, progress)
    return _checked(FileSpeech(_key(place), rate_hz, rows, problems), place)


def place_of(source: SpeechSource, roots: Roots) -> Path:
    """Where a source lies. Raises `SpeefeareError` where it is not there."""
    if not (source.name or source.path):
        raise SpeefeareError("A source of speech needs a name or a path in the recipe (data.sources).")
    wanted = Path(source.path or source.name).expanduser()
    if wanted.is_absolute():
        places = [wanted]
    else:
        places = [root / wanted for root in _listed(roots)]
        places += [root for root in _listed(roots) if root.resolve().name == source.name]
    for place in places:
        if place.exists() or ("{" in place.name or "*" in place.name):
            return place
    raise SpeefeareError(f"There is no speech at {', nor at '.join(map(str, places))}; give --data the right folder.")


def expand(source: SpeechSource, roots: Roots) -> list[SpeechSource]:
    """A folder of packed sets as one source a set; anything else as it is."""
    place = place_of(source, roots)
    if source.layout not in ("auto", "packed") or not place.is_dir() or is_packed(place):
        return [source]
    sets = sorted(path for path in place.iterdir() if path.is_dir() and is_packed(path))
    return [dataclasses.replace(source, name="", path=str(path.resolve()), layout="packed") for path in sets] or [
        source
    ]


def layout_of(place: Path) -> str:
    """How speech is laid out there: a choice of `SpeechSource.layout`, never auto."""
    if is_manifest(place):
        return "manifest"
    if place.name.lower().endswith((".tar", *COMPRESSED)):
        return "webdataset"
    if not place.is_dir():
        return "folder"
    if is_packed(place):
        return "packed"
    if any(place.glob("*.tar")):
        return "webdataset"
    corpus = corpus_of(place)
    return corpus.key if corpus is not None else "folder"


def named_clips(place: Path, layout: str, match: str = "*", texts: bool = False) -> list[FileClip]:
    """The clips of a folder, manifest or corpus, by name; headers are not read."""
    if layout == "manifest":
        return manifest_clips(place)
    if layout in {corpus.key for corpus in CORPORA}:
        return corpus_clips(place, layout, match, texts)
    return folder_clips(place)


def with_facts(
    clips: Sequence[FileClip], place: Path, progress: Progress | None = None
) -> tuple[list[tuple[FileClip, SoundFacts]], dict[str, str]]:
    """Clips with the headers of their files, and by name what cannot be read."""
    paths = list(dict.fromkeys(clip.path for clip in clips))
    facts, unreadable = facts_of_files(paths, str(place.resolve()), progress)
    rows = [(clip, facts[clip.path]) for clip in clips if clip.path in facts]
    return rows, {clip.name: unreadable[clip.path] for clip in clips if clip.path in unreadable}


class _Chosen(OpenSpeech):
    """Some clips of an opened source."""

    def __init__(self, source: OpenSpeech, kept: Sequence[int]) -> None:
        self._source, self._kept = source, list(kept)
        self.key, self.rate_hz, self.problems = source.key, source.rate_hz, source.problems
        self.names = [source.names[index] for index in kept]
        self.speakers = [source.speakers[index] for index in kept]
        self.lengths = np.asarray(source.lengths)[self._kept]

    def read(self, index: int, start: int = 0, length: int | None = None) -> Samples:
        return self._source.read(self._kept[index], start, length)


def _packed(source: SpeechSource, place: Path, rate_hz: int) -> OpenSpeech:
    opened = PackedSpeech(place)
    if opened.rate_hz != rate_hz:
        raise SpeefeareError(
            f"{place} is packed at {opened.rate_hz} Hz and the recipe wants {rate_hz} Hz: pack it again with"
            f" --rate {rate_hz}, or train on the sound files themselves."
        )
    kept = wanted_names(opened.names, source.match, source.exclude, source.skip_last)
    if not kept:
        raise SpeefeareError(f"{place} holds no clip that matches {source.match!r} and is not left out.")
    return opened if len(kept) == len(opened.names) else _Chosen(opened, kept)


def _checked(speech: FileSpeech, place: Path) -> FileSpeech:
    if not speech.names:
        reason = next(iter(speech.problems.values()), "there are none")
        raise SpeefeareError(f"No clip of {place} can be read: {reason}")
    return speech


def _key(place: Path) -> str:
    return place.stem if place.suffix else place.name


def _listed(roots: Roots) -> list[Path]:
    return [roots] if isinstance(roots, Path) else list(roots)
