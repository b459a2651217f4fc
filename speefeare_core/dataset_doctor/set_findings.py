"""Findings on the set as a whole: broken files, duplicates, mixed rates, levels, speakers, too little of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from speefeare_core.dataset_doctor.duplicates import exact_groups, near_pairs
from speefeare_core.dataset_doctor.findings import made
from speefeare_core.dataset_doctor.measures import ClipMeasures, is_silent
from speefeare_core.dataset_doctor.report import Finding, FoundClip, hours_words

LITTLE_H = 0.25
LEVEL_SPREAD_DB = 6.0
MOST_OF_IT = 0.8
LOSSY = ("VORBIS", "OPUS", "MPEG", "G722", "ULAW", "ALAW", "GSM", "ADPCM", "G72")


def broken_finding(problems: Mapping[str, str], paths: Mapping[str, str], whole: int) -> Finding | None:
    """Files that cannot be opened, or not read to their end."""
    if not problems:
        return None
    clips = [FoundClip(name, paths.get(name, ""), words) for name, words in problems.items()]
    return made(
        "broken", "problem", "Broken files", "Copy or export them again; until then training leaves them out.",
        "leave_out", clips, len(problems), whole, "cannot be read", "cannot be read",
    )  # fmt: skip


def duplicate_findings(names: Sequence[tuple[str, str]], measures: Sequence[ClipMeasures]) -> list[Finding]:
    """The same samples twice, and the same recording at another gain or in another encoding."""
    audible = [index for index, clip in enumerate(measures) if not is_silent(clip)]
    groups = exact_groups([measures[index].content for index in audible])
    again = [(audible[index], audible[group[0]]) for group in groups for index in group[1:]]
    same = {index for index, _ in again}
    pairs = near_pairs([clip.print for clip in measures], [clip.length_s for clip in measures])
    contents = [clip.content for clip in measures]
    near: dict[int, int] = {}
    for first, second in pairs:
        if contents[first] != contents[second] and not {first, second} & same:
            near.setdefault(second, first)
    found = []
    for key, severity, title, one, many, rows in (
        ("duplicates", "warning", "Duplicates", "is there a second time, to the sample",
         "are there a second time, to the sample", again),
        ("near_duplicates", "note", "Nearly duplicates", "sounds like another clip, at another gain or in another form",
         "sound like another clip, at another gain or in another form", list(near.items())),
    ):  # fmt: skip
        if rows:
            clips = [FoundClip(*names[index], f"as {names[first][0]}") for index, first in rows]
            found.append(
                made(
                    key, severity, title, "Leave out all but one: a duplicate may be held out and trained on at once.",
                    "leave_out", clips, len(rows), len(measures), one, many,
                )
            )  # fmt: skip
    return found


def whole_findings(
    hours: float,
    rates: Mapping[str, float],
    encodings: Mapping[str, float],
    speakers: Mapping[str, float],
    measures: Sequence[ClipMeasures],
    rate_hz: int | None,
) -> list[Finding]:
    """What is said once. `rate_hz`: of the codec that is to be trained, where it is known."""
    found = []
    if hours < LITTLE_H:
        found.append(Finding(
            "little", "warning", "Little speech", f"There are only {hours_words(hours)} of speech.",
            "Add more: an hour for a small codec, ten and more for one that should know other voices.",
        ))  # fmt: skip
    low = {rate: part for rate, part in rates.items() if rate_hz and int(rate) < rate_hz}
    if low:
        found.append(Finding(
            "low_rate", "warning", "Lower rate",
            f"{hours_words(sum(low.values()))} are at {_rates(low)}, below the {rate_hz} Hz of the codec.",
            "They hold nothing in the upper part of the codec's band: leave them out, or train at a lower rate.",
        ))  # fmt: skip
    if len(rates) > 1:
        found.append(Finding(
            "rates", "note", "Several rates", f"The clips have several rates: {_shares(rates, ' Hz')}.",
            "Nothing has to be done: training resamples them; `speefeare data pack` does so once and for all.",
        ))  # fmt: skip
    lossy = {name: part for name, part in encodings.items() if any(word in name.upper() for word in LOSSY)}
    if lossy:
        found.append(Finding(
            "lossy", "note", "Lossy sound", f"{hours_words(sum(lossy.values()))} are lossy: {_shares(lossy)}.",
            "Where there are originals, take them: a codec learns the traces of the other one too.",
        ))  # fmt: skip
    levels = np.array([clip.loudness_lufs for clip in measures if not is_silent(clip)])
    if len(levels) > 1 and float(levels.std()) > LEVEL_SPREAD_DB:
        low_db, high_db = np.quantile(levels, [0.05, 0.95])
        found.append(Finding(
            "levels", "note", "Uneven loudness",
            f"Loudness differs much from clip to clip: 90 % lie between {low_db:.0f} and {high_db:.0f} LUFS.",
            "The random gain of training covers some of it; data.loudness_db in the recipe brings all to one level.",
            "level",
        ))  # fmt: skip
    named = {name: part for name, part in speakers.items() if name}
    if len(named) > 1:
        most, part = max(named.items(), key=lambda item: item[1])
        if part > MOST_OF_IT * sum(named.values()):
            found.append(Finding(
                "one_speaker", "note", "One voice prevails",
                f"{100 * part / sum(named.values()):.0f} % of the speech is of the speaker {most}.",
                "Give each voice a source of its own and set data.balanced_sources, or a lower weight to this one.",
            ))  # fmt: skip
    return found


def _rates(rates: Mapping[str, float]) -> str:
    return " and ".join(f"{rate} Hz" for rate in rates)


def _shares(parts: Mapping[str, float], unit: str = "") -> str:
    whole = sum(parts.values()) or 1.0
    return ", ".join(f"{name}{unit} {100 * part / whole:.0f} %" for name, part in list(parts.items())[:5])
