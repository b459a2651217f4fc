"""`speefeare recipes`: the training recipes, one of them whole, or a family's side by side."""

from __future__ import annotations

import argparse
from typing import Any

from speefeare_core.cli.console import Console, Result
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.columns import Difference, columns, differences, families, missing, reason_of
from speefeare_core.training.recipe import COLUMNS, Recipe, entries, read_recipe, shipped_recipes

WIDEST = 34  # of a value in a table


def add(parser: argparse.ArgumentParser) -> None:
    """`WHAT`, a family or a recipe; nothing lists them all."""
    parser.add_argument(
        "what", metavar="WHAT", nargs="?", default="",
        help="a family (its recipes side by side, with what differs and why) or a recipe (every entry); none: list all",
    )  # fmt: skip


def run(args: argparse.Namespace, console: Console) -> Result:
    """List, show or compare."""
    if not args.what:
        return _list()
    if args.what in families():
        return _compare(args.what)
    if args.what not in shipped_recipes() and not args.what.endswith((".yaml", ".yml")):
        raise SpeefeareError(
            f"There is no family or recipe named {args.what}; families are {', '.join(families())}, and"
            " `speefeare recipes` lists the recipes."
        )
    return _show(read_recipe(args.what))


def _list() -> Result:
    recipes = [read_recipe(name) for name in shipped_recipes()]
    rows = [
        {"name": recipe.name, "family": recipe.family, "column": recipe.column, "title": recipe.title}
        for recipe in recipes
    ]
    width = max(len(recipe.name) for recipe in recipes)
    lines = [f"{row['name']:{width}}  {row['column'] or '-':8}  {row['title'] or row['family']}" for row in rows]
    lines += ["", f"Side by side: speefeare recipes FAMILY, one of {', '.join(families())}."]
    return Result({"recipes": rows, "families": list(families())}, "\n".join(lines))


def _show(recipe: Recipe) -> Result:
    data = recipe.to_dict()
    lines = [f"{recipe.name}: {recipe.title or recipe.family}"]
    for entry, value in entries(recipe).items():
        if entry not in ("name", "title", "reasons", "notes"):
            why = reason_of(recipe, entry)
            lines.append(f"  {entry}: {_words(value)}" + (f"   # {why}" if why else ""))
    lines += [*recipe.notes]
    return Result({"recipe": data}, "\n".join(lines))


def _compare(family: str) -> Result:
    recipes, gone, rows = columns(family), missing(family), differences(family)
    data: dict[str, Any] = {
        "family": family,
        "columns": {column: recipe.name for column, recipe in recipes.items()},
        "missing": gone,
        "differences": [
            {"entry": row.entry, "values": row.values, "reasons": row.reasons, "reason": row.reason} for row in rows
        ],
    }
    lines = [f"{column}: {recipes[column].name}" if column in recipes else gone[column] for column in COLUMNS]
    return Result(data, "\n".join([*lines, "", *(line for row in rows for line in _row(row))]))


def _row(row: Difference) -> list[str]:
    values = "   ".join(f"{column} {_short(value)}" for column, value in row.values.items())
    return [f"{row.entry}: {values}", *(f"    {column}: {words}" for column, words in row.reasons.items())]


def _short(value: Any) -> str:
    words = _words(value)
    return words if len(words) <= WIDEST else f"{words[: WIDEST - 1]}…"


def _words(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "none" if value is None else str(value)
