"""`speefeare phones`: what the books of codecs know of phones, on synthetic speech with exact phone timings."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.options import check_target
from speefeare_core.errors import SpeefeareError

if TYPE_CHECKING:
    from speefeare_core.evaluation.phone_statistics import PhoneReport
    from speefeare_core.synthetic_speech.aligned import AlignedSpeech

NOTE = "Measured on synthetic speech; the floor is the same count with labels moved in time."


def add(parser: argparse.ArgumentParser) -> None:
    """Codecs, and which speech."""
    parser.add_argument(
        "--codec", metavar="SOURCE", action="append", help="as for encode; may be given several times (default)"
    )
    parser.add_argument("--device", metavar="NAME", default="auto", help="auto, cpu, cuda, cuda:1 or mps (auto)")
    parser.add_argument(
        "--synthesise", metavar="SECONDS", type=float, help="speak so much anew (needs espeak-ng or flite)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the sentences and voices that are spoken anew (0)")
    parser.add_argument("--recordings", metavar="N", type=int, help="only the first N recordings")
    parser.add_argument("--no-decode", action="store_true", help="leave out the mel distance, which needs decoding")
    parser.add_argument("--output", metavar="FILE", type=Path, help="also write the result to FILE.json or FILE.md")


def run(args: argparse.Namespace, console: Console) -> Result:
    """Measure each codec on the same speech."""
    from speefeare_core.checkpoints.load import load_codec
    from speefeare_core.evaluation.phone_statistics import measure_phones

    if args.output is not None:
        check_target(args.output, (".json", ".md"))
    speech = _speech(args)
    reports = []
    for source in args.codec or ["default"]:
        codec = load_codec(source, args.device)
        reports.append(measure_phones(codec, speech, decode=not args.no_decode, progress=console.progress))
    text = "\n\n".join([*(_table(report) for report in reports), *_differences(reports), NOTE])
    data = {"reports": [report.to_dict() for report in reports], "note": NOTE}
    if args.output is not None:
        whole = json.dumps(data, indent=1) if args.output.suffix == ".json" else text
        part = args.output.with_name(f".{args.output.name}.part")
        part.write_text(whole + "\n", encoding="utf-8")
        part.replace(args.output)
    return Result(data, text)


def _speech(args: argparse.Namespace) -> list[AlignedSpeech]:
    if args.synthesise is not None:
        from speefeare_core.synthetic_speech.corpus import synthetic_corpus

        if args.synthesise <= 0:
            raise SpeefeareError(f"--synthesise should be a number of seconds above 0, not {args.synthesise:g}.")
        speech = list(synthetic_corpus(args.synthesise, args.seed))
    else:
        from speefeare_core.synthetic_speech.shipped import shipped_speech

        speech = shipped_speech()
    if args.recordings is not None and args.recordings < 1:
        raise SpeefeareError(f"--recordings should be 1 or more, not {args.recordings}.")
    return speech[: args.recordings]


def _table(report: PhoneReport) -> str:
    mel = "" if report.mel_distance is None else f", mel distance {report.mel_distance:.2f} dB at full depth"
    head = f"{report.codec}: {report.seconds:.0f} s, {report.frames} frames, {report.voices} voices{mel}"
    rows = [
        head,
        "",
        "| book | role | entries | used | PNMI | floor | phone purity | cluster purity | voice NMI |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    rows += [
        f"| {book.book} | {book.role} | {book.entries} | {100 * book.used:.0f} % | {book.pnmi:.3f} |"
        f" {book.pnmi_floor:.3f} | {book.phone_purity:.3f} | {book.cluster_purity:.3f} | {book.voice_nmi:.3f} |"
        for book in report.books
    ]
    return "\n".join(rows)


def _differences(reports: list[PhoneReport]) -> list[str]:
    """The first book of each codec against that of the first codec."""
    first, *others = reports
    return [
        f"First book of {other.codec} against that of {first.codec}:"
        f" PNMI {other.books[0].pnmi - first.books[0].pnmi:+.3f},"
        f" phone purity {other.books[0].phone_purity - first.books[0].phone_purity:+.3f}"
        + (
            f", mel distance {other.mel_distance - first.mel_distance:+.2f} dB"
            if other.mel_distance is not None and first.mel_distance is not None
            else ""
        )
        for other in others
    ]
