"""The rows of resources/catalog.yaml as frozen dataclasses. The reader is strict: a slip is one plain sentence.

The head of the file itself describes every field.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from speefeare_core import resources
from speefeare_core.errors import SpeefeareError

VERSION = 1
NOT_STATED = "not stated"
_NAME = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")
_HUB = re.compile(r"hf:[\w.-]+/[\w.-]+(?:@[\w./-]+)?")
_SHA256 = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True)
class CatalogFile:
    """One file of a row. `sha256` may be its first digits only (EnCodec's names carry eight)."""

    name: str  # below the source, with / between folders; the same below the folder of the download
    size_bytes: int | None = None
    sha256: str = ""
    about_mb: float | None = None  # as its page rounds it; for showing only
    source: str = ""  # another one than that of the row

    @property
    def expected_bytes(self) -> int:
        """How large it is, as well as is known; 0: nothing is known."""
        return self.size_bytes or round((self.about_mb or 0.0) * 1e6)


@dataclass(frozen=True)
class Entry:
    """One public checkpoint."""

    name: str
    title: str
    family: str  # key of codecs.FAMILIES
    source: str  # "hf:owner/name" or "hf:owner/name@revision" or "https://…/"
    files: tuple[CatalogFile, ...]
    opens: str  # the file below the folder that load_codec is given; "." for the folder
    licence: str  # of the weights, as their source states it
    licence_source: str = ""  # who states it, or what is not known about it
    page: str = ""  # https address to read more
    rate_hz: int = 0
    output_rate_hz: int = 0  # 0: the same as rate_hz
    channels: int = 1
    books: int | None = None  # 0: continuous latents; None: not known
    book_size: int | None = None
    frame_rate_hz: float = 0.0
    bitrates_kbps: tuple[float, ...] = ()
    paper: str = ""
    remarks: tuple[str, ...] = ()

    def source_of(self, file: CatalogFile) -> str:
        """Where this file comes from."""
        return file.source or self.source

    @property
    def size_bytes(self) -> int | None:
        """Of all files; None where one of them is not known exactly."""
        sizes = [file.size_bytes for file in self.files]
        return None if None in sizes else sum(size or 0 for size in sizes)

    @property
    def expected_bytes(self) -> int:
        """Of all files whose size is known at least roughly; 0: nothing is known."""
        return sum(file.expected_bytes for file in self.files)

    @property
    def hub_repository(self) -> str:
        """owner/name where all files come from one repository of the hub; else empty."""
        sources = {self.source_of(file) for file in self.files}
        one = self.source.startswith("hf:") and sources == {self.source}
        return self.source.removeprefix("hf:").partition("@")[0] if one else ""


def read_catalog() -> tuple[Entry, ...]:
    """The shipped catalog, in the order of the file. Raises `SpeefeareError` where it cannot be read."""
    path = resources.resource("catalog.yaml")
    return _read_once(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read_once(path: Path, changed_ns: int) -> tuple[Entry, ...]:
    return read_file(path)


def read_file(path: Path) -> tuple[Entry, ...]:
    """Every row of a catalog file. Raises `SpeefeareError` that names the file, the row and the field."""
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SpeefeareError(f"The catalog {path} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(data, dict) or data.get("version") != VERSION or not isinstance(data.get("entries"), list):
        raise SpeefeareError(f"The catalog {path} is not of version {VERSION}.")
    entries: list[Entry] = []
    for number, row in enumerate(data["entries"], 1):
        try:
            entries.append(_entry(row))
        except (ValueError, TypeError, KeyError) as error:
            name = row.get("name") if isinstance(row, dict) else None
            raise SpeefeareError(f"Row {number} ({name or 'without a name'}) of the catalog {path}: {error}") from error
    names = [entry.name for entry in entries]
    for name in names:
        if names.count(name) > 1:
            raise SpeefeareError(f"The catalog {path} names {name} twice.")
    return tuple(entries)


def _entry(row: Any) -> Entry:
    _only_known(row, Entry.__dataclass_fields__, {"name", "title", "family", "source", "files", "opens", "licence"})
    values = dict(row)
    for key in ("name", "title", "family", "source", "opens", "licence", "licence_source", "page", "paper"):
        _check(isinstance(values.get(key, ""), str), f"{key} must be text")
    for key in ("rate_hz", "output_rate_hz", "channels", "books", "book_size"):
        _check(_number(values.get(key, 0), int) or values.get(key) is None, f"{key} must be a whole number")
    _check(_number(values.get("frame_rate_hz", 0), (int, float)), "frame_rate_hz must be a number")
    _check(bool(_NAME.fullmatch(values["name"])), "name must be small letters, digits, - and .")
    _check_source(values["source"])
    page = values.get("page", "")
    _check(not page or page.startswith("https://"), "page must be an https address")
    rates = values.get("bitrates_kbps", [])
    _check(isinstance(rates, list) and all(_number(rate, (int, float)) for rate in rates), "bitrates_kbps: numbers")
    remarks = values.get("remarks", [])
    _check(isinstance(remarks, list) and all(isinstance(line, str) for line in remarks), "remarks must be lines")
    files = values["files"]
    _check(isinstance(files, list) and bool(files), "files must list at least one file")
    values["files"] = tuple(_file(file) for file in files)
    names = [file.name for file in values["files"]]
    _check(len(set(names)) == len(names), "files names one file twice")
    _check(values["opens"] == "." or values["opens"] in names, "opens must be . or one of the files")
    values["bitrates_kbps"] = tuple(float(rate) for rate in rates)
    values["frame_rate_hz"] = float(values.get("frame_rate_hz", 0))
    values["remarks"] = tuple(remarks)
    return Entry(**values)


def _file(row: Any) -> CatalogFile:
    _only_known(row, CatalogFile.__dataclass_fields__, {"name"})
    _check(isinstance(row["name"], str) and is_plain_path(row["name"]), "a file's name must be a plain relative path")
    size, about, sha256 = row.get("size_bytes"), row.get("about_mb"), row.get("sha256") or ""
    _check(size is None or (_number(size, int) and size > 0), "size_bytes must be a whole number or null")
    _check(about is None or (_number(about, (int, float)) and about > 0), "about_mb must be a number or null")
    _check(isinstance(sha256, str), "sha256 must be text in quotes")
    _check(not sha256 or bool(_SHA256.fullmatch(sha256)), "sha256 must be 8 to 64 hexadecimal digits")
    source = row.get("source") or ""
    _check(isinstance(source, str), "source must be text")
    if source:
        _check_source(source)
    return CatalogFile(row["name"], size, sha256, None if about is None else float(about), source)


def is_plain_path(name: str) -> bool:
    """Whether a path stays below the folder that it is put into, on every platform."""
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and not set(name) & set('\\:*?"<>|\0')


def _check_source(source: str) -> None:
    https = source.startswith("https://") and source.endswith("/")
    _check(https or bool(_HUB.fullmatch(source)), "source must be hf:owner/name or an https address that ends in /")


def _only_known(row: Any, known: Any, needed: set[str]) -> None:
    _check(isinstance(row, dict), "it must be a list of fields")
    unknown = sorted(set(row) - set(known))
    _check(not unknown, f"unknown field {', '.join(map(str, unknown))}")
    missing = sorted(needed - set(row))
    _check(not missing, f"{', '.join(missing)} is missing")


def _number(value: Any, kinds: Any) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool) and value >= 0


def _check(good: bool, sentence: str) -> None:
    if not good:
        raise ValueError(f"{sentence}.")
