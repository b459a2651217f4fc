"""Download an entry: all of its files, one writer at a time, with progress, cancel and resume; and remove it again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from speefeare_core.catalog import fetch, hub, places, transport
from speefeare_core.catalog.entries import CatalogFile, Entry
from speefeare_core.catalog.fetch import Job, Manner
from speefeare_core.catalog.lock import only_writer
from speefeare_core.catalog.on_disk import PART, OnDisk, find_entry, folder_of, look, snapshots
from speefeare_core.catalog.words import licence_words
from speefeare_core.errors import SpeefeareError

_WINDOW_S = 5.0  # the speed is that of the last seconds


@dataclass(frozen=True)
class Progress:
    """How far a download is. `total_bytes` 0: not known; it may still grow while sizes are known roughly."""

    file: str
    done_bytes: int
    total_bytes: int
    bytes_per_s: float
    checking: bool = False

    @property
    def fraction(self) -> float:
        """0–1; 0 where the size is not known."""
        return min(1.0, self.done_bytes / self.total_bytes) if self.total_bytes else 0.0

    @property
    def remaining_s(self) -> float | None:
        """None where it cannot be told yet."""
        if not self.total_bytes or self.bytes_per_s <= 0:
            return None
        return max(0, self.total_bytes - self.done_bytes) / self.bytes_per_s


@dataclass(frozen=True)
class Wish:
    """What the person allows, and who wants to hear of it."""

    accept_licence: bool = False
    offline: bool = False
    progress: Callable[[Progress], None] = lambda progress: None
    cancelled: Callable[[], bool] = lambda: False
    timeout_s: float = transport.TIMEOUT_S
    retries: int = 3
    wait_s: float = 1.0


def check_allowed(offline: bool = False) -> None:
    """Raise `SpeefeareError` where the network may not be used."""
    reason = places.offline_reason() or ("the offline switch" if offline else "")
    if reason:
        raise SpeefeareError(f"Nothing is downloaded because {reason} is set; files on this computer work without it.")


def resolve(name: str, offline: bool = False, timeout_s: float = transport.TIMEOUT_S) -> Entry:
    """The entry of a name of the catalog, or of hf:owner/name (the hub is asked what it holds)."""
    if not name.startswith("hf:"):
        return find_entry(name)
    check_allowed(offline)
    return hub.entry_of(name, timeout_s)


def download(entry: Entry, wish: Wish) -> OnDisk:
    """Bring every missing file of the entry here; gives where it is.

    Raises `Cancelled` or `Lost` where the same call goes on from there, `SpeefeareError` otherwise.
    """
    found = look(entry)
    if found.usable:
        return found
    check_allowed(wish.offline)
    if not wish.accept_licence:
        raise SpeefeareError(f"{licence_words(entry)} To download them, add --accept-licence.")
    folder = folder_of(entry)
    try:
        with only_writer(_lock_file(folder), entry.name):
            if not look(entry).usable:  # another one may have finished meanwhile
                _fetch_all(entry, folder, wish)
    except OSError as error:
        raise SpeefeareError(
            f"{folder.parent} cannot be written to ({error.strerror or error}); set SPEEFEARE_MODELS to another folder."
        ) from error
    return look(entry)


def remove(entry: Entry) -> int:
    """Delete what was downloaded of an entry, parts included; how many bytes that was.

    Raises `SpeefeareError` where there is nothing of ours: the cache of huggingface_hub is left alone.
    """
    folder = folder_of(entry)
    if not folder.is_dir():
        found = look(entry)
        if found.state == "elsewhere":
            raise SpeefeareError(f"{entry.name} lies in the cache of huggingface_hub ({found.path}); remove it there.")
        raise SpeefeareError(f"Nothing of {entry.name} has been downloaded, so there is nothing to remove.")
    freed = 0
    try:
        with only_writer(_lock_file(folder), entry.name):
            for file in entry.files:
                for end in ("", PART, f"{PART}.json"):
                    path = folder / (file.name + end)
                    if path.is_file():
                        freed += path.stat().st_size
                        path.unlink()
            for below in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
                _remove_empty(below)
            _remove_empty(folder)  # stays where a person has put something into it
    except OSError as error:
        raise SpeefeareError(f"{folder} cannot be removed: {error.strerror or error}.") from error
    return freed


def _remove_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


@dataclass
class _Meter:
    """Adds the files up and measures the speed of the last seconds."""

    wish: Wish
    totals: dict[str, int]
    done: dict[str, int] = field(default_factory=dict)
    marks: list[tuple[float, int]] = field(default_factory=list)

    def show(self, file: str, done: int, total: int, checking: bool = False) -> None:
        self.done[file] = done
        self.totals[file] = total or self.totals[file]
        here, now = sum(self.done.values()), time.monotonic()
        self.marks = [mark for mark in self.marks if mark[0] > now - _WINDOW_S][-500:]
        self.marks.append((now, here))
        (start, before), (end, after) = self.marks[0], self.marks[-1]
        speed = (after - before) / (end - start) if end > start else 0.0
        known = all(self.totals.values())
        self.wish.progress(Progress(file, here, sum(self.totals.values()) if known else 0, max(0.0, speed), checking))


def _fetch_all(entry: Entry, folder: Path, wish: Wish) -> None:
    meter = _Meter(wish, {file.name: file.expected_bytes for file in entry.files})
    missing = []
    for file in entry.files:
        path = folder / file.name
        if path.is_file() and path.stat().st_size == (file.size_bytes or path.stat().st_size or -1):
            meter.done[file.name] = meter.totals[file.name] = path.stat().st_size
        else:
            missing.append(file)
    for file in missing:
        source = entry.source_of(file)
        if _link_cached(file, source, folder / file.name):
            size = (folder / file.name).stat().st_size
            meter.show(file.name, size, size)
            continue

        def show(done: int, total: int, name: str = file.name) -> None:
            meter.show(name, done, total)

        def checking(name: str = file.name) -> None:
            meter.show(name, meter.done.get(name, 0), 0, checking=True)

        job = Job(
            hub.address_of(source, file.name),
            folder / file.name,
            file.size_bytes,
            file.sha256,
            tuple(hub.headers_for(source).items()),
            hub.page_of(source) if source.startswith("hf:") else entry.page,
        )
        manner = Manner(show, checking, wish.cancelled, wish.timeout_s, wish.retries, wish.wait_s)
        fetch.fetch(job, manner)


def _link_cached(file: CatalogFile, source: str, target: Path) -> bool:
    """Whether the cache of huggingface_hub has this one file, and it could be linked to its place without a copy."""
    if not source.startswith("hf:") or target.with_name(target.name + PART).exists():
        return False
    for snapshot in snapshots(source.removeprefix("hf:").partition("@")[0]):
        cached = snapshot / file.name
        if not cached.is_file() or cached.stat().st_size != (file.size_bytes or cached.stat().st_size or -1):
            continue
        if file.sha256 and not fetch.sha256_of(cached).startswith(file.sha256):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        try:
            target.hardlink_to(cached.resolve())
        except OSError:  # another disk, or one without links
            return False
        return True
    return False


def _lock_file(folder: Path) -> Path:
    return folder.with_name(folder.name + ".lock")
