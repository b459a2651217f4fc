"""Real runs on every layout: what the loader gives is what is trained on, with or without threads."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from speefeare_core.training.recipe_parts import SpeechSource
from speefeare_core.training.speech.packing import pack_source
from tests.core.training.speech.sounds import RATE, members, put, shard, tone
from tests.core.training.tiny_run import events_of, tiny, train


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    """The same ten clips in four layouts."""
    for number in range(10):
        put(tmp_path / "folder" / f"{number}.flac", tone(number, 3000 + 100 * number), RATE)
    (tmp_path / "list.csv").write_text("path\n" + "".join(f"folder/{number}.flac\n" for number in range(10)))
    shard(tmp_path / "shards.tar", members(10))
    pack_source(SpeechSource(path=str(tmp_path / "folder")), tmp_path / "packed", RATE)
    return {name: tmp_path / name for name in ("folder", "list.csv", "shards.tar", "packed")}


@pytest.mark.parametrize("name", ["folder", "list.csv", "shards.tar", "packed"])
def test_a_run_trains_on_every_layout(places: dict[str, Path], tmp_path: Path, name: str) -> None:
    train(tiny(data__sources=[], budget__steps=2), tmp_path / "run", places[name])
    (start,) = events_of(tmp_path / "run", "start")
    assert start["clips"] == 9 and events_of(tmp_path / "run", "finished"), "one clip is held out"


def test_threads_and_layout_change_no_weight(places: dict[str, Path], tmp_path: Path) -> None:
    """The clips of a folder and of its manifest have the same names and samples; threads only read ahead."""
    weights = []
    for number, (workers, place) in enumerate(((0, "folder"), (3, "folder"), (1, "list.csv"))):
        recipe = tiny(data__sources=[], data__workers=workers, data__speed_share=0.5, data__noise_share=0.5)
        trainer = train(recipe, tmp_path / f"run{number}", places[place])
        weights.append(torch.cat([weight.flatten() for weight in trainer.model.module.parameters()]))
    assert torch.equal(weights[1], weights[0])
    assert torch.equal(weights[2], weights[0])
    assert all("loader_wait" in event for event in events_of(tmp_path / "run1", "losses"))
