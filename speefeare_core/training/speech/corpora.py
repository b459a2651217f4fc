"""LibriSpeech, LibriTTS and VCTK as they are distributed: who speaks is in the names, what is said lies beside."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.speech.files import FileClip
from speefeare_core.training.speech.folder import sound_files
from speefeare_core.training.speech.sound_piece import readable

RECOGNISED_SHARE = 0.9  # of the sound files have names of a corpus
SAMPLE = 200  # names that are looked at


@dataclass(frozen=True)
class Corpus:
    """How its files are called."""

    key: str
    title: str
    pattern: re.Pattern[str]  # of file names, with a group `speaker`
    text: Callable[[Path], str]


def _librispeech_text(path: Path) -> str:
    """The line of `speaker-chapter.trans.txt` that begins with the utterance."""
    beside = path.with_name(path.stem.rpartition("-")[0] + ".trans.txt")
    for line in _lines(beside):
        utterance, _, words = line.partition(" ")
        if utterance == path.stem:
            return words.strip()
    return ""


def _libritts_text(path: Path) -> str:
    for ending in (".normalized.txt", ".original.txt"):
        lines = _lines(path.with_suffix(ending))
        if lines:
            return " ".join(lines).strip()
    return ""


def _vctk_text(path: Path) -> str:
    stem = re.sub(r"_mic\d$", "", path.stem)
    lines = _lines(path.parents[2] / "txt" / path.parent.name / f"{stem}.txt") if len(path.parents) > 2 else []
    return " ".join(lines).strip()


CORPORA = (
    Corpus("librispeech", "LibriSpeech", re.compile(r"(?P<speaker>\d+)-\d+-\d{4}\.(flac|wav)"), _librispeech_text),
    Corpus("libritts", "LibriTTS", re.compile(r"(?P<speaker>\d+)_\d+_\d{6}_\d{6}\.wav"), _libritts_text),
    # Both microphones heard the same sentence; the first is taken, and `match` may ask for the other.
    Corpus("vctk", "VCTK", re.compile(r"(?P<speaker>[ps]\d+)_\d{3}(_mic1)?\.(flac|wav)"), _vctk_text),
)


def corpus_of(folder: Path) -> Corpus | None:
    """Which of them a folder is, or None."""
    names = [path.name for path in sound_files(folder)]
    names = names[:: max(1, len(names) // SAMPLE)]
    for corpus in CORPORA:
        if sum(bool(_any_microphone(corpus, name)) for name in names) >= RECOGNISED_SHARE * len(names):
            return corpus
    return None


def corpus_clips(folder: Path, key: str, match: str = "*", texts: bool = False) -> list[FileClip]:
    """Its utterances and their speakers; what is said where `texts`. Raises `SpeefeareError` where there are none."""
    corpus = next(corpus for corpus in CORPORA if corpus.key == key)
    found = []
    for path in sound_files(folder):
        named = corpus.pattern.fullmatch(path.name) if match == "*" else _any_microphone(corpus, path.name)
        if named:
            name, words = readable(path.relative_to(folder).as_posix()), corpus.text(path) if texts else ""
            found.append(FileClip(name, path, speaker=named["speaker"], text=words))
    if not found:
        raise SpeefeareError(f"{folder} holds no file that is named as in {corpus.title}.")
    return found


def _any_microphone(corpus: Corpus, name: str) -> re.Match[str] | None:
    return corpus.pattern.fullmatch(name.replace("_mic2.", "_mic1."))


def _lines(path: Path) -> Sequence[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
