"""The doctor's report: plain data, the same as JSON, and its summary in words. Without torch or Qt."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from speefeare_core.folders import cache_dir

VERSION = 1
SEVERITIES = ("problem", "warning", "note")
LISTED = 100  # clips of a finding that are written down with the report


@dataclass(frozen=True)
class FoundClip:
    """A clip that a finding is about."""

    name: str
    path: str = ""  # of its sound file; empty inside of sets and archives
    words: str = ""  # how much: "3.2 % of the samples"


@dataclass(frozen=True)
class Finding:
    """One thing to know about a set."""

    kind: str  # a row of `findings.KINDS`
    severity: str  # problem: training suffers; warning: look at it; note: good to know
    title: str
    words: str  # one plain sentence
    fix: str  # one plain sentence
    repair: str = ""  # of `repair.REPAIRS`; empty: nothing that a program can do
    clips: tuple[FoundClip, ...] = ()  # the worst of them first
    count: int = 0  # of all of them


@dataclass(frozen=True)
class Histogram:
    """How a measure is spread over the clips: `counts` [n] between `edges` [n + 1], the outer ones open."""

    title: str
    unit: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    median: float


@dataclass(frozen=True)
class DatasetReport:
    """Of one place. Hours by what they have."""

    place: str
    layout: str
    clips: int  # that can be opened
    examined: int  # that were measured
    unreadable: int
    whole: bool  # all clips were looked at, not a part of them
    hours: float
    rates: dict[str, float] = field(default_factory=dict)  # "16000" Hz → hours
    channels: dict[str, float] = field(default_factory=dict)
    encodings: dict[str, float] = field(default_factory=dict)
    speakers: dict[str, float] = field(default_factory=dict)  # the first fifty
    speaker_count: int = 0
    histograms: dict[str, Histogram] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0  # that it took
    time: float = 0.0  # when, seconds since 1970

    @property
    def count(self) -> dict[str, int]:
        """How many findings of each severity."""
        return {severity: sum(one.severity == severity for one in self.findings) for severity in SEVERITIES}

    @property
    def words(self) -> str:
        """One or two sentences on the whole."""
        what = f"{hours_words(self.hours)} of speech in {self.clips:,} clips"
        if self.speaker_count:
            what += f" of {self.speaker_count:,} speaker{'s' if self.speaker_count > 1 else ''}"
        rates = ", ".join(f"{int(rate) / 1000:g} kHz" for rate in list(self.rates)[:3])
        counts = self.count
        found = [_number(counts[severity], severity) for severity in SEVERITIES if counts[severity]]
        state = f"Found: {', '.join(found)}." if found else "Nothing is wrong with it."
        part = "" if self.whole else f" Measured: {self.examined:,} of them."
        return f"{what}, {rates}.{part} {state}"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; `from_dict` is its inverse, but for clips of a finding after the first hundreds."""
        findings = tuple(dataclasses.replace(one, clips=one.clips[:LISTED]) for one in self.findings)
        return {"version": VERSION, "words": self.words, **asdict(dataclasses.replace(self, findings=findings))}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> DatasetReport:
        """Raises ValueError, KeyError or TypeError for what is no report of this version."""
        if data["version"] != VERSION:
            raise ValueError("another version")
        values = {name: value for name, value in data.items() if name not in ("version", "words")}
        values["histograms"] = {
            key: Histogram(**(row | {"edges": tuple(row["edges"]), "counts": tuple(row["counts"])}))
            for key, row in values["histograms"].items()
        }
        values["findings"] = tuple(
            Finding(**(row | {"clips": tuple(FoundClip(**clip) for clip in row["clips"])}))
            for row in values["findings"]
        )
        return cls(**values)


def last_report(place: str | Path) -> DatasetReport | None:
    """What the doctor said of a place last, or None where it has not looked at it on this computer."""
    try:
        return DatasetReport.from_dict(json.loads(_kept(place).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def last_names(place: str | Path) -> dict[str, list[str]]:
    """By kind of finding, the names of all its clips, of the last report; a big set has many."""
    try:
        found: dict[str, list[str]] = json.loads(_names(place).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def keep_report(report: DatasetReport) -> None:
    """So that `last_report` finds it; a disk that is full is no failure."""
    _write(_names(report.place), {one.kind: [clip.name for clip in one.clips] for one in report.findings})
    _write(_kept(report.place), report.to_dict())


def _write(target: Path, data: dict[str, Any]) -> None:
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    with suppress(OSError):
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(data), encoding="utf-8")
        part.replace(target)


def hours_words(hours: float) -> str:
    """As a person says it."""
    if hours >= 1:
        return f"{hours:.1f} h"
    return f"{hours * 60:.1f} min" if hours * 60 >= 1 else f"{hours * 3600:.0f} s"


def _number(count: int, severity: str) -> str:
    return f"{count} {severity}{'s' if count != 1 else ''}"


def _names(place: str | Path) -> Path:
    return _kept(place).with_suffix(".names.json")


def _kept(place: str | Path) -> Path:
    name = hashlib.blake2b(str(Path(place).expanduser().resolve()).encode("utf-8", "surrogateescape"), digest_size=12)
    return cache_dir() / "dataset_doctor" / f"{name.hexdigest()}.json"
