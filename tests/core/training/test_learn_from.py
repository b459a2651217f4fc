"""A run that learns from another codec: its books, its latents and its sound."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from speefeare_core import load_codec
from speefeare_core.checkpoints import native
from speefeare_core.codec import Codec
from speefeare_core.codecs.linear import LinearCodec
from speefeare_core.errors import SpeefeareError
from speefeare_core.nn.linear_transform import LinearConfig, LinearTransform
from speefeare_core.training.jobs.spec import JobSpec
from speefeare_core.training.plan_check import check
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.run_log import RunFolder
from speefeare_core.training.trainable import trainable_for
from tests.core.training.tiny_run import RATE, SUBFRAME, events_of, tiny, train


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    network = LinearTransform(LinearConfig(RATE, hop_samples=32, dim=8, books=3, book_size=16))
    network.fit(0.1 * torch.randn(40_000).cumsum(0).sin())
    path = tmp_path_factory.mktemp("teacher") / "model.safetensors"
    native.save(LinearCodec(network, name="teacher").to_native(), path)
    return path


def given(teacher: Path, **changes: object) -> Recipe:
    return tiny(
        family="subframe", network=SUBFRAME, learn_from=str(teacher), own_weights={"latents": 1.0},
        books__learn=False, optimiser__warmup_steps=5, **changes,
    )  # fmt: skip


def test_a_run_learns_from_a_codec(teacher: Path, tones: Path, tmp_path: Path) -> None:
    recipe = given(teacher, optimiser__rate=5e-3, budget__steps=60, log_every=10, checkpoint_every=60)
    train(recipe, tmp_path / "run", tones)
    off = [event["latents"] for event in events_of(tmp_path / "run", "losses")]
    assert off[-1] < 0.5 * off[0]
    student = load_codec(RunFolder(tmp_path / "run").model, "cpu")
    assert (student.info.family, student.info.delay_samples) == ("subframe", 8)
    fitted = trainable_for(recipe)
    fitted.start(torch.randn(20_000) * 0.1)
    books = fitted.module.get_submodule("quantizer").state_dict()
    assert any(value.std() > 1e-3 for name, value in books.items() if "codebook" in name)


def test_the_targets_are_what_the_teacher_decodes(teacher: Path) -> None:
    from speefeare_core.training.draws import DepthDraw
    from speefeare_core.training.recipe_parts import DepthsRecipe

    made, original = trainable_for(given(teacher)), load_codec(teacher, "cpu")
    torch.manual_seed(1)
    audio = 0.1 * torch.randn(2, 1, 20 * 32)
    made.start(audio.flatten().repeat(30))
    out = made.reconstruct(audio, DepthDraw(DepthsRecipe(kind="all")))
    assert isinstance(original, Codec) and out.codes is not None
    latents = made.module.get_submodule("quantizer").decode(out.codes)  # type: ignore[operator]
    wanted = original.decode_latents(latents, audio.shape[-1])
    torch.testing.assert_close(out.target, wanted[..., :-8])
    assert out.decoded.shape == out.target.shape and out.decoded.requires_grad
    assert out.own["latents"].requires_grad


def test_another_width_is_refused_in_one_sentence(teacher: Path) -> None:
    with pytest.raises(SpeefeareError, match=r"cannot learn from .* latents of 8 values each 32 samples at 8000 Hz"):
        trainable_for(given(teacher, network__dim=12))


def test_families_that_cannot_are_told_so(teacher: Path, tmp_path: Path) -> None:
    recipe = tiny(learn_from=str(teacher))
    found = check(JobSpec(run=str(tmp_path / "run"), recipe="tiny"), recipe)
    assert any(remark.entry == "learn_from" and remark.level == "problem" for remark in found)
    gone = check(JobSpec(run="x", recipe="tiny"), given(tmp_path / "gone.safetensors"))
    assert any("which the run learns from, is not there" in remark.words for remark in gone)
    assert not any(remark.entry == "learn_from" for remark in check(JobSpec(run="x", recipe="tiny"), given(teacher)))
