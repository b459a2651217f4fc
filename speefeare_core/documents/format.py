"""What a document file holds, as plain data: names in the zip file, versions, limits.

    document.json        {"speefeare_document": "1", "program", "saved", "parts": {key: data}, "audio": {…} or null}
    arrays/<key>.npz     arrays of a part, plain numbers only
    audio/<name>         the sound file itself, byte for byte, stored without compression

`parts` is what the workbench's table of parts gives (codec, audio, codes, edits, marks, loop, layout …). A reader
takes the parts it knows and leaves the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

SUFFIX = ".speefeare"
VERSION = "1"
NAME, ARRAYS, AUDIO = "document.json", "arrays/", "audio/"
JSON_BYTES = 64 << 20  # more than any document.json has; a small zip file could unpack to more than the memory
ARRAY_BYTES = 2 << 30  # of one part, unpacked
MEMBERS = 1000

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class EmbeddedAudio:
    """The sound file that lies in a document."""

    name: str  # as the file was called
    bytes: int


@dataclass(frozen=True)
class Document:
    """A document without its arrays and its sound, which are read when they are wanted."""

    parts: dict[str, Any]
    audio: EmbeddedAudio | None = None
    array_parts: tuple[str, ...] = ()  # parts that have arrays
    program: str = ""  # that wrote it
    saved: str = ""  # ISO 8601, with the time zone
    extra: dict[str, Any] = field(default_factory=dict)  # of a copy for recovery: where the document itself lies


def is_document(path: str | Path) -> bool:
    """Whether a path is meant as a document, by its ending."""
    return Path(path).suffix.lower() == SUFFIX


def with_suffix(path: str | Path) -> Path:
    """The path with a document's ending."""
    path = Path(path)
    return path if is_document(path) else path.with_name(path.name + SUFFIX)
