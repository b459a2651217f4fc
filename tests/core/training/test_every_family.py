"""Every family: half precision, averaged weights, discriminators, and a stop in between that changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from speefeare_core import load_codec
from speefeare_core.training.checkpoint import read_checkpoint
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.run_log import RunFolder
from tests.core.training.small_networks import NETWORKS, recipe_data
from tests.core.training.test_resume import states_equal, stop_at
from tests.core.training.tiny_run import ADVERSARY, events_of, train


@pytest.mark.parametrize("family", NETWORKS)
def test_a_stopped_run_ends_as_one_that_never_was(family: str, tones: Path, tmp_path: Path) -> None:
    given = Recipe.from_dict(recipe_data(family, precision="bfloat16", ema=0.5, adversarial=ADVERSARY))
    train(given, tmp_path / "whole", tones)
    stop_at(given, tmp_path / "parts", tones, 1)
    train(given, tmp_path / "parts", tones)
    first, second = (
        read_checkpoint(tmp_path / name / "checkpoints" / "step-00000002.pt") for name in ("whole", "parts")
    )
    states_equal(first, second)
    assert load_codec(RunFolder(tmp_path / "parts").model, "cpu").info.family == family
    assert events_of(tmp_path / "whole", "start")[0]["precision"] == "bfloat16"
    losses = events_of(tmp_path / "whole", "losses")[-1]
    assert losses["gradient_norm"] > 0
    assert losses["gradient_norm_discriminator"] > 0
