"""What is in a document, in a few words and as plain data. Trusts nothing that it says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from speefeare_core.documents.format import Document


def sound_of(path: Path, document: Document) -> Path | None:
    """The sound file outside of a document, where it is there: where it was, or as seen from the document."""
    data = document.parts.get("audio")
    if not isinstance(data, dict):
        return None
    places = [data.get("path"), data.get("relative")]
    for place in places:
        if isinstance(place, str) and place and "\0" not in place:
            found = path.absolute().parent / place  # an absolute one stays as it is
            if found.is_file():
                return Path(os.path.normpath(found))
    return None


def describe(path: Path, document: Document) -> dict[str, Any]:
    """JSON-ready: codec, sound, codes, edits, marks, loop, columns, the parts that there are."""
    parts = document.parts
    audio, codec, codes = (_dict(parts.get(key)) for key in ("audio", "codec", "codes"))
    info = _dict(codec.get("info"))
    outside = sound_of(path, document)
    edits, marks = _dict(parts.get("edits")), _dict(parts.get("marks"))
    columns = parts.get("columns")
    return {
        "kind": "document",
        "file": str(path),
        "saved": document.saved,
        "program": document.program,
        "codec": {
            "source": codec.get("source", ""),
            "name": info.get("name", ""),
            "books": len(_list(info.get("books"))),
        },
        "audio": {
            "name": audio.get("name", ""),
            "path": audio.get("path", ""),
            "embedded": document.audio is not None,
            "bytes": document.audio.bytes if document.audio is not None else audio.get("bytes", 0),
            "found": document.audio is not None or outside is not None,
            "length_s": audio.get("length_s"),
        },
        "codes": {"shapes": _list(codes.get("shapes")), "frame_rates_hz": _list(codes.get("frame_rates_hz"))},
        "edits": len(_list(edits.get("edits"))),
        "continuous": _list(edits.get("continuous")),
        "marks": [
            {"time_s": row.get("time_s"), "name": row.get("name", "")} for row in map(_dict, _list(marks.get("marks")))
        ],
        "loop": parts.get("loop"),
        "columns": [str(_dict(row).get("source", "")) for row in _list(columns)],
        "parts": sorted(parts),
    }


def words(data: dict[str, Any]) -> str:
    """`describe` for people."""
    audio, codec = data["audio"], data["codec"]
    where = "in it" if audio["embedded"] else f"at {audio['path']}" + ("" if audio["found"] else ", which is not there")
    length = f", {audio['length_s']:.2f} s" if isinstance(audio["length_s"], float | int) else ""
    count = f", {codec['books']} books" if codec["books"] else ""
    shapes = ", ".join(" × ".join(map(str, _list(shape))) for shape in data["codes"]["shapes"])
    lines = [
        f"{data['file']}: saved {data['saved'] or 'at an unknown time'} by speefeare-workbench {data['program']}",
        f"sound: {audio['name']}{length}, {where}",
        f"codec: {codec['name'] or codec['source']}{count}",
        f"codes: {shapes or 'none'}",
        f"edits: {data['edits'] or 'none'}",
        *(f"mark at {row['time_s']} s: {row['name']}" for row in data["marks"]),
        *(f"beside it: {source}" for source in data["columns"]),
    ]
    return "\n".join(lines)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
