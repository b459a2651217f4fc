"""Rows of the catalog as people and programs read them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from speefeare_core.catalog.entries import NOT_STATED, Entry
from speefeare_core.catalog.on_disk import OnDisk
from speefeare_core.codecs import FAMILIES

SMALL = (".json", ".yaml")  # files whose size does not matter
STATES = {
    "complete": "on this computer",
    "elsewhere": "in the cache of huggingface_hub",
    "partial": "partly downloaded",
    "absent": "not here",
}


def size_words(entry: Entry) -> str:
    """How large a download is, with "about" where it is not known exactly."""
    if not entry.expected_bytes:
        return "size not known"
    missing = [file for file in entry.files if not file.expected_bytes and not file.name.endswith(SMALL)]
    about = "more than " if missing else "" if entry.size_bytes else "about "
    return about + byte_words(entry.expected_bytes)


def byte_words(size_bytes: float) -> str:
    """A size for people."""
    return f"{size_bytes / 1e9:.2f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.1f} MB"


def books_words(entry: Entry) -> str:
    """Books and bitrates in a few words."""
    rates = " / ".join(f"{rate:g}" for rate in entry.bitrates_kbps)
    kbps = f", {rates} kbps" if rates else ""
    if entry.books is None:
        return f"books not known{kbps}"
    if entry.books == 0:
        return f"continuous{kbps}"
    return f"{entry.books} × {entry.book_size}{kbps}" if entry.book_size else f"{entry.books} books{kbps}"


def rate_words(entry: Entry) -> str:
    """The sample rate in kHz, in and out where they differ."""
    out = f" → {entry.output_rate_hz / 1000:g}" if entry.output_rate_hz not in (0, entry.rate_hz) else ""
    stereo = " stereo" if entry.channels == 2 else ""
    return f"{entry.rate_hz / 1000:g}{out} kHz{stereo}"


def licence_words(entry: Entry) -> str:
    """One sentence: under which licence the weights are, and who says so."""
    if entry.licence == NOT_STATED:
        words = f"The licence of the weights of {entry.name} is not stated by their source"
    else:
        words = f"The weights of {entry.name} are under the licence {entry.licence}"
    said = f" ({entry.licence_source})" if entry.licence_source else ""
    return f"{words}{said}; read more on {entry.page or entry.source}."


def line_of(entry: Entry, found: OnDisk) -> str:
    """One line of the list."""
    return (
        f"{entry.name:34} {rate_words(entry):17} {books_words(entry):38} {size_words(entry):17} {entry.licence:13}"
        f" {STATES[found.state]}"
    )


def describe(entry: Entry, found: OnDisk) -> str:
    """Everything about one row."""
    family = FAMILIES[entry.family].title if entry.family in FAMILIES else "not known"
    said = f" ({entry.licence_source})" if entry.licence_source else ""
    lines = [
        f"{entry.title}",
        f"name      {entry.name}",
        f"family    {family}",
        f"sound     {rate_words(entry)}, {books_words(entry)}, {entry.frame_rate_hz:g} frames a second",
        f"licence   {entry.licence}{said}",
        *([f"paper     {entry.paper}"] if entry.paper else []),
        *([f"page      {entry.page}"] if entry.page else []),
        f"source    {entry.source}",
        *(f"file      {file.name}{_file_words(file.size_bytes, file.about_mb)}" for file in entry.files),
        *(f"          {remark}" for remark in entry.remarks),
        f"state     {STATES[found.state]}{f': {found.path}' if found.path else ''}",
    ]
    if found.path is None:
        lines.append(f"download  speefeare catalog download {entry.name}")
    return "\n".join(lines)


def row_of(entry: Entry, found: OnDisk) -> dict[str, Any]:
    """The row for programs."""
    data = asdict(entry)
    data["size_bytes"] = entry.size_bytes
    data["state"] = found.state
    data["path"] = str(found.path) if found.path else None
    data["bytes_here"] = found.size_bytes
    return data


def _file_words(size_bytes: int | None, about_mb: float | None) -> str:
    if size_bytes:
        return f", {size_bytes:,} bytes"
    return f", about {about_mb:g} MB" if about_mb else ", size not known"
