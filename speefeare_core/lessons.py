"""The lessons and the terms that they explain: short Markdown texts in `resources/lessons`, and their index.

Links of the form `do:KEY` are actions of the workbench, `lesson:KEY` other lessons.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from speefeare_core.errors import SpeefeareError
from speefeare_core.resources import resource

FOLDER = "lessons"


@dataclass(frozen=True)
class Term:
    """A word of the field in one sentence, and the lesson that says more."""

    key: str
    name: str
    says: str
    lesson: str


@dataclass(frozen=True)
class Lesson:
    """One text. `text` is Markdown; its first line is the title."""

    key: str
    title: str
    text: str


@cache
def terms() -> dict[str, Term]:
    """All terms by their key."""
    return {key: Term(key, row["name"], row["says"], row["lesson"]) for key, row in _index()["terms"].items()}


@cache
def lessons() -> dict[str, Lesson]:
    """All lessons by their key, in the order in which they are read."""
    found = {}
    for key in _index()["lessons"]:
        text = Path(resource(FOLDER, f"{key}.md")).read_text(encoding="utf-8")
        found[key] = Lesson(key, text.splitlines()[0].removeprefix("# "), text)
    return found


def lesson(key: str) -> Lesson:
    """One lesson by its key or by the key of a term. Raises `SpeefeareError` naming those there are."""
    term = terms().get(key)
    found = lessons().get(term.lesson if term else key)
    if found is None:
        raise SpeefeareError(f"There is no lesson {key}; choose one of {', '.join(lessons())}.")
    return found


def _index() -> dict[str, dict[str, dict[str, str]]]:
    data: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(
        Path(resource(FOLDER, "index.yaml")).read_text(encoding="utf-8")
    )
    return data
