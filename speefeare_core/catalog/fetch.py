"""One file over HTTPS: into a part beside its place, resumed where it stopped, checked, then renamed.

Beside `NAME.part` lies `NAME.part.json`: of which version of the remote file these bytes are. A part goes on only where
the server says that it still has that version (If-Range); otherwise it begins anew.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

from speefeare_core.catalog import transport
from speefeare_core.catalog.on_disk import PART
from speefeare_core.catalog.transport import Answer, Lost, RangeNotSatisfiable
from speefeare_core.errors import Cancelled, SpeefeareError

CHUNK = 1 << 18
SPARE_BYTES = 64 << 20  # of free disk, left alone
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


@dataclass(frozen=True)
class Job:
    """What to fetch and what is known of it before. `sha256` may be its first digits only."""

    address: str
    target: Path
    size_bytes: int | None = None
    sha256: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    page: str = ""  # where a person can read more


@dataclass(frozen=True)
class Manner:
    """How to go about it."""

    progress: Callable[[int, int], None] = lambda done, total: None  # bytes there, bytes in all (0: not known)
    checking: Callable[[], None] = lambda: None
    cancelled: Callable[[], bool] = lambda: False
    timeout_s: float = transport.TIMEOUT_S
    retries: int = 3  # times in a row that a lost connection may bring not one byte; 0: never try again
    wait_s: float = 1.0  # before trying again


class _Changed(Exception):
    """The remote file is no longer the one that the part is of; the part is gone."""


@dataclass(frozen=True)
class _Version:
    """Of which version of the remote file a part is."""

    address: str
    etag: str = ""
    modified: str = ""
    total: int = 0
    sha256: str = ""

    @property
    def validator(self) -> str:
        """What If-Range takes: a strong ETag, or the date."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified


def fetch(job: Job, manner: Manner | None = None) -> str:
    """Fetch `job.target`, resuming what is there of it; gives its SHA-256.

    Raises `Cancelled` (the part stays), `Lost` (the part stays), `SpeefeareError` (what is wrong is removed).
    """
    manner = manner or Manner()
    part = job.target.with_name(job.target.name + PART)
    failures = 0
    while True:
        before = _size(part)
        try:
            with _plain_disk_errors(part):
                part.parent.mkdir(parents=True, exist_ok=True)
                version = _transfer(job, part, manner)
            break
        except _Changed:
            continue  # what was there is gone, so this happens once
        except Lost:
            failures = 0 if _size(part) > before else failures + 1
            if failures > manner.retries or not manner.retries:
                raise
        if manner.cancelled():
            raise Cancelled(f"The download of {job.target.name}")
        time.sleep(manner.wait_s)
    manner.checking()
    with _plain_disk_errors(part):
        return _settle(job, part, version)


def discard(target: Path) -> None:
    """Remove the part of a file and what is known about it."""
    part = target.with_name(target.name + PART)
    for path in (part, _version_file(part)):
        path.unlink(missing_ok=True)


def _transfer(job: Job, part: Path, manner: Manner) -> _Version:
    """Bring the part to its full length; what version of the file it is."""
    have, version = _begun(job, part)
    if have and version.total == have:
        return version
    headers = dict(job.headers)
    if have:
        headers["Range"] = f"bytes={have}-"
        if version.validator:
            headers["If-Range"] = version.validator
    try:
        answer = transport.request(job.address, headers, manner.timeout_s, job.page)
    except RangeNotSatisfiable:
        if not have:
            raise
        discard(job.target)
        raise _Changed from None
    with answer.response:
        now = _announced(job, answer)
        if have and not _continues(answer, have, version, now):
            have = 0
            if answer.response.status == 206:  # a part of another version: useless on its own
                discard(job.target)
                raise _Changed
        _check_announced(job, now, answer)
        _check_room(part.parent, (now.total or job.size_bytes or 0) - have)
        _version_file(part).write_text(json.dumps(asdict(now)), encoding="utf-8")
        done = _receive(job, answer, part, have, now, manner)
    if not now.total:  # the server did not say; now it is known
        now = replace(now, total=done)
        _version_file(part).write_text(json.dumps(asdict(now)), encoding="utf-8")
    return now


def _begun(job: Job, part: Path) -> tuple[int, _Version]:
    """How many bytes are there that can be gone on from, and of what version."""
    have = _size(part)
    try:
        known = _Version(**json.loads(_version_file(part).read_text(encoding="utf-8")))
        good = known.address == job.address and (not known.total or have <= known.total)
        good = good and bool(known.validator or known.sha256 or job.sha256)
    except (OSError, ValueError, TypeError):
        good = False
    if have and good:
        return have, known
    discard(job.target)
    return 0, _Version(job.address)


