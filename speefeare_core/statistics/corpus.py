"""The tokens of a corpus, counted once and kept: what is frequent and what is rare for a codec."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from speefeare_core import audio
from speefeare_core.errors import SpeefeareError
from speefeare_core.folders import cache_dir
from speefeare_core.statistics.counts import TokenCounts

if TYPE_CHECKING:
    from speefeare_core.codec import Codec, CodecInfo

VERSION = 1
BLOCK_S = 10.0
SOUND_ENDINGS = (".wav", ".flac", ".ogg", ".mp3")
Progress = Callable[[float, str], None]  # share that is done, what is read


@dataclass(frozen=True, eq=False)
class CorpusCounts:
    """What was counted, and where."""

    counts: TokenCounts
    files: int
    seconds: float
    skipped: tuple[str, ...] = ()  # files that could not be read, each with its reason


def sound_files(folder: Path) -> list[Path]:
    """All sound files under a folder, sorted. Raises `SpeefeareError` where there is none."""
    if not folder.is_dir():
        raise SpeefeareError(f"There is no folder {folder}.")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SOUND_ENDINGS and path.is_file())
    if not found:
        raise SpeefeareError(f"The folder {folder} holds no WAV, FLAC, Ogg or MP3 file.")
    return found


def counting(
    codec: Codec, files: Sequence[Path], progress: Progress = lambda done, words: None
) -> Generator[None, None, CorpusCounts]:
    """Encode each file and count, in bounded memory; pauses between blocks.

    A file that cannot be read is skipped and named. Raises `SpeefeareError` for a codec without books, or where no file
    could be read.
    """
    if not codec.info.books:
        raise SpeefeareError(f"{codec.info.name} has no codebooks, so there are no tokens to count.")
    counts = TokenCounts.none([book.size for book in codec.info.books])
    lengths: list[float | None] = []
    skipped: list[str] = []
    for path in files:
        try:
            lengths.append(audio.probe(path).length_s)
        except SpeefeareError as error:
            lengths.append(None)
            skipped.append(str(error))
    total, seconds, read = max(sum(length or 0.0 for length in lengths), 1e-9), 0.0, 0
    for path, length in zip(files, lengths, strict=True):
        if length is None:
            continue
        mine = TokenCounts.none([book.size for book in codec.info.books])
        try:
            yield from _count_file(codec, path, mine, lambda done: progress((seconds + done) / total, path.name))  # noqa: B023
        except SpeefeareError as error:
            skipped.append(str(error))
            continue
        counts, seconds, read = counts + mine, seconds + length, read + 1
    if not read:
        raise SpeefeareError(skipped[0] if len(skipped) == 1 else f"None of {len(files)} files could be read.")
    return CorpusCounts(counts, read, seconds, tuple(skipped))


def _count_file(
    codec: Codec, path: Path, counts: TokenCounts, progress: Callable[[float], None]
) -> Generator[None, None, None]:
    import torch

    from speefeare_core import blocks

    info = codec.info
    encoder = blocks.encoder(codec, length_samples=round(audio.probe(path).length_s * info.rate_hz))
    done = 0
    for block in audio.converted_blocks(path, info.rate_hz, info.channels, BLOCK_S):
        piece = encoder.push(torch.from_numpy(block[None]))
        if piece is not None:
            counts.add([group[0].cpu().numpy() for group in piece.code_groups])
        done += block.shape[1]
        progress(done / info.rate_hz)
        yield
    last = encoder.finish()
    if last is not None:
        counts.add([group[0].cpu().numpy() for group in last.code_groups])


def kept_counting(
    codec: Codec, files: Sequence[Path], progress: Progress = lambda done, words: None
) -> Generator[None, None, CorpusCounts]:
    """`counting`, or what it gave the last time for this codec and these files as they are now."""
    place = _place(codec.info, files)
    kept = _read(place, codec.info)
    if kept is not None:
        return kept
    found = yield from counting(codec, files, progress)
    _write(place, found)
    return found


def finished(work: Generator[None, None, CorpusCounts]) -> CorpusCounts:
    """Take such work to its end."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: CorpusCounts = end.value
            return result


def _place(info: CodecInfo, files: Sequence[Path]) -> Path:
    """Named after the codec and the files with their times, so that a change of either counts anew."""
    told = [VERSION, info.to_dict(), _stamp(Path(info.source)), [_stamp(path) for path in files]]
    name = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]
    return cache_dir() / "token-counts" / f"{name}.npz"


def _stamp(path: Path) -> list[object]:
    """A folder of weights is told by its files."""
    try:
        if path.is_dir():
            return [str(path), *(_stamp(inside) for inside in sorted(path.iterdir()) if inside.is_file())]
        found = path.stat()
        return [str(path.absolute()), found.st_size, found.st_mtime_ns]
    except OSError:
        return [str(path)]


def _read(place: Path, info: CodecInfo) -> CorpusCounts | None:
    """None where nothing is kept, or it is damaged."""
    try:
        with np.load(place, allow_pickle=False) as data:
            told = json.loads(str(data["told"]))
            books = tuple(data[f"book_{index}"].astype(np.int64) for index in range(info.depth))
            counts = CorpusCounts(
                TokenCounts(books), int(told["files"]), float(told["seconds"]), tuple(map(str, told["skipped"]))
            )
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile, EOFError):
        return None
    fits = [book.shape for book in books] == [(row.size,) for row in info.books]
    return counts if fits else None


def _write(place: Path, found: CorpusCounts) -> None:
    """By a temporary file and a rename; a folder that cannot be written only means that nothing is kept."""
    told = json.dumps({"files": found.files, "seconds": found.seconds, "skipped": list(found.skipped)})
    part = place.with_name(f"{place.name}.{os.getpid()}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        arrays = {f"book_{index}": book for index, book in enumerate(found.counts.books)}
        with part.open("wb") as file:
            np.savez_compressed(file, told=np.array(told), **arrays)  # type: ignore[arg-type]
        part.replace(place)
    except OSError:
        part.unlink(missing_ok=True)
