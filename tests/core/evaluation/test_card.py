"""The card of a real little run: what it says is what its files say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from speefeare_core.audio import Audio, write
from speefeare_core.cli import main
from speefeare_core.errors import SpeefeareError
from speefeare_core.evaluation.card import make_card
from speefeare_core.evaluation.report import read_json
from speefeare_core.training.run_config import RunConfig
from speefeare_core.training.run_log import RunFolder
from tests.core.training.tiny_run import events_of, make_tones, tiny, train


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("card")
    given, data = tiny(reasons={"data.batch": "Small, for a test."}), make_tones(folder)
    RunFolder(folder / "run").create()
    RunConfig.asked_for(given, (str(data),)).write(RunFolder(folder / "run"))
    train(given, folder / "run", data)
    tone = 0.3 * np.sin(2 * np.pi * 170 * np.arange(8000) / 8000)
    write(folder / "clip.wav", Audio(tone[None].astype(np.float32), 8000))
    model = str(folder / "run" / "model.safetensors")
    wanted = ["--metrics", "si_sdr,mel_distance", "--output", str(folder / "table.json")]
    assert main(["evaluate", str(folder / "clip.wav"), "--codec", model, *wanted]) == 0
    return folder / "run"


def test_the_card_says_what_the_run_and_the_evaluation_say(run: Path) -> None:
    table = run.parent / "table.json"
    card = make_card(run, table, [table])
    heard = [event["mel_distance"] for event in events_of(run, "validation")]
    assert card.facts["mel_distance_first"] == heard[0]
    assert card.facts["mel_distance"] == heard[-1]
    assert card.facts["mel_distance_ratio"] == pytest.approx(heard[0] / heard[-1], abs=0.01)
    assert card.facts["steps"] == 6
    assert len(card.facts["usage"]) == 3
    row = read_json(table)[0].rows[-1]
    assert f"{row.metrics['mel_distance'].mean:.2f}" in card.text
    assert card.text.count("| tiny | 3 |") == 2
    for words in ("8 kHz", "3 books of 16 entries", "CC0-1.0", "tones", "`data.batch`: Small", "It ran to its end."):
        assert words in card.text
    assert str(run) not in card.text


def test_the_command_writes_it_and_gives_its_facts(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = run.parent / "card.md"
    assert main(["card", str(run), "--output", str(target), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "tiny"
    assert "Not measured yet" in target.read_text()


def test_the_card_of_a_file_that_was_exported_from_the_run(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    half = run.parent / "half.safetensors"
    assert main(["export", str(run / "model.safetensors"), str(half), "--to", "safetensors", "--half"]) == 0
    capsys.readouterr()
    assert main(["card", str(run), "--codec", str(half), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bytes"] == half.stat().st_size


def test_a_folder_without_a_codec_and_a_file_without_a_table_are_named(run: Path, tmp_path: Path) -> None:
    with pytest.raises(SpeefeareError, match="no training run"):
        make_card(tmp_path)
    (tmp_path / "no.json").write_text("[1]")
    with pytest.raises(SpeefeareError, match=r"no\.json holds no evaluation"):
        make_card(run, tmp_path / "no.json")
