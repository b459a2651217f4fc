"""From measures to findings: what is looked for, from when on it is said, and what helps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from speefeare_core.dataset_doctor.measures import ClipMeasures, is_silent
from speefeare_core.dataset_doctor.report import Finding, FoundClip

Told = Callable[[ClipMeasures], str]
Test = Callable[[ClipMeasures], float]  # above 0: it is so, and the more the worse


@dataclass(frozen=True)
class Kind:
    """One thing that is looked for in single clips."""

    key: str
    severity: str
    title: str
    one: str  # after "1 clip "
    many: str  # after "n clips "
    fix: str
    repair: str
    test: Test
    told: Told


def _over(value: float, limit: float) -> float:
    return max(0.0, value - limit)


def _sound(test: Test) -> Test:
    """Only where there is something to hear."""
    return lambda clip: 0.0 if is_silent(clip) else test(clip)


KINDS: tuple[Kind, ...] = (
    Kind(
        "silent", "problem", "Silence", "holds nothing to hear", "hold nothing to hear",
        "Leave out what is silent: it teaches nothing.", "leave_out",
        lambda clip: float(is_silent(clip)), lambda clip: "silent",
    ),
    Kind(
        "clipped", "problem", "Clipping", "is clipped: its loudest tops are cut flat",
        "are clipped: their loudest tops are cut flat",
        "Leave out what is clipped, or record it again with less gain; what is cut off cannot be had back.",
        "leave_out",
        lambda clip: clip.clipped_share if clip.flat_tops >= 3 and clip.clipped_share > 1e-4 else 0.0,
        lambda clip: f"{100 * clip.clipped_share:.2g} % of the samples, {clip.flat_tops} tops",
    ),
    Kind(
        "over_full_scale", "warning", "Above full scale", "goes above full scale", "go above full scale",
        "Written as PCM it would be clipped, so scale it down first; training does so by itself.", "level",
        lambda clip: _over(clip.peak, 1.0001), lambda clip: f"peak {_db(clip.peak):+.1f} dBFS",
    ),
    Kind(
        "dc", "warning", "DC offset", "has a DC offset: its mean is not zero",
        "have a DC offset: their mean is not zero",
        "Take the mean off: a codec would spend bits on it.", "dc",
        lambda clip: _over(clip.dc, 0.002), lambda clip: f"{100 * clip.dc:.2g} % of full scale",
    ),
    Kind(
        "quiet", "warning", "Very quiet", "is very quiet", "are very quiet",
        "Bring all clips to one loudness, or set data.loudness_db in the recipe.", "level",
        _sound(lambda clip: _over(-clip.loudness_lufs, 40.0)), lambda clip: f"{clip.loudness_lufs:.1f} LUFS",
    ),
    Kind(
        "loud", "warning", "Very loud", "is very loud", "are very loud",
        "Bring all clips to one loudness, or set data.loudness_db in the recipe.", "level",
        _sound(lambda clip: _over(clip.loudness_lufs, -10.0)), lambda clip: f"{clip.loudness_lufs:.1f} LUFS",
    ),
    Kind(
        "pauses", "warning", "Mostly pauses", "is silent for more than half of its length",
        "are silent for more than half of their length",
        "Cut the silence at both ends, or set data.quietest_db in the recipe so that pauses fill no examples.", "trim",
        _sound(lambda clip: _over(clip.silent_share, 0.5)), lambda clip: f"{100 * clip.silent_share:.0f} % silence",
    ),
    Kind(
        "ends", "note", "Silent ends", "begins or ends with more than a second of silence",
        "begin or end with more than a second of silence",
        "Cut the ends, leaving a little.", "trim",
        _sound(lambda clip: _over(max(clip.lead_s, clip.tail_s), 1.0)),
        lambda clip: f"{clip.lead_s:.1f} s before, {clip.tail_s:.1f} s after",
    ),
    Kind(
        "noisy", "note", "Noise", "has less than 15 dB between loud and quiet",
        "have less than 15 dB between loud and quiet",
        "Listen to some: noise, music or an echo would be learnt as well; leave out what is not clean.", "",
        _sound(lambda clip: _over(15.0, clip.contrast_db) if clip.length_s >= 1 else 0.0),
        lambda clip: f"{clip.contrast_db:.0f} dB",
    ),
    Kind(
        "narrow", "warning", "Narrow band", "holds nothing in the upper part of the band that its rate allows",
        "hold nothing in the upper part of the band that their rate allows",
        "They were recorded or kept at a lower rate: train at that rate, or leave them out where the codec should learn"
        " the whole band.", "",
        _sound(lambda clip: _over(0.6, 2 * clip.bandwidth_hz / clip.rate_hz) if clip.length_s >= 1 else 0.0),
        lambda clip: f"up to {clip.bandwidth_hz / 1000:.1f} of {clip.rate_hz / 2000:g} kHz",
    ),
    Kind(
        "short", "note", "Very short", "is shorter than half a second", "are shorter than half a second",
        "Leave them out, or keep them: in an example a short clip lies between zeros.", "leave_out",
        lambda clip: _over(0.5, clip.length_s), lambda clip: f"{clip.length_s:.2f} s",
    ),
    Kind(
        "long", "note", "Long recordings", "is longer than two minutes", "are longer than two minutes",
        "Nothing has to be done: training cuts them into pieces of a minute.", "",
        lambda clip: _over(clip.length_s, 120.0), lambda clip: f"{clip.length_s / 60:.1f} min",
    ),
    Kind(
        "cancels", "problem", "Channels cancel", "has channels that cancel each other when they are mixed to mono",
        "have channels that cancel each other when they are mixed to mono",
        "Use one of the channels; one of them is upside down.", "mono",
        lambda clip: float(clip.channel_kind == "cancels"), lambda clip: f"{clip.channels} channels",
    ),
    Kind(
        "one_silent", "warning", "A silent channel", "has a channel without sound, so that mono is half as loud",
        "have a channel without sound, so that mono is half as loud",
        "Use the channel that has sound.", "mono",
        lambda clip: float(clip.channel_kind == "one_silent"), lambda clip: f"{clip.channels} channels",
    ),
    Kind(
        "same_channels", "note", "Mono as stereo", "has the same in all of its channels",
        "have the same in all of their channels",
        "Nothing has to be done; as mono they take half the space.", "mono",
        lambda clip: float(clip.channel_kind == "same"), lambda clip: f"{clip.channels} channels",
    ),
    Kind(
        "stereo", "note", "Stereo", "has channels that differ", "have channels that differ",
        "Training mixes them to mono; a room or music may be on them.", "mono",
        lambda clip: float(clip.channel_kind == "stereo"), lambda clip: f"{clip.channels} channels",
    ),
)  # fmt: skip


def clip_findings(names: Sequence[tuple[str, str]], measures: Sequence[ClipMeasures]) -> list[Finding]:
    """Findings on single clips; `names` are (name, path) of each."""
    found = []
    for kind in KINDS:
        badness = np.array([kind.test(one) for one in measures])
        order = [int(index) for index in np.argsort(-badness, kind="stable") if badness[index] > 0]
        if order:
            clips = [FoundClip(*names[index], kind.told(measures[index])) for index in order]
            found.append(made(kind.key, kind.severity, kind.title, kind.fix, kind.repair, clips, len(order),
                              len(measures), kind.one, kind.many))  # fmt: skip
    return found


def made(
    key: str, severity: str, title: str, fix: str, repair: str, clips: Sequence[FoundClip], count: int, whole: int,
    one: str, many: str,
) -> Finding:  # fmt: skip
    """A finding whose sentence says how many clips it is about."""
    share = f" ({_percent(count, whole)})" if count < whole else ""
    words = f"1 clip{share} {one}." if count == 1 else f"{count:,} clips{share} {many}."
    if count == whole and count > 1:
        words = f"All {count:,} clips {many}."
    return Finding(key, severity, title, words, fix, repair, tuple(clips), count)


def _percent(count: int, whole: int) -> str:
    share = 100 * count / max(1, whole)
    return f"{share:.0f} %" if share >= 10 else f"{share:.1f} %" if share >= 0.1 else "less than 0.1 %"


def _db(value: float) -> float:
    return float(20 * np.log10(max(value, 1e-9)))
