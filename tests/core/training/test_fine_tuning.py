"""Official checkpoints (random weights in the official formats) trained further by the shipped recipes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from speefeare_core import Audio, SpeefeareError, load_codec
from speefeare_core.audio import write
from speefeare_core.catalog import read_catalog
from speefeare_core.training.begin import train_in
from speefeare_core.training.fine_tune import recipe_for, taken_over
from speefeare_core.training.freezing import PARTS
from speefeare_core.training.jobs.prepare import prepare
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.recipe import read_recipe, shipped_recipes
from speefeare_core.training.run_config import read_config
from speefeare_core.training.run_log import RunFolder
from tests.parity.peer import Case
from tests.parity.peers import audiovae, dac, encodec, mimi, speechtokenizer, wavtokenizer, xcodec

SHIPPED = tuple(name for name in shipped_recipes() if name.startswith("finetune-"))
SMALL = {  # what keeps two steps short, and says nothing about the family
    "budget.steps": 2, "data.batch": 2, "data.segment_frames": 12, "data.workers": 0, "tensorboard": False,
    "validation.clips": 1, "validation.seconds": 0.5, "optimiser.rate": 1e-3, "optimiser.warmup_steps": 0,
    "adversarial.discriminators": [{"key": "complex_stft", "options": {"window": 128, "hop": 32, "channels": 2}}],
    "adversarial.feature.options": {},
}  # fmt: skip
CASES = (
    encodec.CASES[4], dac.CASES[0], speechtokenizer.CASES[1], mimi.CASES[0], xcodec.CASES[0], wavtokenizer.CASES[1],
    audiovae.CASES[0],
)  # fmt: skip


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("speech")
    random = np.random.default_rng(0)
    for number in range(3):
        time = np.arange(48_000) / 16_000
        tone = 0.3 * np.sin(2 * np.pi * (150 + 30 * number) * time) + 0.02 * random.standard_normal(time.shape[0])
        write(folder / f"{number}.wav", Audio(tone[None].astype(np.float32), 16_000))
    return folder


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case], Path]:
    """The official file (or folder) of a case, made once."""
    made: dict[str, Path] = {}

    def build(case: Case) -> Path:
        if case.key not in made:
            torch.manual_seed(0)
            made[case.key] = case.build(tmp_path_factory.mktemp("official")).path
        return made[case.key]

    return build


def job(folder: Path, source: Path, speech: Path, **changes: Any) -> JobSpec:
    """Fine-tunes an official file in two steps."""
    recipe = f"finetune-{load_codec(str(source), 'cpu').info.family}"
    further = {name.replace("__", "."): value for name, value in changes.items()}
    spec = JobSpec(str(folder), recipe, (str(speech),), "cpu", changes={**SMALL, "start_from": str(source), **further})
    return prepare(spec).spec


def state(source: Path) -> dict[str, torch.Tensor]:
    return dict(load_codec(str(source), "cpu").module.state_dict())


def of_part(name: str, part: str) -> bool:
    return name.startswith(PARTS[part])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.family)
def test_an_official_checkpoint_is_trained_further(
    case: Case, official: Callable[[Case], Path], speech: Path, tmp_path: Path
) -> None:
    source = official(case)
    before, info = state(source), load_codec(str(source), "cpu").info
    spec = job(tmp_path / "run", source, speech)
    result = train_in(Path(spec.run), "cpu")
    assert result.finished and result.model is not None
    made = load_codec(result.model, "cpu")
    assert (made.info.family, made.info.rate_hz, made.info.hop_samples) == (info.family, info.rate_hz, info.hop_samples)
    assert [book.size for book in made.info.books] == [book.size for book in info.books]
    after, recipe = dict(made.module.state_dict()), read_config(RunFolder(tmp_path / "run")).recipe
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert any(of_part(name, "decoder") for name in moved)
    for part in recipe.freeze:
        assert not [name for name in moved if of_part(name, part)], "frozen is frozen, to the bit"
    if "encoder" not in recipe.freeze:
        assert any(of_part(name, "encoder") for name in moved)
    assert not [name for name in moved if name.startswith("teacher.")]
    assert all(bool(torch.isfinite(tensor).all()) for tensor in after.values() if tensor.is_floating_point())


def test_it_goes_on_without_the_checkpoint_that_it_began_with(
    official: Callable[[Case], Path], speech: Path, tmp_path: Path
) -> None:
    source = tmp_path / "weights.pth"
    shutil.copyfile(official(dac.CASES[0]), source)
    spec = job(tmp_path / "run", source, speech)
    run = RunFolder(Path(spec.run))
    assert train_in(run.path, "cpu").step == 2
    source.unlink()
    read_config(run).changed({"budget.steps": 3}).write(run)
    assert train_in(run.path, "cpu").step == 3


@pytest.mark.parametrize("freeze", [["decoder"], ["quantiser"], []])
def test_any_part_can_be_kept(
    freeze: list[str], official: Callable[[Case], Path], speech: Path, tmp_path: Path
) -> None:
    source = official(encodec.CASES[4])
    before = state(source)
    spec = job(tmp_path / "run", source, speech, freeze=freeze, books__decay=0.5)
    result = train_in(Path(spec.run), "cpu")
    assert result.model is not None
    after = state(result.model)
    for part in PARTS:
        moved = any(not torch.equal(before[name], after[name]) for name in before if of_part(name, part))
        assert moved == (part not in freeze), part


@pytest.mark.parametrize("name", SHIPPED)
def test_every_recipe_starts_from_a_checkpoint_of_the_catalog_and_says_why(name: str) -> None:
    recipe = read_recipe(name)
    entries = {entry.name: entry for entry in read_catalog()}
    if recipe.family != "soundstream":
        assert entries[recipe.start_from].family == recipe.family
    assert recipe.network == {} and recipe.column == "" and recipe.title
    assert recipe.optimiser.rate <= 5e-5 < recipe.adversarial.optimiser.rate
    assert {"network", "losses", "optimiser.rate", "adversarial.discriminators", "start_from"} <= set(recipe.reasons)


def test_there_is_a_recipe_for_every_family_that_can_be_trained_from_official_weights() -> None:
    assert set(SHIPPED) >= {f"finetune-{case.family}" for case in CASES}


def test_the_family_says_the_recipe(official: Callable[[Case], Path]) -> None:
    assert recipe_for(str(official(mimi.CASES[0]))) == "finetune-mimi"


def test_a_codec_of_another_family_is_refused_with_the_right_recipe(official: Callable[[Case], Path]) -> None:
    source = str(official(dac.CASES[0]))
    with pytest.raises(SpeefeareError, match="take finetune-dac"):
        taken_over(read_recipe("finetune-encodec").changed({"start_from": source}))
    with pytest.raises(SpeefeareError, match="no recipe that fine-tunes it"):
        recipe_for("default")


def test_a_part_that_there_is_not_is_said(official: Callable[[Case], Path], speech: Path, tmp_path: Path) -> None:
    source = official(audiovae.CASES[0])
    spec = job(tmp_path / "run", source, speech, freeze=["quantiser"])
    with pytest.raises(SpeefeareError, match="no quantiser that could be frozen"):
        train_in(Path(spec.run), "cpu")


def test_a_checkpoint_that_is_not_here_is_named(speech: Path, tmp_path: Path) -> None:
    spec = prepare(JobSpec(str(tmp_path / "run"), "finetune-mimi", (str(speech),), "cpu"))
    with pytest.raises(SpeefeareError, match="mimi"):
        train_in(Path(spec.run), "cpu")
