"""The lessons: every link leads somewhere, every term has its lesson."""

from __future__ import annotations

import json
import re

import pytest

from speefeare_core import lessons
from speefeare_core.cli import main
from speefeare_core.errors import SpeefeareError

LINK = re.compile(r"\]\((\w+):([^)]+)\)")


def test_each_text_is_read_with_its_title() -> None:
    rows = lessons.lessons()
    assert len(rows) >= 8
    assert all(row.text.startswith(f"# {row.title}\n") for row in rows.values())


def test_links_between_lessons_lead_somewhere_and_reach_all() -> None:
    reached = {"tokens"}
    for row in lessons.lessons().values():
        links = {key for kind, key in LINK.findall(row.text) if kind == "lesson"}
        assert links <= set(lessons.lessons()), row.key
        reached |= links
    assert reached == set(lessons.lessons())


def test_each_term_is_a_sentence_and_its_lesson_speaks_of_it() -> None:
    silent = []
    for term in lessons.terms().values():
        assert term.says.endswith("."), term.key
        assert len(term.says) < 200, term.key
        text = lessons.lesson(term.key).text.lower()
        word = term.name.lower().removesuffix(" scale").split()[0].rstrip("s")
        silent += [] if word in text else [f"{term.lesson}: {term.name}"]
    assert silent == [], "lessons that do not speak of their terms"


def test_one_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(SpeefeareError, match="choose one of tokens, depth"):
        lessons.lesson("chess")


def test_the_command_prints_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lesson", "perplexity", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["key"] == "statistics" and told["term"]["name"] == "Perplexity"
    assert main(["lesson"]) == 0
    assert "Latent space" in capsys.readouterr().out
    assert main(["lesson", "chess"]) == 2
