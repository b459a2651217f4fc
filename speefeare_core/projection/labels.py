"""Labels that lie beside a recording: phones, words, speakers, from a TextGrid, a .lab file or JSON.

- `.TextGrid` (Praat, long or short text; the Montreal Forced Aligner writes it): every interval tier. A tier called
  "anna - phones" holds phones and says that anna speaks.
- `.lab`: lines `start end label`, in seconds where the numbers have a decimal point, else in the 100 ns of HTK; of
  HTS labels in full context the phone in the middle. Or, after a line `#`, the `end colour label` of xwaves.
- `.json`: `{"speaker": "anna", "phones": [{"start": 0.1, "end": 0.2, "text": "a"}, [0.2, 0.3, "b"]], "words": […]}`,
  or what the aligner writes (`{"tiers": {"phones": {"entries": […]}}}`). JSON of anything else is passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from speefeare_core.errors import SpeefeareError
from speefeare_core.projection.values import FrameValues

SUFFIXES = (".TextGrid", ".textgrid", ".lab", ".json")
KINDS = ("phone", "word", "speaker")
MOST_BYTES = 64 * 1024 * 1024
Interval = tuple[float, float, str]  # start and end in seconds, text
_TOKEN = re.compile(r'"(?:[^"]|"")*"|<exists>|<absent>|(?<!\S)[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?(?!\S)')
_MIDDLE = re.compile(r"-([^+]+)\+")


@dataclass(frozen=True)
class Tier:
    """One row of labels. `key`: "phone", "word", "speaker", or the tier's own name in small letters."""

    key: str
    intervals: tuple[Interval, ...]  # by start, without empty ones

    @property
    def title(self) -> str:
        """For people."""
        return self.key[:1].upper() + self.key[1:]

    def at_frames(self, frame_rate_hz: float, frames: int) -> FrameValues:
        """The label at the middle of each frame."""
        names = tuple(sorted({text for _, _, text in self.intervals}))
        number = {name: index for index, name in enumerate(names)}
        times = (np.arange(frames) + 0.5) / frame_rate_hz
        starts = np.array([start for start, _, _ in self.intervals])
        ends = np.array([end for _, end, _ in self.intervals])
        which = np.array([number[text] for _, _, text in self.intervals], np.float32)
        at = np.searchsorted(starts, times, side="right") - 1
        inside = (at >= 0) & (times < ends[np.maximum(at, 0)])
        values: NDArray[np.float32] = np.where(inside, which[np.maximum(at, 0)], np.nan).astype(np.float32)
        return FrameValues(self.key, self.title, "", values, names)


def beside(path: str | Path) -> Path | None:
    """The label file of a recording: the same name with another ending."""
    for suffix in SUFFIXES:
        found = Path(path).with_suffix(suffix)
        if found.is_file():
            return found
    return None


