"""What of the catalog is on this disk: complete, partial, in the cache of huggingface_hub, or not at all."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from speefeare_core.catalog import places
from speefeare_core.catalog.entries import CatalogFile, Entry, is_plain_path, read_catalog
from speefeare_core.errors import SpeefeareError

PART = ".part"
State = Literal["complete", "partial", "elsewhere", "absent"]


@dataclass(frozen=True)
class OnDisk:
    """`complete`: in our folder. `elsewhere`: in the cache of huggingface_hub. `path`: what load_codec is given."""

    state: State
    path: Path | None  # None unless everything is there
    size_bytes: int = 0  # of what is there, unfinished files included

    @property
    def usable(self) -> bool:
        """Whether it can be loaded now."""
        return self.path is not None


def folder_of(entry: Entry) -> Path:
    """Where a download of this entry lives."""
    return places.models_dir() / entry.name


def look(entry: Entry) -> OnDisk:
    """Where this entry is. Reads names and sizes only."""
    folder = folder_of(entry)
    sizes = [_size(folder / file.name, file) for file in entry.files]
    if all(size is not None for size in sizes):
        return OnDisk("complete", _opened(folder, entry), sum(size or 0 for size in sizes))
    snapshot = _snapshot_with(entry)
    if snapshot is not None:
        total = sum((snapshot / file.name).stat().st_size for file in entry.files)
        return OnDisk("elsewhere", _opened(snapshot, entry), total)
    begun = sum(size or _part_size(folder / file.name) for size, file in zip(sizes, entry.files, strict=True))
    return OnDisk("partial" if begun else "absent", None, begun)


def find_entry(name: str) -> Entry:
    """The row of this name. Raises `SpeefeareError` with the nearest names."""
    rows = {entry.name: entry for entry in read_catalog()}
    if name in rows:
        return rows[name]
    near = difflib.get_close_matches(name, rows, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "`speefeare catalog` lists all of them."
    raise SpeefeareError(f"The catalog has no codec named {name}; {hint}")


def is_catalog_source(source: str) -> bool:
    """Whether `local_path` answers for it: a name of the catalog, or hf:owner/name."""
    if source.startswith("hf:"):
        return True
    try:
        return any(entry.name == source for entry in read_catalog())
    except SpeefeareError:  # a catalog that cannot be read is no reason to refuse a file
        return False


def local_path(source: str) -> Path:
    """The file or folder on this disk behind a name of the catalog or `hf:owner/name[/below]`. Never downloads.

    Raises `SpeefeareError`, one sentence with the command that downloads it.
    """
    if source.startswith("hf:"):
        return _hub_path(source)
    entry = find_entry(source)
    found = look(entry)
    if found.path is not None:
        return found.path
    begun = "is only partly downloaded" if found.state == "partial" else "is not on this computer yet"
    raise SpeefeareError(f"The codec {entry.name} {begun}; get it with: speefeare catalog download {entry.name}")


def _hub_path(source: str) -> Path:
    repository, below = split_hub_source(source)
    for entry in read_catalog():
        found = look(entry) if entry.hub_repository == repository else None
        if found is not None and found.path is not None and below in ("", entry.opens):
            return found.path
    for root in (*snapshots(repository), places.models_dir() / hub_folder(repository)):
        path = root / below if below else root
        if path.exists() and not unfinished(path):
            return path
    raise SpeefeareError(f"{source} is not on this computer yet; get it with: speefeare catalog download {source}")


def split_hub_source(source: str) -> tuple[str, str]:
    """`hf:owner/name[/below]` → (owner/name, below). Raises `SpeefeareError` where it is not of that form."""
    parts = source.removeprefix("hf:").strip("/").split("/", 2)
    if len(parts) < 2 or not all(part.strip(".") for part in parts) or not is_plain_path("/".join(parts)):
        raise SpeefeareError(f"{source} is no repository of the hub; write hf:owner/name or hf:owner/name/file.")
    return "/".join(parts[:2]), parts[2] if len(parts) == 3 else ""


def hub_folder(repository: str) -> str:
    """The folder below `models_dir()` for a repository that the catalog does not list."""
    return "hf--" + repository.replace("/", "--")


def snapshots(repository: str) -> list[Path]:
    """What huggingface_hub has cached of a repository: the snapshot of its main branch first, then newer first."""
    root = places.hub_cache_dir() / f"models--{repository.replace('/', '--')}"
    try:
        found = sorted((root / "snapshots").iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        reference = root / "refs" / "main"
        main = reference.read_text(encoding="utf-8").strip() if reference.is_file() else ""
    except (OSError, UnicodeDecodeError):
        return []
    return sorted(found, key=lambda path: path.name != main)


def unfinished(path: Path) -> bool:
    """Whether a download of this file, or into this folder, was begun and not finished."""
    return path.with_name(path.name + PART).exists() or (path.is_dir() and any(path.rglob(f"*{PART}")))


def _snapshot_with(entry: Entry) -> Path | None:
    if not entry.hub_repository:
        return None
    for snapshot in snapshots(entry.hub_repository):
        if all(_size(snapshot / file.name, file) is not None for file in entry.files):
            return snapshot
    return None


def _opened(folder: Path, entry: Entry) -> Path:
    return folder if entry.opens == "." else folder / entry.opens


def _size(path: Path, file: CatalogFile) -> int | None:
    """The size of a finished file; None where it is missing or not as large as the catalog says."""
    try:
        size = path.stat().st_size if path.is_file() else None
    except OSError:
        return None
    return None if size is None or size == 0 or size != (file.size_bytes or size) else size


def _part_size(path: Path) -> int:
    part = path.with_name(path.name + PART)
    try:
        return part.stat().st_size
    except OSError:
        return 0
