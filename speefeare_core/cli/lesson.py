"""`speefeare lesson`: what the words of the field mean."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from speefeare_core import lessons
from speefeare_core.cli.console import Console, Result


def add(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="a lesson or a term; without it: the list of both")


def run(args: argparse.Namespace, console: Console) -> Result:
    """The list, or one text."""
    if args.name:
        found, term = lessons.lesson(args.name), lessons.terms().get(args.name)
        data = asdict(found) | {"term": asdict(term) if term else None}
        return Result(data, f"{term.name}: {term.says}\n\n{found.text}" if term else found.text)
    rows, terms = lessons.lessons().values(), lessons.terms()
    listed = {
        "lessons": [{"key": row.key, "title": row.title} for row in rows],
        "terms": list(map(asdict, terms.values())),
    }
    lines = [f"{row.key:<12} {row.title}" for row in rows]
    return Result(listed, "\n".join([*lines, "", f"Terms: {', '.join(terms)}"]))
