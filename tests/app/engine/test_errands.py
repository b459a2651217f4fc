"""Errands: commands in processes of their own, answered by one JSON object."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from pytestqt.qtbot import QtBot

from workbench.engine.errands import Errands

LIMIT_MS = 30_000
# Stands in for `speefeare`: says what its first word asks for.
PROGRAM = """
import json, sys, time
verb, *rest = sys.argv[1:]
if verb == "say":
    print("a note", file=sys.stderr)
    print(json.dumps({"said": rest}))
elif verb == "progress":
    print(json.dumps({"progress": {"fraction": 0.5, "words": "half"}}), file=sys.stderr, flush=True)
    sys.stdin.read(), time.sleep(float(rest[0]))
    print(json.dumps({"done": True}))
elif verb == "fail":
    print("speefeare: There is no such thing.", file=sys.stderr)
    sys.exit(2)
elif verb == "die":
    import os, signal
    os.kill(os.getpid(), signal.SIGKILL)
else:
    time.sleep(60)
"""


@pytest.fixture
def errands(qtbot: QtBot) -> Iterator[Errands]:
    made = Errands((sys.executable, "-c", PROGRAM))
    yield made
    made.stop()
    assert [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE] == []


def answer_of(qtbot: QtBot, errands: Errands, *words: str) -> dict[str, Any]:
    answers: list[dict[str, Any]] = []
    errands.run("key", words, answers.append)
    assert errands.running("key")
    qtbot.waitUntil(lambda: bool(answers), timeout=LIMIT_MS)
    assert not errands.running("key")
    return answers[0]


def test_the_answer_is_what_the_command_says(errands: Errands, qtbot: QtBot) -> None:
    assert answer_of(qtbot, errands, "say", "a b", "ü") == {"said": ["a b", "ü"]}


def test_a_failure_is_its_last_sentence(errands: Errands, qtbot: QtBot) -> None:
    assert answer_of(qtbot, errands, "fail") == {"error": "There is no such thing."}
    assert "unexpectedly" in answer_of(qtbot, errands, "die")["error"]


def test_progress_is_kept_while_it_runs(errands: Errands, qtbot: QtBot) -> None:
    answers: list[dict[str, Any]] = []
    errands.run("key", ("progress", "0.5"), answers.append)
    qtbot.waitUntil(lambda: errands.progress.get("key") == {"fraction": 0.5, "words": "half"}, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: answers == [{"done": True}], timeout=LIMIT_MS)
    assert errands.progress == {}


def test_of_a_cancelled_errand_nothing_is_heard(errands: Errands, qtbot: QtBot) -> None:
    answers: list[dict[str, Any]] = []
    errands.run("key", ("sleep",), answers.append)
    errands.cancel("key")
    assert not errands.running("key")
    assert answer_of(qtbot, errands, "say") == {"said": []}
    assert answers == []


def test_the_newest_of_a_key_takes_the_place_of_the_one_before(errands: Errands, qtbot: QtBot) -> None:
    answers: list[dict[str, Any]] = []
    errands.run("key", ("sleep",), answers.append)
    errands.run("other", ("say", "1"), answers.append)
    errands.run("key", ("say", "2"), answers.append)
    qtbot.waitUntil(lambda: len(answers) == 2, timeout=LIMIT_MS)
    assert sorted(map(str, answers)) == ["{'said': ['1']}", "{'said': ['2']}"]


def test_a_program_that_is_not_there_is_told(qtbot: QtBot) -> None:
    errands = Errands(("/no/such/program",))
    assert "could not be started" in answer_of(qtbot, errands, "say")["error"]
    errands.stop()
