"""`speefeare recipes` and `speefeare study`: lists, one recipe, a family's columns, and what is not there."""

from __future__ import annotations

import json

import pytest

from speefeare_core.cli import main


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert main([*words, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert isinstance(data, dict)
    return data


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    data = told(capsys, "recipes")
    assert {"name": "dac-16k-small", "family": "dac", "column": "small"}.items() <= next(
        row for row in data["recipes"] if row["name"] == "dac-16k-small"  # type: ignore[attr-defined]
    ).items()  # fmt: skip
    assert main(["recipes"]) == 0
    assert "speefeare recipes FAMILY" in capsys.readouterr().out


def test_a_family_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    data = told(capsys, "recipes", "soundstream")
    assert data["columns"] == {"paper": "soundstream-24k-paper", "small": "soundstream-16k-small"}
    assert "no official code" in data["missing"]["official"]  # type: ignore[index]
    rows = {row["entry"]: row for row in data["differences"]}  # type: ignore[attr-defined]
    assert rows["network.channels"]["values"] == {"paper": 32, "small": 8}
    assert rows["network.channels"]["reason"]
    assert main(["recipes", "soundstream"]) == 0
    words = capsys.readouterr().out
    assert "network.channels: paper 32   small 8" in words
    assert "There is no official code" in words


def test_one_recipe_whole(capsys: pytest.CaptureFixture[str]) -> None:
    data = told(capsys, "recipes", "encodec-24k-official")
    assert data["recipe"]["ema"] == 0.99  # type: ignore[index]
    assert main(["recipes", "encodec-24k-official"]) == 0
    assert "ema: 0.99   # optim.ema" in capsys.readouterr().out


def test_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipes", "mp3"]) == 2
    assert "no family or recipe named mp3" in capsys.readouterr().err
    assert main(["study", "everything"]) == 2
    assert "choose one of depths, dead-entries" in capsys.readouterr().err
    assert main(["study", "depths"]) == 2
    assert "--data" in capsys.readouterr().err


def test_the_list_of_studies(capsys: pytest.CaptureFixture[str]) -> None:
    data = told(capsys, "study")
    row = data["studies"][0]  # type: ignore[index]
    assert row["key"] == "depths" and row["claims"] and row["minutes"] == 15.0
