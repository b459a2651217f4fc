"""`speefeare study`: train a few small codecs that differ in one thing, and see whether what is said of it holds."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speefeare_core.cli.console import Console, Result
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.studies import STUDIES

if TYPE_CHECKING:
    from speefeare_core.training.run_study import StudyResult


def add(parser: argparse.ArgumentParser) -> None:
    """`KEY` and what it needs; no key lists the studies."""
    parser.add_argument("key", metavar="KEY", nargs="?", default="", help="which study; none: list them")
    parser.add_argument("--data", metavar="PATH", action="append", default=[], help="speech, as for `speefeare train`")
    parser.add_argument("--into", metavar="FOLDER", type=Path, help="where its runs and study.json go")
    parser.add_argument("--minutes", metavar="N", type=float, help="training of each variant (what the study says)")
    parser.add_argument("--steps", metavar="N", type=int, help="steps of each variant, instead of minutes")
    parser.add_argument("--device", metavar="NAME", default="auto", help="auto, cpu, cuda, cuda:1 or mps (auto)")


def run(args: argparse.Namespace, console: Console) -> Result:
    """List the studies, or run one; a study that was stopped goes on where it was."""
    if not args.key:
        return _list()
    if args.key not in STUDIES:
        raise SpeefeareError(f"There is no study named {args.key}; choose one of {', '.join(STUDIES)}.")
    if not args.data or args.into is None:
        raise SpeefeareError("A study trains codecs: give --data with speech and --into with a folder for the runs.")
    changes: dict[str, Any] = {}
    if args.minutes is not None:
        changes["budget.minutes"] = args.minutes
    if args.steps is not None:
        changes |= {"budget.steps": args.steps, "budget.minutes": 0.0}
    from speefeare_core.training.run_study import run_study

    data = [str(Path(source).expanduser().absolute()) for source in args.data]
    result = run_study(STUDIES[args.key], data, args.into, changes, args.device, console.progress)
    return Result(result.to_dict(), _words(result))


def _list() -> Result:
    rows = [
        {
            "key": study.key, "title": study.title, "minutes": study.minutes * len(study.variants),
            "variants": [variant.label for variant in study.variants],
            "claims": [claim.words for claim in study.claims],
        }
        for study in STUDIES.values()
    ]  # fmt: skip
    lines = [
        line
        for study in STUDIES.values()
        for line in (
            f"{study.key}: {study.title} ({len(study.variants)} × {study.minutes:g} min)",
            *(f"    claim: {claim.words}" for claim in study.claims),
        )
    ]
    return Result({"studies": rows}, "\n".join(lines))


def _words(result: StudyResult) -> str:
    lines = [result.study.title]
    for label, outcome in result.outcomes.items():
        usage = "" if outcome.usage is None else f"{outcome.usage:.0%} of the entries used in {outcome.frames} frames, "
        depths = ", ".join(
            f"{value:.2f} dB" + (f" at depth {depth}" if depth else "") for depth, value in outcome.mel_distance.items()
        )
        phones = "" if outcome.pnmi is None else f", PNMI of the first book {outcome.pnmi:.3f} above its floor"
        lines.append(f"  {label}: {usage}mel distance {depths}{phones} ({outcome.steps} steps)")
    lines += [f"{'Hit' if held else 'Missed'}: {words}" for words, held in result.verdicts]
    return "\n".join(lines)
