"""Headers of sound files, kept in the cache folder: a big corpus is asked once, not at the start of every run."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from speefeare_core.errors import SpeefeareError
from speefeare_core.folders import cache_dir
from speefeare_core.training.speech.sound_piece import SoundFacts, facts_of, readable

ASKERS = 8  # threads that wait for the disk
WORTH_KEEPING = 100  # files; fewer are asked each time
SAY_EVERY = 400  # files

Progress = Callable[[float, str], None]
Seen = tuple[int, int]  # bytes, time of change in ns


def facts_of_files(
    paths: Sequence[Path], place: str, progress: Progress | None = None
) -> tuple[dict[Path, SoundFacts], dict[Path, str]]:
    """Headers by file, and for those that cannot be read a sentence. `place` names what was looked through.

    A file is asked anew when its size or time of change is another.
    """
    kept = _load(place) if len(paths) >= WORTH_KEEPING else {}
    found: dict[Path, SoundFacts] = {}
    problems: dict[Path, str] = {}
    fresh: dict[str, tuple[Seen, SoundFacts]] = {}

    def ask(path: Path) -> tuple[Path, Seen, SoundFacts | str]:
        try:
            stat = path.stat()
        except OSError as error:
            return path, (0, 0), f"{readable(str(path))} cannot be read: {error.strerror}."
        seen = (stat.st_size, stat.st_mtime_ns)
        known = kept.get(str(path))
        if known is not None and known[0] == seen:
            return path, seen, known[1]
        try:
            return path, seen, facts_of(path)
        except SpeefeareError as error:
            return path, seen, str(error)

    with ThreadPoolExecutor(ASKERS, thread_name_prefix="headers") as threads:
        for start in range(0, len(paths), SAY_EVERY):  # a few at a time: a million waiting answers take a gigabyte
            if progress is not None:
                progress(start / len(paths), f"Looking at {len(paths):,} files")
            for path, seen, answer in threads.map(ask, paths[start : start + SAY_EVERY]):
                if isinstance(answer, str):
                    problems[path] = answer
                else:
                    found[path] = answer
                    fresh[str(path)] = (seen, answer)
    if len(paths) >= WORTH_KEEPING and fresh != kept:
        _keep(place, fresh)
    return found, problems


def _file(place: str) -> Path:
    name = hashlib.blake2b(place.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()
    return cache_dir() / "speech" / f"{name}.json"


def _load(place: str) -> dict[str, tuple[Seen, SoundFacts]]:
    try:
        data = json.loads(_file(place).read_text(encoding="utf-8"))
        return {
            path: ((int(row[0]), int(row[1])), SoundFacts(int(row[2]), int(row[3]), int(row[4]), str(row[5])))
            for path, row in data["files"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return {}  # it can be made again


def _keep(place: str, rows: dict[str, tuple[Seen, SoundFacts]]) -> None:
    files = {
        path: [*seen, facts.rate_hz, facts.channels, facts.samples, facts.encoding]
        for path, (seen, facts) in rows.items()
    }
    target = _file(place)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    with suppress(OSError):  # a full or read-only disk is no reason not to train
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps({"place": place, "files": files}, ensure_ascii=True), encoding="utf-8")
        part.replace(target)
