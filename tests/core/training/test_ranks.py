"""Two processes train as one with the joined batch would."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from tests.core.training.tiny_run import ADVERSARY, SOUNDSTREAM, events_of, tiny

SCRIPT = Path(__file__).with_name("ranked_run.py")


@pytest.mark.slow
def test_two_processes_train_as_one_with_the_joined_batch(tones: Path, tmp_path: Path) -> None:
    given = tiny(
        family="soundstream", network=SOUNDSTREAM, depths__kind="all", optimiser__clip_norm=0.0,
        adversarial={**ADVERSARY, "optimiser": {"clip_norm": 0.0}}, budget__steps=2, log_every=1,
        validation__clips=0, losses=[{"key": "companded_stft", "options": {"windows": [64, 128]}}],
    )  # fmt: skip
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(given.to_dict()))
    words = [sys.executable, str(SCRIPT), str(tmp_path / "recipe.yaml"), str(tones), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    joined = torch.load(tmp_path / "joined.pt")
    for kind in ("torch", "accelerate"):
        for rank in "01":
            _same_step(torch.load(tmp_path / f"{kind}-{rank}.pt"), joined)
        first, second = (torch.load(tmp_path / f"{kind}-after-{rank}.pt") for rank in "01")
        assert all(torch.equal(value, second[name]) for name, value in first.items())
        run = tmp_path / f"{kind}-run"
        assert [(event["world_size"], event["loop"]) for event in events_of(run, "start")] == [(2, kind)]
        assert [event["step"] for event in events_of(run, "losses")] == [1, 2]
        assert events_of(run, "books")[-1]["window_frames"] == 2 * 2 * 3 * 20


def _same_step(rank: Any, joined: Any) -> None:
    """Gradients, movement and books after a step of two processes are those of one with all examples."""
    for name, value in joined["gradients"].items():
        torch.testing.assert_close(rank["gradients"][name], value, rtol=1e-3, atol=1e-6, msg=name)
    for name, value in joined["moved"].items():  # Adam moves by signs, which differ where a slope is next to nothing
        assert torch.cosine_similarity(rank["moved"][name].flatten(), value.flatten(), dim=0) > 0.98, name
    for name, book in joined["books"].items():
        torch.testing.assert_close(rank["books"][name]["sums"], book["sums"], rtol=1e-4, atol=1e-6, msg=name)
        assert torch.equal(rank["books"][name]["usage"], book["usage"])
    for name, value in joined["values"].items():
        torch.testing.assert_close(rank["values"][name], value, rtol=1e-3, atol=1e-6, msg=name)
