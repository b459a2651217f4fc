"""`speefeare data`: look at speech for training, repair it into a copy, list it, pack it, time its loading."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.ending import terminate_like_ctrl_c
from speefeare_core.dataset_doctor.report import DatasetReport, hours_words, keep_report, last_report
from speefeare_core.dataset_doctor.words import to_markdown, to_text
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.recipe_entry import help_of
from speefeare_core.training.recipe_parts import DataRecipe, SpeechSource
from speefeare_core.training.run_log import write_whole

LINES_PER_S = 8.0  # of progress for a program that reads along

Progress = Callable[[float, str], None]


def add(parser: argparse.ArgumentParser) -> None:
    """`check`, `repair`, `manifest`, `pack` and `speed`, each with its own options."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    check = _verb(verbs, "check", "look at every clip: hours, rates, clipping, silence, duplicates, broken files")
    check.add_argument("--rate", metavar="HZ", type=int, help="rate of the codec that is to be trained")
    check.add_argument("--at-most", metavar="N", type=int, help="measure only so many clips, the same ones each time")
    check.add_argument("--jobs", metavar="N", type=int, default=2, help="threads that measure (2)")
    check.add_argument("--output", metavar="FILE", type=Path, help="also write the report to FILE.json or FILE.md")
    repair = _verb(verbs, "repair", "write a repaired copy; the originals are never touched")
    repair.add_argument("target", metavar="FOLDER", type=Path, help="a new folder for the copy")
    repairs = "of leave_out, dc, mono, trim, level (leave_out,dc,mono)"
    repair.add_argument("--repairs", metavar="LIST", default="leave_out,dc,mono", help=repairs)
    repair.add_argument("--rate", metavar="HZ", type=int, help="also bring all of it to one rate")
    manifest = _verb(verbs, "manifest", "write a list of the clips as a manifest")
    manifest.add_argument("target", metavar="FILE", type=Path, help="a .jsonl or .csv file")
    kinds = "leave out clips by kind of finding of the last check: broken, silent, clipped, narrow …; or bad, for all"
    manifest.add_argument("--without", metavar="LIST", default="", help=kinds)
    manifest.add_argument("--match", metavar="GLOB", default="*", help="only names like this")
    manifest.add_argument("--except", dest="exclude", metavar="GLOB", default="", help="no names like this")
    pack = _verb(verbs, "pack", "decode and resample once: a packed set is the fastest to train on")
    pack.add_argument("target", metavar="FOLDER", type=Path, help="folder of the packed set")
    pack.add_argument("--rate", metavar="HZ", type=int, default=16000, help="(16000)")
    pack.add_argument("--match", metavar="GLOB", default="*", help="only names like this")
    pack.add_argument("--except", dest="exclude", metavar="GLOB", default="", help="no names like this")
    pack.add_argument("--skip-last", metavar="N", type=int, default=0, help="leave out the last N by file name")
    speed = _verb(verbs, "speed", "how many seconds of audio a second the loader gives")
    speed.add_argument("--rate", metavar="HZ", type=int, default=16000, help="(16000)")
    speed.add_argument("--batch", metavar="N", type=int, default=16, help="examples in a batch (16)")
    speed.add_argument("--segment-s", metavar="S", type=float, default=1.5, help="length of an example (1.5)")
    speed.add_argument("--workers", metavar="N", type=int, default=1, help="threads (1)")
    speed.add_argument("--seconds", metavar="S", type=float, default=3.0, help="how long to measure (3)")


def run(args: argparse.Namespace, console: Console) -> Result:
    """Do what the verb says."""
    shown = _Shown(console, args.progress_lines)
    place = args.place.expanduser()
    if not place.exists() and not set("{*") & set(place.name):
        raise SpeefeareError(f"There is nothing at {place}; give a folder, manifest, corpus, shards or packed set.")
    with terminate_like_ctrl_c():
        return {"check": _check, "repair": _repair, "manifest": _manifest, "pack": _pack, "speed": _speed}[args.verb](
            args, place, shown
        )


def _check(args: argparse.Namespace, place: Path, progress: Progress) -> Result:
    from speefeare_core.cli.options import check_target
    from speefeare_core.dataset_doctor.examine import examine

    for name in ("rate", "at_most", "jobs"):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            raise SpeefeareError(f"--{name.replace('_', '-')} should be 1 or more, not {getattr(args, name)}.")
    if args.output is not None:
        check_target(args.output, (".json", ".md"))
    report = examine(
        place, layout=args.layout, rate_hz=args.rate, at_most=args.at_most, jobs=args.jobs, progress=progress
    )
    keep_report(report)
    if args.output is not None:
        whole = json.dumps(report.to_dict(), indent=1) if args.output.suffix == ".json" else to_markdown(report)
        write_whole(args.output, (whole + "\n").encode())
    return Result(report.to_dict(), to_text(report))


