"""A repaired copy of a set: FLAC files and a manifest in a new folder. The originals are never touched."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from speefeare_core.audio import Audio, Samples, write
from speefeare_core.dataset_doctor.clips import LookedAt, find_clips
from speefeare_core.dataset_doctor.findings import KINDS
from speefeare_core.dataset_doctor.measures import ClipMeasures, measure
from speefeare_core.dataset_doctor.repairs import REPAIRS
from speefeare_core.dataset_doctor.report import DatasetReport, last_names
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.speech.files import LONG_S, PIECE_S
from speefeare_core.training.speech.manifest import write_manifest

LOUDNESS_LUFS = -23.0
PEAK = 10 ** (-1 / 20)
LEFT_S = 0.25  # silence that stays at both ends
CLIPS = "clips"  # folder of the copy's files
MANIFEST = "manifest.jsonl"

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Repaired:
    """What was written."""

    manifest: Path
    clips: int
    hours: float
    left_out: dict[str, str]  # by name: why


def left_out_by(report: DatasetReport, kinds: Iterable[str] | None = None) -> dict[str, str]:
    """By name of the clip, the title of the finding for which it would be left out: those of `kinds`, else all that
    `leave_out` mends."""
    wanted = None if kinds is None else set(kinds)
    names = last_names(report.place)
    return {
        name: finding.title
        for finding in report.findings
        if (finding.repair == "leave_out" if wanted is None else finding.kind in wanted)
        for name in names.get(finding.kind, [clip.name for clip in finding.clips])
    }


def repair(
    place: Path,
    target: Path,
    repairs: Sequence[str],
    *,
    left_out: dict[str, str] | None = None,
    rate_hz: int | None = None,
    layout: str = "auto",
    progress: Progress | None = None,
) -> Repaired:
    """Write the clips of a place into a new folder, repaired, at their own rates or all at `rate_hz`.

    `leave_out` looks at every clip itself; `left_out` names clips that are not copied either, with the reason (of a
    report: near duplicates). What cannot be read is never copied. Stopped in the middle, there are files but no
    manifest. Raises `SpeefeareError`.
    """
    unknown = sorted(set(repairs) - set(REPAIRS))
    if unknown:
        raise SpeefeareError(f"There is no repair {unknown[0]}; choose of {', '.join(REPAIRS)}.")
    _check_target(place, target)
    found = find_clips(place, progress, layout, texts=True)
    gone = dict(found.problems)
    if "leave_out" in repairs:
        gone |= left_out or {}
    rows: list[dict[str, Any]] = []
    seconds, heard = 0.0, set[str]()
    for number, clip in enumerate(found.clips):
        if progress is not None:
            progress(number / len(found.clips), f"Writing {clip.name}")
        if clip.name in gone:
            continue
        written: list[dict[str, Any]] = []
        paths: list[Path] = []
        try:
            for name, text, part in _parts(clip):
                reason = _why_not(part, heard) if "leave_out" in repairs else ""
                if reason:
                    gone[name] = reason
                    continue
                sound = mended(part.resampled(rate_hz) if rate_hz else part, repairs)
                paths.append(_write(_path_for(target, name), sound))
                row = {"path": paths[-1], "length_s": round(sound.length_s, 3), "speaker": clip.speaker, "text": text}
                written.append({key: value for key, value in row.items() if value != ""})
        except SpeefeareError as error:  # broken further on: nothing of it is kept
            _unless_the_disk_is_at_fault(target, error)
            for path in paths:
                path.unlink(missing_ok=True)
            gone[clip.name] = str(error)
            continue
        rows += written
        seconds += sum(row["length_s"] for row in written)
    if not rows:
        raise SpeefeareError(f"Nothing of {place} is left to copy.")
    write_manifest(target / MANIFEST, rows)
    return Repaired(target / MANIFEST, len(rows), seconds / 3600, gone)


def mended(sound: Audio, repairs: Sequence[str]) -> Audio:
    """Samples [C, T] with these repairs, in the order in which they help each other."""
    samples = sound.samples
    if "mono" in repairs:
        samples = one_channel(samples)
    if "dc" in repairs:
        samples = samples - samples.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    found = measure([samples], sound.rate_hz, samples.shape[0])
    if "trim" in repairs:
        samples = trimmed(samples, sound.rate_hz, found)
    factor = 1.0
    if "level" in repairs and math.isfinite(found.loudness_lufs):
        factor = 10 ** ((LOUDNESS_LUFS - found.loudness_lufs) / 20)
        factor = min(factor, PEAK / max(found.peak, 1e-9))
    elif found.peak > 1.0:  # the file is PCM
        factor = PEAK / found.peak
    return dataclasses.replace(sound, samples=np.ascontiguousarray(samples * np.float32(factor)))


def one_channel(samples: Samples) -> Samples:
    """[C, T] → [1, T]: the mean, or the loudest channel where others are silent or cancel it."""
    powers = np.square(samples, dtype=np.float64).mean(axis=1)
    mean: Samples = samples.mean(axis=0, keepdims=True, dtype=np.float32)
    if powers.min() < 1e-6 * powers.max() or np.square(mean, dtype=np.float64).mean() < 0.1 * powers.mean():
        loudest: Samples = samples[int(powers.argmax())][None]
        return loudest
    return mean


def trimmed(samples: Samples, rate_hz: int, found: ClipMeasures) -> Samples:
    """Without the silence at both ends, but for a quarter of a second; silence as a whole stays."""
    length = samples.shape[1]
    begin = max(0, int((found.lead_s - LEFT_S) * rate_hz))
    end = length - max(0, int((found.tail_s - LEFT_S) * rate_hz))
    return samples[:, begin:end] if begin < end else samples


def _parts(clip: LookedAt) -> Iterator[tuple[str, str, Audio]]:
    """Name, text and sound of a clip, or of the pieces of a long one, so that no hours are held in memory."""
    whole_s = clip.facts.samples / clip.facts.rate_hz
    text = clip.clip.text if clip.clip is not None else ""
    size = math.ceil(clip.facts.rate_hz * (PIECE_S if whole_s > LONG_S else LONG_S))
    held: list[Samples] = []
    begin = 0
    for block in clip.blocks():
        held.append(block)
        while sum(one.shape[1] for one in held) >= size and whole_s > LONG_S:
            joined = np.concatenate(held, axis=1)
            held = [joined[:, size:]]
            yield f"{_stem(clip.name)}@{begin // clip.facts.rate_hz}s", "", Audio(joined[:, :size], clip.facts.rate_hz)
            begin += size
    rest = np.concatenate(held, axis=1) if held else np.zeros((clip.facts.channels, 0), np.float32)
    if rest.shape[1]:
        name = f"{_stem(clip.name)}@{begin // clip.facts.rate_hz}s" if begin else clip.name
        yield name, "" if begin else text, Audio(rest, clip.facts.rate_hz)


def _why_not(part: Audio, heard: set[str]) -> str:
    """The title of the finding for which a sound is left out, or empty; `heard` has the sounds that were copied."""
    found = measure([part.samples], part.rate_hz, part.channels)
    reason = next((kind.title for kind in KINDS if kind.repair == "leave_out" and kind.test(found) > 0), "")
    if not reason and found.content in heard:
        reason = "Duplicates"
    heard.add(found.content)
    return reason


def _stem(name: str) -> str:
    head, dot, ending = name.rpartition(".")
    return head if dot and ending.isalnum() else name


def _write(path: Path, sound: Audio) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpeefeareError(f"{path.parent} cannot be made: {error.strerror or error}.") from error
    write(path, sound, "PCM_24" if float(np.abs(sound.samples).max(initial=0.0)) < 2**-6 else "PCM_16")
    return path


def _unless_the_disk_is_at_fault(target: Path, error: SpeefeareError) -> None:
    """A clip that cannot be read is left out; a copy that cannot be written ends."""
    if str(target) in str(error):
        raise error


def _check_target(place: Path, target: Path) -> None:
    inside, outside = target.expanduser().resolve(), place.expanduser().resolve()
    if inside == outside or outside in inside.parents:
        raise SpeefeareError(f"{target} lies in {place}; choose a folder beside it, so that the originals stay alone.")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise SpeefeareError(f"{target} is not empty; choose a new folder for the copy.")
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpeefeareError(f"{target} cannot be made: {error.strerror or error}.") from error


def _path_for(target: Path, name: str) -> Path:
    """A path inside of the copy, wherever the clip's name would lead; never one that is there."""
    parts = [part for part in Path(name.replace("\\", "/")).parts if part not in ("/", "..", ".")]
    parts = [part.replace(":", "_") for part in parts] or ["clip"]
    base = target.joinpath(CLIPS, *parts[:-1], _stem(parts[-1]))
    path, number = base.with_name(f"{base.name}.flac"), 2
    while path.exists():
        path, number = base.with_name(f"{base.name}-{number}.flac"), number + 1
    return path
