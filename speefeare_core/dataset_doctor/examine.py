"""Looks at every clip of a set and writes the report."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np

from speefeare_core.dataset_doctor.clips import Found, LookedAt, find_clips
from speefeare_core.dataset_doctor.findings import clip_findings
from speefeare_core.dataset_doctor.measures import ClipMeasures, is_silent, measure
from speefeare_core.dataset_doctor.report import SEVERITIES, DatasetReport, Histogram
from speefeare_core.dataset_doctor.set_findings import broken_finding, duplicate_findings, whole_findings
from speefeare_core.errors import SpeefeareError

SPEAKERS = 50  # that a report names
SURE_S = 2.0  # before that, nobody knows how long it takes

Progress = Callable[[float, str], None]


def examine(
    place: Path,
    *,
    layout: str = "auto",
    rate_hz: int | None = None,
    at_most: int | None = None,
    jobs: int = 2,
    progress: Progress | None = None,
) -> DatasetReport:
    """The report on a folder, manifest, corpus, shards or packed sets. `at_most`: measure only so many clips, the same
    ones each time. `rate_hz`: of the codec to be trained. `progress` may raise to cancel.

    Raises `SpeefeareError` where there is nothing to look at.
    """
    began = time.time()
    found = find_clips(place, progress, layout)
    problems = dict(found.problems)
    chosen = _some(found.clips, at_most)
    kept: list[LookedAt] = []
    measures: list[ClipMeasures] = []
    looking = time.time()
    for number, (clip, answer) in enumerate(_measured(chosen, jobs)):
        if isinstance(answer, str):
            problems[clip.name] = answer
        else:
            kept.append(clip)
            measures.append(answer)
        if progress is not None:
            progress((number + 1) / len(chosen), _words(number + 1, len(chosen), time.time() - looking))
    return _report(found, kept, measures, problems, len(chosen) == len(found.clips), rate_hz, began)


def _words(done: int, whole: int, seconds: float) -> str:
    """How far it is, and, once that can be told, how long it still takes."""
    words = f"{done:,} of {whole:,} clips"
    if seconds < SURE_S:
        return words
    left = seconds / done * (whole - done)
    return f"{words}, {left:.0f} s left" if left < 90 else f"{words}, {left / 60:.0f} min left"


def _measured(clips: Sequence[LookedAt], jobs: int) -> Iterator[tuple[LookedAt, ClipMeasures | str]]:
    """In order, by `jobs` threads that are never far ahead: a big set is not queued as a whole."""
    with ThreadPoolExecutor(max(1, jobs), thread_name_prefix="doctor") as threads:
        waiting = iter(clips)
        queue: list[tuple[LookedAt, Future[ClipMeasures | str]]] = []
        try:
            while True:
                for clip in islice(waiting, 4 * jobs - len(queue)):
                    queue.append((clip, threads.submit(_answer, clip)))
                if not queue:
                    return
                clip, answer = queue.pop(0)
                yield clip, answer.result()
        finally:
            threads.shutdown(wait=True, cancel_futures=True)


def _answer(clip: LookedAt) -> ClipMeasures | str:
    try:
        return measure(clip.blocks(), clip.facts.rate_hz, clip.facts.channels)
    except SpeefeareError as error:
        return str(error)


def _some(clips: tuple[LookedAt, ...], at_most: int | None) -> Sequence[LookedAt]:
    if at_most is None or len(clips) <= at_most:
        return clips
    order = sorted(range(len(clips)), key=lambda index: hashlib.blake2b(clips[index].name.encode()).digest())
    return [clips[index] for index in sorted(order[:at_most])]


def _report(
    found: Found,
    kept: Sequence[LookedAt],
    measures: Sequence[ClipMeasures],
    problems: dict[str, str],
    whole: bool,
    rate_hz: int | None,
    began: float,
) -> DatasetReport:
    if not measures and not problems:
        raise SpeefeareError(f"{found.place} holds no clips to look at.")
    seconds = [_length_s(clip) for clip in found.clips]
    hours = sum(seconds) / 3600
    rates = _hours([str(clip.facts.rate_hz) for clip in found.clips], seconds)
    encodings = _hours([clip.facts.encoding for clip in found.clips], seconds)
    speakers = _hours([clip.speaker for clip in found.clips if clip.speaker],
                      [second for clip, second in zip(found.clips, seconds, strict=True) if clip.speaker])  # fmt: skip
    names = [(clip.name, clip.path) for clip in kept]
    paths = found.paths | {clip.name: clip.path for clip in found.clips}
    broken = broken_finding(problems, paths, len(kept) + len(problems))
    findings = [
        *([broken] if broken is not None else []),
        *clip_findings(names, measures),
        *duplicate_findings(names, measures),
        *whole_findings(hours, rates, encodings, speakers, measures, rate_hz),
    ]
    return DatasetReport(
        found.place, found.layout, len(found.clips), len(measures), len(problems), whole, hours, rates,
        _hours([str(clip.facts.channels) for clip in found.clips], seconds), encodings,
        dict(list(speakers.items())[:SPEAKERS]), len(speakers), _histograms(measures),
        tuple(sorted(findings, key=lambda one: SEVERITIES.index(one.severity))),
        round(time.time() - began, 2), began,
    )  # fmt: skip


def _length_s(clip: LookedAt) -> float:
    whole = clip.facts.samples / clip.facts.rate_hz
    if clip.clip is None:
        return whole
    rest = max(0.0, whole - clip.clip.begin_s)
    return rest if clip.clip.length_s is None else min(rest, clip.clip.length_s)


def _hours(keys: Sequence[str], seconds: Sequence[float]) -> dict[str, float]:
    """Hours by key, the most first."""
    found: dict[str, float] = {}
    for key, second in zip(keys, seconds, strict=True):
        found[key] = found.get(key, 0.0) + second / 3600
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _histograms(measures: Sequence[ClipMeasures]) -> dict[str, Histogram]:
    heard = [clip for clip in measures if not is_silent(clip)]
    lengths = [clip.length_s for clip in measures]
    widest = max(2.0, float(np.quantile(lengths, 0.995))) if lengths else 2.0
    values: Mapping[str, tuple[str, str, list[float], np.ndarray]] = {
        "length": ("Length of the clips", "s", lengths, np.linspace(0, np.ceil(widest), 41)),
        "loudness": ("Loudness", "LUFS", [clip.loudness_lufs for clip in heard], np.arange(-60.0, 1.0, 1.5)),
        "peak": ("Peak", "dBFS", [_db(clip.peak) for clip in heard], np.arange(-40.0, 2.1, 1.0)),
        "contrast": ("Loud over quiet", "dB", [clip.contrast_db for clip in heard], np.arange(0.0, 90.1, 2.5)),
        "silence": ("Silence in a clip", "%", [100 * clip.silent_share for clip in heard], np.arange(0.0, 101, 2.5)),
        "bandwidth": ("Bandwidth", "kHz", [clip.bandwidth_hz / 1000 for clip in heard], np.arange(0.0, 24.1, 0.5)),
    }  # fmt: skip
    return {
        key: Histogram(title, unit, tuple(map(float, edges)), _counts(numbers, edges), float(np.median(numbers)))
        for key, (title, unit, numbers, edges) in values.items()
        if numbers
    }


def _counts(values: Sequence[float], edges: np.ndarray) -> tuple[int, ...]:
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return tuple(int(count) for count in counts)


def _db(value: float) -> float:
    return float(20 * np.log10(max(value, 1e-9)))