def read(path: str | Path) -> tuple[Tier, ...]:
    """The tiers of a label file, phones, words and speakers first; empty for JSON that holds no labels.

    Raises `SpeefeareError` for a file that cannot be read.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SpeefeareError(f"{path} is too large for labels; cut it into pieces.")
        text = _decoded(path.read_bytes())
        if path.suffix.lower() == ".textgrid":
            found = list(_textgrid(text))
        elif path.suffix.lower() == ".lab":
            found = [("phone", list(_lab(text)))]
        else:
            found = list(_json(text))
    except OSError as error:
        raise SpeefeareError(f"The labels {path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise SpeefeareError(f"{path} holds no labels that can be understood; check it or rename it.") from error
    return _tiers(found)


def _decoded(data: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if data.startswith(mark):
            return data.decode(encoding)
    return data.decode("utf-8")


# -- formats --------------------------------------------------------------------------------------------------------
def _textgrid(text: str) -> Iterator[tuple[str, list[Interval]]]:
    """Praat reads numbers that stand free, texts in quotes and flags, and nothing else; so do we."""
    tokens = _TOKEN.findall(text)
    if [token.strip('"') for token in tokens[:2]] != ["ooTextFile", "TextGrid"]:
        raise ValueError("no TextGrid")
    if tokens[4] != "<exists>":
        return
    at = 6
    for _ in range(int(tokens[5])):
        kind, name, count = tokens[at].strip('"'), _unquoted(tokens[at + 1]), int(tokens[at + 4])
        at += 5
        width = 3 if kind == "IntervalTier" else 2
        cells = tokens[at : at + width * count]
        if len(cells) < width * count:
            raise ValueError("cut off")
        at += width * count
        if kind == "IntervalTier":
            yield (
                name,
                [(float(cells[i]), float(cells[i + 1]), _unquoted(cells[i + 2])) for i in range(0, len(cells), 3)],
            )


def _unquoted(token: str) -> str:
    return token[1:-1].replace('""', '"')


def _lab(text: str) -> Iterator[Interval]:
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if ["#"] in lines:
        start = 0.0
        for end, _colour, *label in lines[lines.index(["#"]) + 1 :]:
            yield start, float(end), " ".join(label)
            start = float(end)
        return
    whole = all(cells[0].isdecimal() and cells[1].isdecimal() for cells in lines)
    unit = 1e-7 if whole else 1.0
    for begin, end, *label in lines:
        context = _MIDDLE.search(label[0]) if label else None
        yield float(begin) * unit, float(end) * unit, context[1] if context and "^" in label[0] else " ".join(label)


def _json(text: str) -> Iterator[tuple[str, list[Interval]]]:
    data = json.loads(text)
    if isinstance(data, list):
        data = {"phones": data}
    if not isinstance(data, dict):
        return
    if isinstance(data.get("speaker"), str):
        yield "speaker", [(0.0, float("inf"), data["speaker"])]
    tiers = data["tiers"] if isinstance(data.get("tiers"), dict) else data
    for name, rows in tiers.items():
        entries = rows.get("entries") if isinstance(rows, dict) else rows
        if isinstance(entries, list) and entries and all(_is_entry(entry) for entry in entries):
            yield name, [_entry(entry) for entry in entries]


def _is_entry(entry: Any) -> bool:
    if isinstance(entry, dict):
        return any(name in entry for name in ("start", "start_s")) and any(name in entry for name in _TEXTS)
    return isinstance(entry, list) and len(entry) == 3 and isinstance(entry[2], str)


_TEXTS = ("text", "label", "phone", "word", "speaker")


def _entry(entry: Any) -> Interval:
    if isinstance(entry, list):
        return float(entry[0]), float(entry[1]), entry[2]
    start, end = (entry[name] if name in entry else entry[f"{name}_s"] for name in ("start", "end"))
    return float(start), float(end), str(next(entry[name] for name in _TEXTS if name in entry))


# -- tiers ----------------------------------------------------------------------------------------------------------
def _tiers(found: list[tuple[str, list[Interval]]]) -> tuple[Tier, ...]:
    rows: dict[str, list[Interval]] = {}
    for name, intervals in found:
        speaker, dash, rest = name.rpartition(" - ")
        key = _key(rest if dash else name)
        filled = [(start, end, text.strip()) for start, end, text in intervals if text.strip() and end > start]
        rows.setdefault(key, []).extend(filled)
        if dash and key != "speaker":
            rows.setdefault("speaker", []).extend((start, end, speaker) for start, end, _ in filled)
    order = sorted((key for key in rows if rows[key]), key=lambda key: KINDS.index(key) if key in KINDS else len(KINDS))
    return tuple(Tier(key, tuple(sorted(rows[key]))) for key in order)


def _key(name: str) -> str:
    small = name.strip().lower()
    for kind, parts in (("phone", ("phon", "phn", "segment")), ("word", ("word", "wrd")), ("speaker", ("speaker",))):
        if any(part in small for part in parts):
            return kind
    return small or "phone"
