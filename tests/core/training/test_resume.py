"""A run that was stopped, or killed at any moment, ends as one that never was: to the bit, on a CPU."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from speefeare_core import load_codec
from speefeare_core.checkpoints import native
from speefeare_core.training.checkpoint import read_checkpoint
from speefeare_core.training.run_log import RunFolder, read_events
from speefeare_core.training.trainer import Trainer
from tests.core.training.tiny_run import ADVERSARY, SOUNDSTREAM, SUBFRAME, events_of, tiny, train

KINDS: dict[str, dict[str, Any]] = {
    "transform": {},
    "adversarial": {"adversarial": {**ADVERSARY, "start_step": 2, "update_share": 0.5}, "balancer__on": True},
    "soundstream": {"family": "soundstream", "network": SOUNDSTREAM, "ema": 0.9, "accumulate": 2, "data__workers": 2},
    "subframe": {"family": "subframe", "network": SUBFRAME, "own_weights": {"commitment": 0.2}, "init": "even"},
    "discriminators_first": {"adversarial": {**ADVERSARY, "generator_first": False}, "precision": "bfloat16"},
}


def stop_at(given: Any, folder: Path, data: Path, step: int) -> None:
    """Train in a folder and ask it to stop once it has made so many steps."""
    trainer = Trainer(given, RunFolder(folder), data, "cpu")
    learner = trainer.learner
    assert learner is not None
    plain = learner.step

    def counted(*arguments: Any) -> Any:
        if trainer.step == step - 1:
            trainer.run.request_stop()
        return plain(*arguments)

    learner.step = counted  # type: ignore[method-assign]
    result = trainer.train()
    assert (result.step, result.finished) == (step, False)


def states_equal(first: Any, second: Any, name: str = "") -> None:
    """Every tensor to the bit, all else equal."""
    if isinstance(first, torch.Tensor):
        assert torch.equal(first, second), name
    elif isinstance(first, dict):
        assert first.keys() == second.keys(), name
        for key in first:
            states_equal(first[key], second[key], f"{name}.{key}")
    elif isinstance(first, (list, tuple)):
        assert len(first) == len(second), name
        for index, item in enumerate(first):
            states_equal(item, second[index], f"{name}[{index}]")
    elif "seconds" not in name:
        assert first == second, name


def same_codec(one: RunFolder, other: RunFolder) -> None:
    """Both finished with the same weights, to the bit."""
    states_equal(native.read(one.model).tensors, native.read(other.model).tensors)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_was_stopped_ends_as_one_that_never_was(kind: str, tones: Path, tmp_path: Path) -> None:
    given = tiny(**KINDS[kind])
    train(given, tmp_path / "whole", tones)
    stop_at(given, tmp_path / "parts", tones, 2)
    torch.manual_seed(99)
    stop_at(given, tmp_path / "parts", tones, 4)
    train(given, tmp_path / "parts", tones)
    whole, parts = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "parts")
    same_codec(whole, parts)
    name = "step-00000006.pt"
    states_equal(read_checkpoint(whole.checkpoints / name), read_checkpoint(parts.checkpoints / name))
    assert not parts.stop.exists()
    assert load_codec(parts.model, "cpu").info.depth == 3
    assert [path.name for path in sorted(parts.checkpoints.iterdir())] == ["step-00000004.pt", name]
    kinds = [event["event"] for event in events_of(parts.path)]
    assert kinds.count("stopped") == 2
    assert kinds[-2:] == ["checkpoint", "finished"]


KILLER = Path(__file__).with_name("killed_run.py")


@pytest.mark.slow
def test_a_run_that_is_killed_at_any_moment_ends_as_one_that_never_was(tones: Path, tmp_path: Path) -> None:
    """Processes of their own are killed: at random, half-way through a checkpoint, and before it gets its name."""
    given = tiny(adversarial={**ADVERSARY, "start_step": 6}, ema=0.9, budget__steps=24, log_every=1,
                 checkpoint_every=4, validation__seconds=0.25)  # fmt: skip
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(given.to_dict()))
    words = [str(tmp_path / "recipe.yaml"), str(tones), str(tmp_path / "whole"), str(tmp_path / "killed")]
    done = subprocess.run([sys.executable, str(KILLER), *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    kills = int(done.stdout)
    assert kills >= 5
    whole, killed = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "killed")
    same_codec(whole, killed)
    for name in ("step-00000020.pt", "step-00000024.pt"):
        states_equal(read_checkpoint(whole.checkpoints / name), read_checkpoint(killed.checkpoints / name))
    assert _unbroken(killed) == _unbroken(whole)


def _unbroken(run: RunFolder) -> dict[tuple[str, int], dict[str, Any]]:
    """What was logged, as readers see it: without what is past the step of a later beginning, and without times."""
    kept: list[dict[str, Any]] = []
    for event in read_events(run.events)[0]:
        if event["event"] in ("preparing", "start"):
            kept = [one for one in kept if one["step"] <= event["step"]]
        elif event["event"] in ("losses", "books", "validation"):
            kept.append(event)
    times = ("time", "seconds", "audio_s_per_s", "loader_wait", "loader_audio_s_per_s", "left_s")
    return {
        (event["event"], event["step"]): {name: value for name, value in event.items() if name not in times}
        for event in kept
    }


def test_a_torn_checkpoint_is_passed_over_for_the_one_before(tones: Path, tmp_path: Path) -> None:
    train(tiny(), tmp_path, tones)
    run = RunFolder(tmp_path)
    expected = native.read(run.model).tensors
    (run.checkpoints / "step-00000006.pt").write_bytes(b"half a file")
    again = train(tiny(), tmp_path, tones)
    assert again.step == 6
    states_equal(native.read(run.model).tensors, expected)
    assert events_of(tmp_path, "start")[-1]["step"] == 3


def test_a_stop_that_was_asked_of_a_dead_run_is_forgotten(tones: Path, tmp_path: Path) -> None:
    stop_at(tiny(), tmp_path, tones, 2)
    (tmp_path / "stop").touch()
    os.utime(tmp_path / "stop", (1_000_000, 1_000_000))
    assert train(tiny(), tmp_path, tones).step == 6
