"""Manifests: a table of clips as CSV (any of , ; | and tab) or JSON lines, read and written.

Columns, by any of the names that are in use: the file; offset and length in seconds; speaker; text. Paths are relative
to the manifest.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from speefeare_core.errors import SpeefeareError
from speefeare_core.training.run_log import write_whole
from speefeare_core.training.speech.files import FileClip

ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson")
COLUMNS = {
    "path": ("path", "audio_filepath", "audio_path", "file_path", "filepath", "file_name", "filename", "file", "audio",
             "wav", "wav_path", "audio_file"),
    "begin": ("offset", "begin", "start", "begin_s", "start_s", "offset_s"),
    "length": ("length_s", "duration", "duration_s", "length", "dur"),
    "speaker": ("speaker", "speaker_id", "spk", "spk_id", "client_id", "speaker_name"),
    "text": ("text", "transcript", "transcription", "sentence", "normalized_text", "raw_text"),
}  # fmt: skip


def is_manifest(path: Path) -> bool:
    """By its ending."""
    return path.suffix.lower() in ENDINGS


def manifest_clips(path: Path) -> list[FileClip]:
    """The clips of a manifest; files are not looked at. Raises `SpeefeareError` that names the line that is wrong."""
    found = []
    for number, row in _rows(path):
        values = _values(row)
        name = values.get("path", "")
        if isinstance(name, dict):  # data sets of the hub keep {path, array}
            name = name.get("path", "")
        if not isinstance(name, str) or not name:
            raise SpeefeareError(
                f"{path}, line {number}: no column names the sound file; call it path (found: {', '.join(row)})."
            )
        begin = _seconds(values.get("begin"), path, number, "offset") or 0.0
        length = _seconds(values.get("length"), path, number, "length")
        part = values.get("begin") not in (None, "") and length is not None
        sound = Path(os.path.expanduser(name))
        sound = sound if sound.is_absolute() else path.parent / sound
        title = f"{Path(name).as_posix()}@{begin:.2f}s" if part and begin else Path(name).as_posix()
        found.append(
            FileClip(
                title, sound, begin, length if part else None, str(values.get("speaker") or ""),
                str(values.get("text") or ""), whole=part,
            )
        )  # fmt: skip
    if not found:
        raise SpeefeareError(f"The manifest {path} names no clips.")
    return found


def write_manifest(path: Path, clips: Iterable[Mapping[str, Any]]) -> int:
    """Rows with `path` and any of `offset`, `length_s`, `speaker`, `text` as CSV or JSON lines by the ending; how many.

    Paths below the manifest's folder become relative, so that the folder can be moved. Raises `SpeefeareError`.
    """
    rows = [dict(row) | {"path": _relative(Path(row["path"]), path.parent)} for row in clips]
    if not rows:
        raise SpeefeareError(f"There are no clips to write into {path}.")
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    elif path.suffix.lower() in (".csv", ".tsv"):
        out = io.StringIO()
        names = list(dict.fromkeys(name for row in rows for name in row))
        separator = "\t" if path.suffix.lower() == ".tsv" else ","
        writer = csv.DictWriter(out, names, restval="", delimiter=separator, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        text = out.getvalue()
    else:
        raise SpeefeareError(f"{path} should end in {', '.join(ENDINGS)}.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise SpeefeareError(f"{path} cannot be written: {error.strerror or error}.") from error
    return len(rows)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _json_rows(path, file) if path.suffix.lower() in (".jsonl", ".ndjson") else _table_rows(file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SpeefeareError(f"The manifest {path} cannot be read: {error}.") from error


def _json_rows(path: Path, file: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise SpeefeareError(f"{path}, line {number}: this is no JSON object ({error}).") from error
        if not isinstance(row, dict):
            raise SpeefeareError(f"{path}, line {number}: this is no JSON object.")
        yield number, row


def _table_rows(file: io.TextIOBase | Any) -> Iterator[tuple[int, dict[str, Any]]]:
    head = file.readline()
    file.seek(0)
    separator = max(",;\t|", key=head.count)
    reader = csv.DictReader(file, delimiter=separator)
    for row in reader:
        yield reader.line_num, {str(name): value for name, value in row.items() if name is not None}


def _values(row: dict[str, Any]) -> dict[str, Any]:
    named = {name.strip().lower(): value for name, value in row.items()}
    return {
        key: next(named[name] for name in names if name in named)
        for key, names in COLUMNS.items()
        if any(name in named for name in names)
    }


def _seconds(value: Any, path: Path, number: int, what: str) -> float | None:
    if value is None or value == "":
        return None
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = math.nan
    if not math.isfinite(seconds) or seconds < 0:
        raise SpeefeareError(f"{path}, line {number}: the {what} should be seconds, not {value!r}.")
    return seconds


def _relative(sound: Path, folder: Path) -> str:
    try:
        return sound.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return str(sound.resolve())
