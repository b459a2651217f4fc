"""`speefeare codecs` lists what is shipped, and the shipped names work wherever a codec is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from speefeare_core import resources
from speefeare_core.cli import main


@pytest.fixture
def shipped(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "resources" / "codecs" / "tiny-16k"
    folder.mkdir(parents=True)
    tiny.rename(folder / "model.safetensors")
    (folder / "card.md").write_text("# tiny\n")
    (folder.parent / "index.json").write_text(json.dumps({"default": "tiny-16k"}))
    monkeypatch.setattr(resources, "resource_dir", lambda: tmp_path / "resources")
    return folder


def test_the_shipped_codecs_are_listed(shipped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["codecs", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["codecs"]
    assert (row["name"], row["family"], row["licence"], row["default"]) == ("tiny-16k", "tiny", "MIT", True)
    assert row["card"] == str(shipped / "card.md")
    assert main(["codecs"]) == 0
    assert capsys.readouterr().out.startswith("tiny-16k (default): tiny, ")


def test_a_shipped_name_and_the_default_load(shipped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["--codec", "tiny-16k"]):
        assert main(["info", *words, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["family"] == "tiny"


def test_an_unknown_name_says_what_is_there(shipped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--codec", "nonsense"]) == 2
    assert "no codec named nonsense; shipped are tiny-16k" in capsys.readouterr().err
