"""A set as a manifest: what it holds, without what should not be trained on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from speefeare_core.dataset_doctor.clips import LookedAt, find_clips
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.speech.folder import wanted_names
from speefeare_core.training.speech.manifest import write_manifest

Progress = Callable[[float, str], None]


def list_clips(
    place: Path,
    target: Path,
    *,
    layout: str = "auto",
    match: str = "*",
    exclude: str = "",
    left_out: dict[str, str] | None = None,
    progress: Progress | None = None,
) -> tuple[int, int]:
    """Write a manifest of the clips of a place; how many are in it, and how many were left out.

    What cannot be opened is left out too. Raises `SpeefeareError` for shards and packed sets, whose clips are no files.
    """
    found = find_clips(place, progress, layout, texts=True)
    if any(clip.clip is None or clip.clip.member is not None for clip in found.clips):
        raise SpeefeareError(f"The clips of {place} are no files of their own; give it as data as it is.")
    gone = left_out or {}
    chosen = [found.clips[index] for index in wanted_names([clip.name for clip in found.clips], match, exclude)]
    rows = [_row(clip) for clip in chosen if clip.name not in gone]
    return write_manifest(target, rows), len(found.clips) + len(found.problems) - len(rows)


def _row(clip: LookedAt) -> dict[str, Any]:
    assert clip.clip is not None
    whole = clip.facts.samples / clip.facts.rate_hz
    length = whole - clip.clip.begin_s if clip.clip.length_s is None else clip.clip.length_s
    row = {
        "path": str(clip.clip.path), "offset": round(clip.clip.begin_s, 4) if clip.clip.whole else "",
        "length_s": round(length, 4), "speaker": clip.speaker, "text": clip.clip.text,
    }  # fmt: skip
    return {key: value for key, value in row.items() if value != ""}
