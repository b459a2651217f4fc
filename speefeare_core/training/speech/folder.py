"""A folder of sound files, searched through."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.speech.files import FileClip
from speefeare_core.training.speech.sound_piece import SOUND_ENDINGS, readable


def sound_files(folder: Path, endings: Sequence[str] = SOUND_ENDINGS) -> list[Path]:
    """Sound files below a folder in the alphabet of their file names; hidden ones and hidden folders are passed over.

    Raises `SpeefeareError` where there are none.
    """
    found: list[Path] = []
    seen = {os.path.realpath(folder)}  # links may lead in circles
    for place, folders, names in os.walk(folder, followlinks=True):
        inside = {name: os.path.realpath(Path(place, name)) for name in sorted(folders) if not name.startswith(".")}
        folders[:] = [name for name, real in inside.items() if real not in seen]
        seen.update(inside.values())
        found += [Path(place, name) for name in names if name.lower().endswith(tuple(endings)) and name[0] != "."]
    if not found:
        raise SpeefeareError(f"{folder} holds no sound files ({', '.join(endings)}).")
    return sorted(found, key=lambda path: (path.name, str(path)))


def folder_clips(folder: Path) -> list[FileClip]:
    """Every sound file below a folder, or the one that `folder` is; named by its path inside."""
    if folder.is_file():
        return [FileClip(readable(folder.name), folder)]
    return [FileClip(readable(path.relative_to(folder).as_posix()), path) for path in sound_files(folder)]


def wanted_names(names: Sequence[str], match: str = "*", exclude: str = "", skip_last: int = 0) -> list[int]:
    """Which of these names (paths with `/`) a source asks for. A pattern is tried on the whole and on the last part.

    `skip_last` leaves out the last in the alphabet of last parts.
    """
    kept = [i for i, name in enumerate(names) if _fits(name, match) and not (exclude and _fits(name, exclude))]
    if not skip_last:
        return kept
    order = sorted(kept, key=lambda i: (names[i].rpartition("/")[2], names[i]))
    return sorted(order[: max(0, len(order) - skip_last)])


def _fits(name: str, pattern: str) -> bool:
    return fnmatch(name, pattern) or fnmatch(name.rpartition("/")[2], pattern)
