"""`speefeare bench stream`: its table holds what it measured."""

import json
from typing import Any

import pytest
import torch

from speefeare_core.cli import main

SHORT = ("--seconds", "0.2", "--warm-up", "0.1")


@pytest.fixture(autouse=True)
def _threads() -> Any:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def call(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, Any]:
    code = main(["bench", "stream", *argv, "--json"])
    shown = capsys.readouterr()
    assert code == 0, shown.err
    found: dict[str, Any] = json.loads(shown.out)
    return found


def test_the_default_codec_in_every_mode(capsys: pytest.CaptureFixture[str]) -> None:
    found = call(capsys, "--frames", "1,3", "--mode", "all", *SHORT)
    assert [(row["frames"], row["report"]["mode"]) for row in found["rows"]] == [
        (frames, mode) for frames in (1, 3) for mode in ("float32", "bfloat16", "int8_decoder")
    ]
    for row in found["rows"]:
        assert row["report"]["compiled"] and row["ratio"] > 0 and row["cpu_ratio"] > 0
        plan = row["plan"]
        assert 0 < plan["median_ms"] <= plan["p99_ms"] <= plan["worst_ms"]
        assert plan["steps"] == round(0.2 * 50 / row["frames"]) and plan["first_book_codes"] > 2
        assert plan["same_codes"] == 1.0 or row["report"]["mode"] == "bfloat16"
        assert plan["audio_error"] <= 1e-6 or row["report"]["mode"] != "float32"
    assert found["machine"]["threads"] == 1 and found["machine"]["processor"]
    assert found["missing"] == []


def test_a_codec_without_a_plan_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    found = call(capsys, "identity:8000", "--mode", "all", "--frames", "2", *SHORT)
    assert [row["report"]["compiled"] for row in found["rows"]] == [False]
    assert found["rows"][0]["plan"]["same_codes"] is None
    assert "no plan of its own" in found["rows"][0]["report"]["note"]
    assert len(found["missing"]) == 2 and "no bfloat16 mode" in found["missing"][0]


def test_the_table_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "stream", "linear-16k", "mulaw", "--frames", "1", *SHORT]) == 0
    shown = capsys.readouterr().out
    assert "| linear-16k | 1 × 20.0 ms | float32 |" in shown and "(plain)" in shown


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--frames", "0"], "'0' is no whole number"),
        (["--frames", "1,x"], "'x' is no whole number"),
        (["--seconds", "nan"], "'nan' is no number of seconds"),
        (["identity:8000", "--mode", "int8_decoder"], "has no int8_decoder mode"),
        (["nothing-of-the-kind"], "There is no codec named nothing-of-the-kind"),
    ],
)
def test_what_cannot_be_is_one_sentence(argv: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "stream", *argv, *SHORT]) == 2
    assert words in capsys.readouterr().err