def _repair(args: argparse.Namespace, place: Path, progress: Progress) -> Result:
    from speefeare_core.dataset_doctor.repair import left_out_by, repair

    repairs = _listed(args.repairs)
    report = last_report(place) if "leave_out" in repairs else None
    done = repair(
        place, args.target.expanduser(), repairs, left_out=left_out_by(report) if report else None,
        rate_hz=args.rate, layout=args.layout, progress=progress,
    )  # fmt: skip
    data = {"manifest": str(done.manifest), "clips": done.clips, "hours": done.hours, "left_out": done.left_out}
    words = f"Wrote {_clips(done.clips)} ({hours_words(done.hours)}); {done.manifest} lists them."
    return Result(data, words + (f" Left out: {len(done.left_out):,}." if done.left_out else ""))


def _manifest(args: argparse.Namespace, place: Path, progress: Progress) -> Result:
    from speefeare_core.dataset_doctor.listing import list_clips
    from speefeare_core.dataset_doctor.repair import left_out_by

    kinds = _listed(args.without)
    gone = left_out_by(_report_of(place), None if "bad" in kinds else kinds) if kinds else {}
    written, left_out = list_clips(
        place, args.target.expanduser(), layout=args.layout, match=args.match, exclude=args.exclude, left_out=gone,
        progress=progress,
    )  # fmt: skip
    words = f"{args.target} lists {_clips(written)}" + (f"; {left_out:,} are left out." if left_out else ".")
    return Result({"manifest": str(args.target), "clips": written, "left_out": left_out}, words)


def _pack(args: argparse.Namespace, place: Path, progress: Progress) -> Result:
    from speefeare_core.training.speech.packing import pack_source

    source = SpeechSource(
        path=str(place.absolute()), layout=args.layout, match=args.match, exclude=args.exclude, skip_last=args.skip_last
    )
    if args.rate < 1:
        raise SpeefeareError(f"--rate should be 1 or more, not {args.rate}.")
    packed, left_out = pack_source(source, args.target.expanduser(), args.rate, progress)
    length_s = float(packed.lengths.sum()) / packed.rate_hz
    data = {"clips": len(packed.names), "length_s": round(length_s, 1), "left_out": left_out}
    words = f"{args.target} holds {_clips(len(packed.names))}, {hours_words(length_s / 3600)} at {packed.rate_hz} Hz."
    return Result(data, words + (f" Left out: {len(left_out):,}." if left_out else ""))


def _speed(args: argparse.Namespace, place: Path, progress: Progress) -> Result:
    from speefeare_core.training.speech.speed import measure_loader

    for name in ("rate", "batch", "segment_s", "seconds"):
        if getattr(args, name) <= 0:
            raise SpeefeareError(f"--{name.replace('_', '-')} should be more than 0, not {getattr(args, name)}.")
    samples = max(1, round(args.segment_s * args.rate))
    data = DataRecipe(segment_frames=1, batch=args.batch, workers=max(0, args.workers))
    found = measure_loader(place, data, args.rate, samples, args.seconds, progress)
    threads = "1 thread" if found.workers == 1 else f"{found.workers} threads"
    words = f"{found.audio_s_per_s:,.0f} s of audio a second with {threads};"
    words += f" {_clips(found.clips)} ({hours_words(found.speech_s / 3600)}) opened in {found.open_s:.2f} s."
    return Result(asdict(found), words)


def _verb(verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str, help: str) -> argparse.ArgumentParser:
    row = verbs.add_parser(name, help=help, description=f"{help.capitalize()}.")
    row.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object")
    row.add_argument("--progress-lines", action="store_true", help="progress as JSON lines on stderr")
    row.add_argument(
        "--layout", choices=help_of(SpeechSource, "layout").choices, default="auto", help="how it is laid out (auto)"
    )
    row.add_argument("place", metavar="PATH", type=Path, help="folder, file, manifest, corpus, shards or packed set")
    return row


def _clips(count: int) -> str:
    return "1 clip" if count == 1 else f"{count:,} clips"


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _report_of(place: Path) -> DatasetReport:
    report = last_report(place)
    if report is None:
        raise SpeefeareError(f"{place} was not looked at yet; run `speefeare data check {place}` first.")
    if not report.whole:
        raise SpeefeareError(
            f"Only {report.examined:,} of the {report.clips:,} clips of {place} were looked at; run"
            f" `speefeare data check {place}` without --at-most first."
        )
    return report


class _Shown:
    """Progress for a person at a terminal, or as lines for a program."""

    def __init__(self, console: Console, lines: bool) -> None:
        self._console, self._lines, self._next = console, lines, 0.0

    def __call__(self, fraction: float, words: str) -> None:
        if not self._lines:
            self._console.progress(fraction, words)
            return
        now = time.monotonic()
        if now >= self._next:
            self._next = now + 1.0 / LINES_PER_S
            self._console.note(json.dumps({"progress": {"fraction": round(fraction, 4), "words": words}}))
