"""`speefeare card`: the card of a trained codec, from its run folder and its evaluations."""

from __future__ import annotations

import argparse
from pathlib import Path

from speefeare_core.cli.console import Console, Result
from speefeare_core.cli.options import check_target


def add(parser: argparse.ArgumentParser) -> None:
    """`RUN`, and what was measured."""
    parser.add_argument("run_folder", metavar="RUN", type=Path, help="the run folder")
    parser.add_argument(
        "--evaluation", metavar="FILE", type=Path, help="what `speefeare evaluate --output FILE.json` said of it"
    )
    parser.add_argument(
        "--beside", metavar="FILE", type=Path, action="append", default=[], help="the same of others, in the same table"
    )
    parser.add_argument(
        "--codec", metavar="FILE", type=Path, help="the file that the card is of, exported from the run (its newest)"
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="also write the card to FILE.md")


def run(args: argparse.Namespace, console: Console) -> Result:
    """Everything on it is read from those files."""
    from speefeare_core.evaluation.card import make_card

    if args.output is not None:
        check_target(args.output, (".md",))
    card = make_card(args.run_folder, args.evaluation, args.beside, args.codec)
    if args.output is not None:
        part = args.output.with_name(f".{args.output.name}.part")
        part.write_text(card.text, encoding="utf-8")
        part.replace(args.output)
    return Result(card.facts, card.text)
