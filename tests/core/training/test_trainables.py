"""Families as something to train: what they give the trainer, what they learn, and the codec that comes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from speefeare_core import load_codec
from speefeare_core.codecs import FAMILIES
from speefeare_core.errors import SpeefeareError
from speefeare_core.training.draws import DepthDraw
from speefeare_core.training.recipe import Recipe, read_recipe
from speefeare_core.training.recipe_parts import DepthsRecipe
from speefeare_core.training.trainable import Trainable, build_trainable, trainable_for
from tests.core.training.small_networks import NETWORKS, OWN, RATE, recipe_data
from tests.core.training.tiny_run import events_of, train

ALL = pytest.mark.parametrize("family", sorted(NETWORKS))
WITH_DEPTHS = pytest.mark.parametrize("family", ["soundstream", "encodec", "dac"])


def made(family: str, **changes: Any) -> Trainable:
    torch.manual_seed(0)
    return trainable_for(Recipe.from_dict(recipe_data(family, **changes)))


def sound(trainable: Trainable, examples: int = 3, frames: int = 20) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return 0.1 * torch.randn(examples, 1, frames * trainable.frame_samples, generator=generator)


@ALL
def test_decoded_and_target_are_one_length_and_every_weight_learns(family: str) -> None:
    trainable = made(family)
    trainable.module.train()
    out = trainable.reconstruct(sound(trainable), DepthDraw(DepthsRecipe(kind="all")))
    assert out.decoded.shape == out.target.shape
    assert out.decoded.shape[-1] > 18 * trainable.frame_samples
    assert set(out.own) == OWN[family]
    (out.decoded.square().mean() * 1e6 + sum(out.own.values())).backward()
    without = [name for name, weight in trainable.module.named_parameters() if weight.grad is None]
    still = [
        name for name, weight in trainable.module.named_parameters()
        if weight.grad is not None and not bool(weight.grad.any())
    ]  # fmt: skip
    assert without == []
    assert [name for name in still if not name.endswith((".k.bias", "logits.bias"))] == []  # a key's bias moves nothing


@WITH_DEPTHS
def test_codes_of_books_that_an_example_does_not_use_are_minus_one(family: str) -> None:
    trainable = made(family)
    trainable.module.train()

    class Drawn(DepthDraw):
        def depths(self, books: int, batch: int, device: torch.device | str = "cpu") -> torch.Tensor:
            return torch.tensor([1, 3, 2], device=device)

    out = trainable.reconstruct(sound(trainable), Drawn(DepthsRecipe()))
    assert out.codes is not None
    used = (out.codes >= 0).all(dim=2)
    assert used.tolist() == [[True, False, False], [True, True, True], [True, True, False]]
    assert (out.codes[0, 1:] == -1).all()


@pytest.mark.parametrize("family", ["soundstream", "encodec", "dac", "wavtokenizer"])
def test_examples_that_are_not_quantised_pass_their_latents_on(family: str) -> None:
    trainable = made(family)
    audio = sound(trainable)
    trainable.module.train()
    trainable.reconstruct(audio, DepthDraw(DepthsRecipe()))  # the books take their start
    trainable.module.eval()

    class Drawn(DepthDraw):
        def unquantised(self, batch: int, device: torch.device | str = "cpu") -> torch.Tensor:
            return torch.tensor([False, True, False], device=device)

    with torch.no_grad():
        without, mixed = (kind(DepthsRecipe(kind="all")) for kind in (DepthDraw, Drawn))
        plain, raw = trainable.reconstruct(audio, without).decoded, trainable.reconstruct(audio, mixed).decoded
    torch.testing.assert_close(raw[[0, 2]], plain[[0, 2]], rtol=1e-4, atol=1e-9)
    assert float((raw[1] - plain[1]).abs().max()) > 0.05 * float(plain[1].abs().max())


@pytest.mark.parametrize("name", ["audiovae-16k-small", "neural-transform-16k", "subframe-16k"])
def test_a_decoder_for_quantised_latents_alone_says_so(name: str) -> None:
    data = read_recipe(name).to_dict() | {"depths": {"unquantised_share": 0.5}}
    with pytest.raises(SpeefeareError, match=f"{name} does not fit.*set depths.unquantised_share to 0"):
        trainable_for(Recipe.from_dict(data))


@ALL
def test_the_codec_has_plain_weights_and_says_what_the_network_says(family: str) -> None:
    trainable = made(family)
    trainable.module.train()
    trainable.reconstruct(sound(trainable), DepthDraw(DepthsRecipe()))  # the books take their start
    file = trainable.to_native("made", "CC0-1.0", ("A note.",))
    assert trainable.module.training
    assert not any("parametrizations" in name for name in file.tensors)
    codec = FAMILIES[family].load_class().from_native(file)
    assert codec.info.rate_hz == RATE
    trainable.module.eval()
    audio = sound(trainable, examples=1)
    with torch.no_grad():
        out = trainable.reconstruct(audio, DepthDraw(DepthsRecipe(kind="all")))
    decoded = codec.decode(codec.encode(audio))
    length = out.decoded.shape[-1]
    torch.testing.assert_close(decoded[..., :length], out.decoded, atol=1e-5, rtol=1e-4)


@ALL
def test_taking_over_a_codec_gives_its_sound(family: str) -> None:
    first, second = made(family), made(family, seed=1, init="default")
    first.module.train()
    first.reconstruct(sound(first), DepthDraw(DepthsRecipe()))
    codec = FAMILIES[family].load_class().from_native(first.to_native("made", "CC0-1.0", ()))
    second.take_over(codec)
    first.module.eval(), second.module.eval()
    draw = DepthDraw(DepthsRecipe(kind="all"))
    with torch.no_grad():
        ours, theirs = (part.reconstruct(sound(first), draw).decoded for part in (first, second))
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-4)
    smaller = {"audiovae": {"latent_dim": 2}, "wavtokenizer": {"book_size": 4}}.get(family, {"book_size": 4})
    with pytest.raises(RuntimeError, match="does not fit"):
        made(family, network=NETWORKS[family] | smaller).take_over(codec)


@ALL
def test_a_run_makes_a_codec_that_loads(family: str, tones: Path, tmp_path: Path) -> None:
    train(Recipe.from_dict(recipe_data(family)), tmp_path / "run", tones)
    codec = load_codec(str(tmp_path / "run" / "model.safetensors"))
    assert codec.info.family == family
    measured = events_of(tmp_path / "run", "validation")
    assert [event["step"] for event in measured] == [0, 2]
    assert all(event["mel_distance"] > 0 for event in measured)


def test_learning_brings_the_loss_down(tones: Path, tmp_path: Path) -> None:
    steps = {"budget": {"steps": 24}, "optimiser": {"rate": 3e-3, "warmup_steps": 5}, "log_every": 6}
    for family in ("encodec", "dac"):
        train(Recipe.from_dict(recipe_data(family, **steps, checkpoint_every=24)), tmp_path / family, tones)
        first, *_, last = [event["log_mel"] for event in events_of(tmp_path / family, "losses")]
        assert last < 0.7 * first


def test_what_cannot_be_trained_is_refused_in_one_sentence() -> None:
    for family, network, words in (
        ("encodec", {"channels": 2, "causal": False, "norm": "time_group_norm"}, "one channel"),
        ("wavtokenizer", {"padding": "center"}, "padding same"),
        ("audiovae", {"out_rate_hz": 48000, "decoder_strides": [8, 6, 5, 2, 2, 2]}, "one rate"),
        ("dac", {"colour": "blue"}, "colour"),
    ):
        with pytest.raises(SpeefeareError, match=words):
            build_trainable(family, network)
