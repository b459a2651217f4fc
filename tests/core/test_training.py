"""Recipes, run folders, packed speech, and the loop: tiny networks, a handful of steps."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from speefeare_core import Audio, SpeefeareError, load_codec
from speefeare_core.audio import write
from speefeare_core.training.__main__ import main
from speefeare_core.training.recipe import Recipe, read_recipe, shipped_recipes
from speefeare_core.training.recipe_parts import BudgetRecipe, DataRecipe, SpeechSource
from speefeare_core.training.run_log import EventLog, RunFolder, read_events
from speefeare_core.training.speech.packing import pack_source
from speefeare_core.training.trainer import Trainer

RATE = 8000
NETWORK = {"rate_hz": RATE, "hop_samples": 32, "dim": 8, "books": 3, "book_size": 16, "width": 12, "hidden": 16}
SOUNDSTREAM = {"rate_hz": RATE, "strides": [2, 4, 4], "channels": 2, "decoder_channels": 2, "latent_dim": 8}


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    random = np.random.default_rng(0)
    for number in range(6):
        time = np.arange(6000 + 700 * number) / 16000
        tone = 0.3 * np.sin(2 * np.pi * (150 + 30 * number) * time) + 0.02 * random.standard_normal(time.shape[0])
        write(folder / f"clip-{number}.wav", Audio(tone[None].astype(np.float32), 16000))
    pack_source(SpeechSource(path=str(folder)), folder / "tones", RATE)
    return folder


def recipe(**changes: Any) -> Recipe:
    base = Recipe(
        name="tiny",
        family="transform",
        data=DataRecipe((SpeechSource("tones"),), segment_frames=20, batch=3),
        budget=BudgetRecipe(steps=6),
        network=NETWORK,
        losses=Recipe.from_dict(
            {
                "name": "x",
                "family": "x",
                "losses": [{"key": "companded_stft", "options": {"windows": [64, 128], "one_at_a_time": True}}],
            }
        ).losses,
        log_every=2,
        checkpoint_every=3,
        licence="CC0-1.0",
    )
    if "steps" in changes:
        changes["budget"] = BudgetRecipe(steps=changes.pop("steps"))
    return dataclasses.replace(base, **changes)


def adversarial(start_step: int = 0) -> Any:
    raw = recipe().to_dict()
    raw["adversarial"] = {
        "discriminators": [{"key": "complex_stft", "options": {"window": 128, "hop": 32, "channels": 2}}],
        "feature": {"key": "feature_matching", "weight": 2.0},
        "start_step": start_step,
    }
    return Recipe.from_dict(raw).adversarial


def train(given: Recipe, folder: Path, data: Path) -> Trainer:
    trainer = Trainer(given, RunFolder(folder), data, "cpu")
    trainer.train()
    return trainer


def test_reading_recipes_and_logs_does_not_import_torch() -> None:
    code = (
        "import sys, speefeare_core.training.recipe, speefeare_core.training.run_log;assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", shipped_recipes())
def test_a_shipped_recipe_can_be_read_and_written(name: str) -> None:
    read = read_recipe(name)
    assert Recipe.from_dict(yaml.safe_load(yaml.safe_dump(read.to_dict()))) == read
    assert read.name


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"stepz": 3}, "stepz"),
        ({"data": {"sources": [{"name": "a", "wait": 1}]}}, "wait"),
        ({"optimiser": {"rat": 1}}, "rat"),
        ({"losses": [{"weight": 1}]}, "key"),
        ({"budget": {"steps": 0}}, "budget.steps should be at least 1"),
        ({"data": {"batch": 2.5}}, "data.batch should be a whole number"),
        ({"precision": "float8"}, "bfloat16"),
        ({"data": {"speed": [1.0]}}, "2 values"),
    ],
)
def test_a_wrong_recipe_names_its_entry(change: dict[str, Any], word: str) -> None:
    with pytest.raises(SpeefeareError, match=word):
        Recipe.from_dict(recipe().to_dict() | change)


def test_an_unknown_recipe_lists_the_shipped_ones() -> None:
    with pytest.raises(SpeefeareError, match="linear-16k"):
        read_recipe("nothing")


def test_events_are_read_from_an_offset_and_a_half_line_waits(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.append("losses", 1, total=2.5)
    events, offset = read_events(tmp_path / "events.jsonl")
    assert [(event["event"], event["step"], event["total"]) for event in events] == [("losses", 1, 2.5)]
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write('{"event": "losses", "st')
    assert read_events(tmp_path / "events.jsonl", offset) == ([], offset)
    EventLog(tmp_path / "events.jsonl").append("start", 2)
    events, _ = read_events(tmp_path / "events.jsonl", offset)
    assert [event["event"] for event in events] == ["start"]


def test_the_finished_codec_can_differ_from_the_trained_one(data_folder: Path, tmp_path: Path) -> None:
    train(recipe(steps=1, network_after={"repair_strength": [0.25]}), tmp_path, data_folder)
    network: Any = load_codec(RunFolder(tmp_path).model, "cpu").module
    assert network.strength.tolist() == [0.25, 1.0, 1.0]


def test_sigterm_saves_and_ends(data_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "long.yaml").write_text(yaml.safe_dump(recipe(steps=100000, checkpoint_every=100000).to_dict()))
    run = RunFolder(tmp_path / "run")
    command = [sys.executable, "-m", "speefeare_core.training", str(run.path), "--device", "cpu"]
    command += ["--recipe", str(tmp_path / "long.yaml"), "--data", str(data_folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    while not any(event["event"] == "losses" for event in read_events(run.events)[0]):
        assert process.poll() is None
        time.sleep(0.05)
    process.terminate()
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 3
    assert json.loads(out)["finished"] is False
    newest = run.newest_checkpoint()
    assert newest is not None
    assert newest.name == f"step-{json.loads(out)['step']:08d}.pt"


def test_a_damaged_checkpoint_is_named(data_folder: Path, tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.create()
    (run.checkpoints / "step-00000004.pt").write_bytes(b"half a file")
    with pytest.raises(SpeefeareError, match=r"step-00000004\.pt is damaged"):
        Trainer(recipe(), run, data_folder, "cpu").train()


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"family": "nothing"}, "nothing"),
        ({"network": {"dmi": 3}}, "dmi"),
        ({"losses": recipe().losses[:0]}, "names no losses"),
        ({"data": DataRecipe((SpeechSource("absent"),))}, "absent"),
        ({"rate_shares": {"": 0.0}}, "freezes everything"),
    ],
)
def test_what_cannot_be_trained_is_said(changes: dict[str, Any], word: str, data_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SpeefeareError, match=word):
        Trainer(recipe(**changes), RunFolder(tmp_path), data_folder, "cpu").train()


def test_the_command_line_trains_stops_and_resumes(
    data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(recipe().to_dict()))
    run = tmp_path / "run"
    given = [str(run), "--recipe", str(tmp_path / "tiny.yaml"), "--data", str(data_folder), "--device", "cpu"]
    RunFolder(run).create()
    RunFolder(run).request_stop()
    assert main(given) == 3
    assert main([*given, "--set", "data.batch=2"]) == 1
    assert "begun with another recipe" in capsys.readouterr().err
    assert main(given) == 0
    assert json.loads(capsys.readouterr().out)["finished"] is True
    assert main([str(tmp_path / "other")]) == 1
    assert "give --recipe and --data" in capsys.readouterr().err
