"""An edit list as JSON: written by the window, read by `speefeare edit`, and easy to write by hand.

    {"speefeare_edits": 1,
     "sources": {"b": "other.wav"},
     "continuous": [1],
     "edits": [{"do": "shuffle", "frames": [40, 90], "books": [2, 3], "seed": 7},
               {"do": "swap", "books": [1], "source": "b", "fit": "stretch"}]}

Books are counted from 1, as everywhere that people read; frames from 0, [start, stop), of the fastest book. Without
"frames" an edit touches the whole clip, with null as the second it reaches to the end; without "books" it touches all.
Other fields are those of the classes in `edits`. Relative paths of sources are relative to the file.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from speefeare_core.editing.edits import FITS, KINDS, Edit, EditList, Region, Source
from speefeare_core.errors import SpeefeareError

VERSION = 1
LARGEST_FILE = 16 << 20  # bytes; a list of an edit for every second of a day is smaller
_BOOKS_FROM_ONE = "books and switches are counted from 1"


def to_dict(edits: EditList) -> dict[str, Any]:
    """JSON-ready; `from_dict` is its inverse."""
    return {
        "speefeare_edits": VERSION,
        "sources": {source.key: source.path for source in edits.sources},
        "continuous": [book + 1 for book in edits.continuous],
        "edits": [_edit_to_dict(edit) for edit in edits.edits],
    }


def from_dict(data: Any, name: str = "The edit list") -> EditList:
    """What `to_dict` or a person wrote. Raises `SpeefeareError` that names the list (`name`) and the edit."""
    if not isinstance(data, dict) or "speefeare_edits" not in data:
        raise SpeefeareError(f'{name} is no edit list: it should be an object with "speefeare_edits": {VERSION}.')
    if data["speefeare_edits"] != VERSION:
        raise SpeefeareError(
            f"{name} is an edit list of version {data['speefeare_edits']!r}; this program reads version {VERSION}."
        )
    unknown = sorted(set(data) - {"speefeare_edits", "sources", "continuous", "edits"})
    if unknown:
        raise SpeefeareError(f'{name} holds "{unknown[0]}", which edit lists do not have.')
    sources = data.get("sources", {})
    if not isinstance(sources, dict) or not all(isinstance(path, str) and path for path in sources.values()):
        raise SpeefeareError(f'"sources" of {name} should name a sound file for each key.')
    edits = data.get("edits", [])
    if not isinstance(edits, list):
        raise SpeefeareError(f'"edits" of {name} should be a list.')
    found = EditList(
        tuple(_edit_from_dict(edit, f"Edit {number} of {name}") for number, edit in enumerate(edits, 1)),
        _books(data.get("continuous", []), f'"continuous" of {name}'),
        tuple(Source(str(key), path) for key, path in sources.items()),
    )
    lost = [key for key in found.used_sources() if key not in {source.key for source in found.sources}]
    if lost:
        raise SpeefeareError(f'{name} reads from "{lost[0]}", which is not among its sources.')
    return found


def write(path: str | Path, edits: EditList) -> None:
    """Write a list. Raises `SpeefeareError` where the file cannot be written."""
    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(json.dumps(to_dict(edits), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SpeefeareError(
            f"{path} cannot be written; check that the folder exists and that you may write there."
        ) from error


def read(path: str | Path) -> EditList:
    """Read a list; the paths of its sources are made absolute. Raises `SpeefeareError` for anything else."""
    path = Path(path).expanduser()
    if not path.is_file():
        raise SpeefeareError(f"There is no edit list {path}.")
    if path.stat().st_size > LARGEST_FILE:
        raise SpeefeareError(f"{path} is too large for an edit list.")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SpeefeareError(f"{path} is no edit list: it is not readable JSON.") from error
    found = from_dict(data, path.name)
    placed = tuple(Source(source.key, str(path.parent.resolve() / source.path)) for source in found.sources)
    return dataclasses.replace(found, sources=placed)


def _edit_to_dict(edit: Edit) -> dict[str, Any]:
    region = edit.region
    out: dict[str, Any] = {"do": edit.kind}
    if region.start or region.stop is not None:
        out["frames"] = [region.start, region.stop]
    if region.books:
        out["books"] = [book + 1 for book in region.books]
    out |= {field.name: getattr(edit, field.name) for field in dataclasses.fields(edit) if field.name != "region"}
    return out


def _edit_from_dict(data: Any, name: str) -> Edit:
    if not isinstance(data, dict) or data.get("do") not in KINDS:
        raise SpeefeareError(f'{name} should say what to "do": {", ".join(KINDS)}.')
    kind = KINDS[data["do"]]
    fields = {field.name: field for field in dataclasses.fields(kind) if field.name != "region"}
    unknown = sorted(set(data) - {"do", "frames", "books", *fields})
    if unknown:
        raise SpeefeareError(f'{name} holds "{unknown[0]}", which "{kind.kind}" does not have.')
    values = {key: _value(data[key], key, name) for key in fields if key in data}
    if "source" in fields and kind.kind == "swap" and not values.get("source"):
        raise SpeefeareError(f'{name} should name the "source" that it swaps books with.')
    return kind(_region(data, name), **values)


def _region(data: dict[str, Any], name: str) -> Region:
    frames = data.get("frames", [0, None])
    right = isinstance(frames, list) and len(frames) == 2 and all(f is None or _is_whole(f) for f in frames)
    if not right or frames[0] is None or frames[0] < 0 or (frames[1] is not None and frames[1] <= frames[0]):
        raise SpeefeareError(f'"frames" of {name} should be [start, stop] with 0 ≤ start < stop, or stop null.')
    return Region(frames[0], frames[1], _books(data.get("books", []), f'"books" of {name}'))


def _books(books: Any, name: str) -> tuple[int, ...]:
    if not isinstance(books, list) or not all(_is_whole(book) and book >= 1 for book in books):
        raise SpeefeareError(f"{name} should be a list of whole numbers: {_BOOKS_FROM_ONE}.")
    return tuple(sorted({book - 1 for book in books}))


def _value(value: Any, key: str, name: str) -> Any:
    """One further field of an edit."""
    if key == "fit":
        right, words = value in FITS, ", ".join(FITS)
    elif key == "together":
        right, words = isinstance(value, bool), "true or false"
    elif key == "source":
        right, words = isinstance(value, str), "the key of a source"
    elif key == "at":
        right, words = value is None or (_is_whole(value) and value >= 0), "a frame from 0, or null"
    elif key == "k":
        right, words = _is_whole(value) and value >= 1, "a whole number from 1"
    else:
        right, words = _is_whole(value) and value >= 0, "a whole number from 0"
    if not right:
        raise SpeefeareError(f'"{key}" of {name} should be {words}.')
    return value


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63