def _announced(job: Job, answer: Answer) -> _Version:
    headers = answer.headers
    span = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
    length = headers.get("Content-Length", "")
    total = int(span[2]) if span else int(length) if length.isdecimal() else 0
    return _Version(job.address, headers.get("ETag", ""), headers.get("Last-Modified", ""), total, answer.linked_sha256)


def _continues(answer: Answer, have: int, before: _Version, now: _Version) -> bool:
    """Whether the answer is the rest of the same version."""
    span = _RANGE.fullmatch(answer.headers.get("Content-Range", "").strip())
    if answer.response.status != 206 or span is None or int(span[1]) != have:
        return False
    pairs = ((before.etag, now.etag), (before.sha256, now.sha256), (before.total, now.total))
    return all(old == new for old, new in pairs if old and new)


def _check_announced(job: Job, now: _Version, answer: Answer) -> None:
    """Refuse before anything is transferred what cannot be what the catalog knows."""
    name = job.target.name
    if answer.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        raise SpeefeareError(f"The server sends {name} in another encoding than was asked for; try again later.")
    if job.size_bytes and now.total and now.total != job.size_bytes:
        discard(job.target)
        raise SpeefeareError(
            f"{name} has changed at its source: it has {now.total} bytes there and {job.size_bytes} in the catalog, so"
            " it was not downloaded."
        )
    if now.sha256 and job.sha256 and not now.sha256.startswith(job.sha256):
        discard(job.target)
        raise SpeefeareError(
            f"{name} has changed at its source: its checksum there is not the catalog's, so it was not downloaded."
        )


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > 0 and free < needed + SPARE_BYTES:
        raise SpeefeareError(
            f"The disk of {folder} has {free / 1e6:.0f} MB free, but {(needed + SPARE_BYTES) / 1e6:.0f} MB are needed;"
            " free some, or set SPEEFEARE_MODELS to a folder on another disk."
        )


def _receive(job: Job, answer: Answer, part: Path, have: int, now: _Version, manner: Manner) -> int:
    """Append what arrives to the part (or begin it); how many bytes it has then."""
    name, most = job.target.name, now.total or job.size_bytes or 0
    manner.progress(have, most)
    with part.open("ab" if have else "wb") as file:
        while True:
            if manner.cancelled():
                raise Cancelled(f"The download of {name}")
            try:
                block = answer.response.read1(CHUNK)
            except (OSError, http.client.HTTPException) as error:
                raise transport.unreachable(error, job.address) from error
            if not block:
                break
            have += len(block)
            if most and have > most:
                file.close()
                discard(job.target)
                raise SpeefeareError(f"{name} is longer than the {most} bytes that it should have; it was removed.")
            _write(file, block)
            manner.progress(have, most)
    if have < most:
        raise Lost(
            f"The connection to {transport.host_of(job.address)} broke after {have} of {most} bytes of {name}; try"
            " again, what has arrived is kept."
        )
    return have


def _write(file: BinaryIO, block: bytes) -> None:
    file.write(block)


def _settle(job: Job, part: Path, version: _Version) -> str:
    """Check the finished part and put it in its place."""
    found = sha256_of(part)
    for expected, who in ((job.sha256, "the catalog"), (version.sha256, "its source")):
        if expected and not found.startswith(expected):
            discard(job.target)
            raise SpeefeareError(
                f"{job.target.name} arrived damaged: its checksum {found[:12]}… is not {expected[:12]}… as {who} says;"
                " it was removed, download it again."
            )
    part.replace(job.target)
    _version_file(part).unlink(missing_ok=True)
    return found


def sha256_of(path: Path) -> str:
    """The checksum of a file, which is on the disk (not only on its way there) when this returns."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
        with contextlib.suppress(OSError):
            os.fsync(file.fileno())
    return digest.hexdigest()


def _version_file(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


@contextlib.contextmanager
def _plain_disk_errors(part: Path) -> Iterator[None]:
    """What the disk refuses, as one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise SpeefeareError(
                f"The disk of {part.parent} is full; free some space and go on, what has arrived is kept."
            ) from error
        reason = error.strerror or str(error)
        raise SpeefeareError(
            f"{part.parent} cannot be written to: {reason}; set SPEEFEARE_MODELS to another folder."
        ) from error
