"""`speefeare evaluate`: measure codecs on sound files, at every depth."""

from __future__ import annotations

import argparse
from pathlib import Path

from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.options import check_target, depth_list
from speefeare_core.errors import SpeefeareError
from speefeare_core.evaluation.metrics import FIRST_METRICS, METRICS


def add(parser: argparse.ArgumentParser) -> None:
    """`FILE …` or folders of them."""
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="sound files, or folders with sound files")
    parser.add_argument(
        "--codec", metavar="SOURCE", action="append", help="as for encode; may be given several times (default)"
    )
    parser.add_argument("--device", metavar="NAME", default="auto", help="auto, cpu, cuda, cuda:1 or mps (auto)")
    parser.add_argument("--depths", metavar="LIST", type=depth_list, help="such as 1,2,4,8 or 1-8 (all)")
    first = ",".join(FIRST_METRICS)
    parser.add_argument("--metrics", metavar="LIST", default=first, help=f"of {', '.join(METRICS)} ({first})")
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help="processes that share the files (1)")
    parser.add_argument("--output", metavar="FILE", type=Path, help="also write the table to FILE.md or FILE.json")


def run(args: argparse.Namespace, console: Console) -> Result:
    """Evaluate each codec in turn."""
    from speefeare_core.evaluation.by_depth import evaluate
    from speefeare_core.evaluation.report import to_json, to_markdown

    if args.jobs < 1:
        raise SpeefeareError(f"--jobs should be 1 or more, not {args.jobs}.")
    if args.output is not None:
        check_target(args.output, (".md", ".json"))
    files = sound_files(args.files)
    metrics = [part.strip() for part in args.metrics.split(",") if part.strip()]
    done = []
    for source in args.codec or ["default"]:
        done.append(evaluate(source, files, args.depths, metrics, args.jobs, args.device, console.progress))
    text = to_markdown(done)
    if args.output is not None:
        whole = to_json(done) if args.output.suffix == ".json" else text
        part = args.output.with_name(f".{args.output.name}.part")
        part.write_text(whole + "\n", encoding="utf-8")
        part.replace(args.output)
    return Result({"evaluations": [one.to_dict() for one in done]}, text)


def sound_files(paths: list[Path]) -> list[Path]:
    """Files as they are, folders as the sound files in them, sorted by name."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in (".wav", ".flac", ".ogg", ".mp3"))
            if not inside:
                raise SpeefeareError(f"The folder {path} holds no WAV, FLAC, Ogg or MP3 file.")
            found.extend(inside)
        else:
            found.append(path)
    return found
