"""WebDataset shards: tar files whose members `key.wav`, `key.json`, `key.txt` belong together.

A shard is looked through once and its members' places kept in the cache folder; clips are then read where they lie,
in any order, without unpacking.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from speefeare_core.errors import SpeefeareError
from speefeare_core.folders import cache_dir
from speefeare_core.training.speech.files import FileClip
from speefeare_core.training.speech.manifest import COLUMNS
from speefeare_core.training.speech.sound_piece import SOUND_ENDINGS, SoundFacts, facts_of
from speefeare_core.training.speech.window import opened_window

COMPRESSED = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
SIDECAR_BYTES = 1 << 16  # a larger .json or .txt is not read
_BRACES = re.compile(r"\{(\d+)\.\.(\d+)\}")

Progress = Callable[[float, str], None]


def shard_files(place: Path) -> list[Path]:
    """Shards of a folder, one .tar, or a name with `{000..012}` or `*`. Raises `SpeefeareError` where none is there."""
    if str(place).lower().endswith(COMPRESSED):
        raise SpeefeareError(f"{place} is compressed, so nothing can be read in the middle of it: unpack it to .tar.")
    if place.is_dir():
        found = sorted(place.glob("*.tar"))
    elif place.is_file():
        found = [place]
    else:
        names = _expanded(place.name)
        found = [
            path
            for name in names
            for path in (sorted(place.parent.glob(name)) if "*" in name else [place.parent / name])
        ]
        missing = next((path for path in found if not path.is_file()), None)
        if missing is not None:
            raise SpeefeareError(f"There is no shard {missing}.")
    if not found:
        raise SpeefeareError(f"{place} holds no shards (.tar).")
    return found


def shard_clips(
    place: Path, progress: Progress | None = None
) -> tuple[list[tuple[FileClip, SoundFacts]], dict[str, str]]:
    """All clips of all shards with their headers, and those that cannot be read with the reason."""
    clips: list[tuple[FileClip, SoundFacts]] = []
    problems: dict[str, str] = {}
    shards = shard_files(place)
    for number, shard in enumerate(shards):
        if progress is not None:
            progress(number / len(shards), f"Looking through {shard.name}")
        for row in _members(shard):
            name = f"{shard.stem}/{row['name']}"
            if row.get("problem"):
                problems[name] = row["problem"]
                continue
            facts = SoundFacts(*row["facts"])
            clips.append(
                (FileClip(name, shard, speaker=row["speaker"], text=row["text"], member=tuple(row["at"])), facts)
            )
    return clips, problems


def _members(shard: Path) -> list[dict[str, Any]]:
    stat = shard.stat()
    seen = [stat.st_size, stat.st_mtime_ns]
    kept = cache_dir() / "speech" / f"{hashlib.blake2b(str(shard.resolve()).encode(), digest_size=12).hexdigest()}.json"
    with suppress(OSError, ValueError, KeyError, TypeError):
        data = json.loads(kept.read_text(encoding="utf-8"))
        if data["seen"] == seen:
            rows: list[dict[str, Any]] = data["members"]
            return rows
    rows = list(_look_through(shard))
    with suppress(OSError):  # it can be looked through again
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_name(f"{kept.name}.{os.getpid()}.part")
        part.write_text(json.dumps({"seen": seen, "members": rows}), encoding="utf-8")
        part.replace(kept)
    return rows


def _look_through(shard: Path) -> Iterator[dict[str, Any]]:
    sounds: dict[str, tuple[str, int, int]] = {}
    beside: dict[str, dict[str, str]] = {}
    try:
        with tarfile.open(shard, "r:") as file:
            for member in file:
                if not member.isfile():
                    continue
                key, ending = _key(member.name)
                if f".{ending}" in SOUND_ENDINGS and ending != "g722":
                    sounds[key] = (member.name, member.offset_data, member.size)
                elif ending in ("json", "txt") and member.size <= SIDECAR_BYTES:
                    read = file.extractfile(member)
                    text = read.read().decode("utf-8", "replace") if read is not None else ""
                    beside.setdefault(key, {}).update(_said(ending, text))
    except (tarfile.TarError, OSError, EOFError) as error:
        raise SpeefeareError(f"The shard {shard} cannot be read ({error}); copy it again.") from error
    for key, (name, begin, size) in sounds.items():
        words = beside.get(key, {})
        row = {"name": name, "at": [begin, size], "speaker": words.get("speaker", ""), "text": words.get("text", "")}
        try:
            with opened_window(shard, begin, size) as sound:
                facts = facts_of(sound, f"{name} in {shard}")
            yield row | {"facts": [facts.rate_hz, facts.channels, facts.samples, facts.encoding]}
        except SpeefeareError as error:
            yield {"name": name, "problem": str(error)}


def _key(name: str) -> tuple[str, str]:
    """The key is the path up to the first dot of the file name; what follows the last dot says what it is."""
    folder, _, file = name.rpartition("/")
    stem, _, endings = file.partition(".")
    return f"{folder}/{stem}", endings.rpartition(".")[2].lower()


def _said(ending: str, text: str) -> dict[str, str]:
    if ending == "txt":
        return {"text": text.strip()}
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(data, dict):
        return {}
    found = {}
    for what in ("speaker", "text"):
        name = next((name for name in COLUMNS[what] if name in data), None)
        if name is not None:
            found[what] = str(data[name])
    return found


def _expanded(name: str) -> list[str]:
    """`a-{000..002}.tar` → three names."""
    found = _BRACES.search(name)
    if found is None:
        return [name]
    numbers = range(int(found[1]), int(found[2]) + 1)
    return [
        whole
        for number in numbers
        for whole in _expanded(name[: found.start()] + str(number).zfill(len(found[1])) + name[found.end() :])
    ]
