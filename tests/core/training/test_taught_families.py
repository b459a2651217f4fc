"""Families that listen to a teacher as something to train."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from speefeare_core import load_codec
from speefeare_core.codecs import FAMILIES
from speefeare_core.errors import SpeefeareError
from speefeare_core.synthetic_speech.shipped import shipped_speech
from speefeare_core.teachers import open_teacher
from speefeare_core.training.draws import DepthDraw
from speefeare_core.training.recipe import Recipe
from speefeare_core.training.recipe_parts import DepthsRecipe
from speefeare_core.training.speech.packed import pack
from speefeare_core.training.trainable import Trainable, trainable_for
from tests.core.teachers.test_from_folder import folder_of
from tests.core.training.tiny_run import events_of, train

NETWORKS: dict[str, dict[str, Any]] = {
    "speechtokenizer": {
        "rate_hz": 8000, "n_filters": 2, "dimension": 8, "ratios": [5, 4, 4], "lstm": 1, "books": 3, "book_size": 8,
        "semantic_dimension": 64,
    },
    "mimi": {
        "rate_hz": 8000, "n_filters": 2, "dimension": 8, "ratios": [5, 4, 4], "layers": 1, "heads": 2,
        "feedforward": 16, "context": 20, "books": 3, "book_size": 8, "book_dim": 4, "semantic_dimension": 64,
    },
    "xcodec": {
        "rate_hz": 16000, "channels": 2, "strides": [8, 5, 8], "decoder_strides": [8, 5, 8], "acoustic_dim": 8,
        "decoder_channels": 16, "semantic_widths": [16, 16], "books": 3, "book_size": 8, "teacher": "phones",
    },
}  # fmt: skip
NORMED = {"speechtokenizer": ["encoder", "decoder"], "mimi": ["encoder.model", "decoder.model"], "xcodec": ["encoder."]}
LOSS = {"speechtokenizer": "d_axis", "mimi": "cosine", "xcodec": "semantic_mse"}
ALL = pytest.mark.parametrize("family", sorted(NETWORKS))
WHOLE = DepthDraw(DepthsRecipe(kind="all"))


def recipe_of(family: str, **changes: Any) -> Recipe:
    """Two steps on tones."""
    data = {
        "name": f"tiny-{family}", "family": family, "network": NETWORKS[family], "weight_norm": NORMED[family],
        "init": "even", "teacher": {"key": "phones", "cache": family != "xcodec"},
        "semantic": {"key": LOSS[family], "weight": 1.0},
        "own_weights": {"commitment": 0.1}, "data": {"sources": [{"name": "tones"}], "segment_frames": 10, "batch": 3,
                                                     "workers": 0},
        "losses": [{"key": "log_mel", "options": {"windows": [64, 128], "bands": [8, 16]}}],
        "budget": {"steps": 2}, "validation": {"clips": 1, "seconds": 0.5}, "log_every": 1, "checkpoint_every": 2,
        "licence": "CC0-1.0", "tensorboard": False,
    }  # fmt: skip
    return Recipe.from_dict(data | changes)


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory, tones: Path) -> dict[str, Path]:
    """A data folder with a packed set `tones`, by family at its rate."""
    folder = tmp_path_factory.mktemp("speech")
    sounds = [(f"clip-{number}", "", partial(np.asarray, one.samples[:16_000], np.float32))
              for number, one in enumerate(shipped_speech()[:4])]  # fmt: skip
    pack(sounds, folder / "tones", 16_000)
    return {"speechtokenizer": tones, "mimi": tones, "xcodec": folder}


def made(family: str, **changes: Any) -> Trainable:
    torch.manual_seed(0)
    return trainable_for(recipe_of(family, **changes))


def sound(trainable: Trainable, examples: int = 3, frames: int = 10) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return 0.1 * torch.randn(examples, 1, frames * trainable.frame_samples, generator=generator)


def given(trainable: Trainable, audio: torch.Tensor) -> torch.Tensor | None:
    if trainable.hears_itself:
        return None
    generator = torch.Generator().manual_seed(2)
    return torch.randn(audio.shape[0], 64, audio.shape[-1] * 50 // trainable.rate_hz, generator=generator)


@ALL
def test_what_is_taught_lies_beside_the_teachers_features_and_all_weights_learn(family: str) -> None:
    trainable = made(family)
    trainable.module.train()
    audio = sound(trainable)
    out = trainable.reconstruct(audio, WHOLE, given(trainable, audio))
    assert out.taught is not None and out.features is not None and out.codes is not None
    assert out.taught.shape == out.features.shape == (3, 10, 64)
    assert out.decoded.shape == out.target.shape == audio.shape and out.codes.shape == (3, 3, 10)
    assert not out.features.requires_grad
    distance = (out.taught - out.features).square().mean()
    (out.decoded.square().mean() * 1e6 + distance + out.own["commitment"]).backward()
    for name, weight in trainable.learning_parameters():
        assert weight.grad is not None, name
    assert not any(weight.grad is not None for name, weight in trainable.module.named_parameters()
                   if trainable.frozen and name.startswith(trainable.frozen))  # fmt: skip


@ALL
def test_the_semantic_gradient_reaches_the_encoder(family: str) -> None:
    trainable = made(family)
    trainable.module.train()
    audio = sound(trainable)
    out = trainable.reconstruct(audio, WHOLE, given(trainable, audio))
    assert out.taught is not None and out.features is not None
    (out.taught - out.features).square().mean().backward()
    moved = {name for name, weight in trainable.learning_parameters() if weight.grad is not None and weight.grad.any()}
    assert any(name.startswith("encoder.") for name in moved)
    assert not any(name.startswith("decoder.") for name in moved)


@ALL
def test_a_run_makes_a_codec_that_loads_and_says_how_the_teacher_fared(
    family: str, speech: dict[str, Path], tmp_path: Path
) -> None:
    train(recipe_of(family), tmp_path / "run", speech[family])
    codec = load_codec(str(tmp_path / "run" / "model.safetensors"))
    assert codec.info.family == family and codec.info.needs == ()
    losses = events_of(tmp_path / "run", "losses")
    assert all(event["semantic"] > 0 for event in losses)
    audio = torch.zeros(1, 1, codec.info.hop_samples * 4)
    assert codec.decode(codec.encode(audio)).shape == audio.shape


@ALL
def test_a_codec_is_the_start_of_another_run_also_with_another_teacher(family: str) -> None:
    first = made(family)
    first.module.train()
    audio = sound(first)
    first.reconstruct(audio, WHOLE, given(first, audio))
    codec = FAMILIES[family].load_class().from_native(first.to_native("made", "CC0-1.0", ()))
    network = NETWORKS[family] | ({"semantic_dimension": 7} if family != "xcodec" else {})
    second = made(family, network=network, seed=5, start_from="somewhere", init="default")
    second.take_over(codec)
    first.module.eval(), second.module.eval()
    with torch.no_grad():
        ours = first.reconstruct(audio, WHOLE).decoded
        torch.testing.assert_close(second.reconstruct(audio, WHOLE).decoded, ours, atol=1e-6, rtol=1e-4)
    with pytest.raises(RuntimeError, match="does not fit"):
        made(family, network=NETWORKS[family] | {"book_size": 4}).take_over(codec)


def test_mimi_passes_the_latents_of_unquantised_examples_on() -> None:
    trainable = made("mimi")
    trainable.module.train()
    audio = sound(trainable, examples=2)

    class Second(DepthDraw):
        def unquantised(self, batch: int, device: torch.device | str = "cpu") -> torch.Tensor:
            return torch.tensor([False, True])

    seen: list[torch.Tensor] = []
    trainable.module.upsample.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
    trainable.reconstruct(audio, Second(DepthsRecipe(kind="all")))
    with torch.no_grad():
        latents = trainable.module.encode(audio)
    torch.testing.assert_close(seen[0][1], latents[1], atol=1e-6, rtol=1e-4)
    assert not torch.allclose(seen[0][0], latents[0], atol=1e-3)


@pytest.mark.parametrize("family", ["speechtokenizer", "xcodec"])
def test_unquantised_examples_reach_the_decoder_as_they_are_and_are_taught_quantised(family: str) -> None:
    trainable = made(family)
    audio = sound(trainable)
    features = given(trainable, audio)
    trainable.module.train()
    trainable.reconstruct(audio, WHOLE, features)  # the books take their start
    trainable.module.eval()

    class Second(DepthDraw):
        def unquantised(self, batch: int, device: torch.device | str = "cpu") -> torch.Tensor:
            return torch.arange(batch) == 1

    with torch.no_grad():
        plain = trainable.reconstruct(audio, WHOLE, features)
        mixed = trainable.reconstruct(audio, Second(DepthsRecipe(kind="all")), features)
    others = torch.arange(audio.shape[0]) != 1
    torch.testing.assert_close(mixed.decoded[others], plain.decoded[others], rtol=1e-4, atol=1e-9)
    assert float((mixed.decoded[1] - plain.decoded[1]).abs().max()) > 0.01 * float(plain.decoded[1].abs().max())
    assert plain.taught is not None and mixed.taught is not None
    torch.testing.assert_close(mixed.taught, plain.taught)


def test_mimi_always_uses_the_semantic_book_and_drops_acoustic_ones() -> None:
    trainable = made("mimi")
    trainable.module.train()
    audio = sound(trainable, examples=8)
    codes = trainable.reconstruct(audio, DepthDraw(DepthsRecipe(full_share=0.0))).codes
    assert codes is not None
    used = (codes >= 0).all(dim=2).sum(dim=1)
    assert used.min() == 2 and used.max() == 3  # the semantic one, and one or two of the others


def test_one_chain_instead_of_the_split_is_a_codec_too() -> None:
    trainable = made("mimi", network=NETWORKS["mimi"] | {"semantic_books": 3})
    trainable.module.train()
    audio = sound(trainable)
    out = trainable.reconstruct(audio, WHOLE, given(trainable, audio))
    assert out.taught is not None
    codec = FAMILIES["mimi"].load_class().from_native(trainable.to_native("single", "CC0-1.0", ()))
    assert codec.info.depth_mode == "residual" and [book.role for book in codec.info.books][:2] == [
        "semantic",
        "acoustic",
    ]
    encoded = codec.encode(audio[:1])
    torch.testing.assert_close(codec.decode(encoded, depth=2), codec.decode(codec.encode(audio[:1], depth=2)))
    stream = codec.stream()
    frames = [stream.step(audio[:1, :, start : start + 160]).codes for start in range(0, audio.shape[-1], 160)]
    assert torch.equal(torch.cat([frame for frame in frames if frame is not None], dim=-1), encoded.codes)


def test_the_teacher_in_xcodec_is_the_recipes_and_stays_so(speech: dict[str, Path], tmp_path: Path) -> None:
    own = open_teacher("phones")
    train(recipe_of("xcodec"), tmp_path / "run", speech["xcodec"])
    codec = load_codec(str(tmp_path / "run" / "model.safetensors"))
    kept = codec.module.teacher
    assert kept.fingerprint == own.fingerprint
    audio = sound(made("xcodec"), examples=1)
    torch.testing.assert_close(kept(audio), own(audio))


def test_what_xcodec_cannot_do_is_said() -> None:
    with pytest.raises(SpeefeareError, match=r"names no teacher.*set teacher\.key to phones"):
        made("xcodec", teacher={"key": ""})
    with pytest.raises(SpeefeareError, match="cannot keep the teacher wakeword"):
        made("xcodec", teacher={"key": "wakeword"})
    with pytest.raises(SpeefeareError, match=r"rate_hz 16000 and strides whose product is 320"):
        made("xcodec", network=NETWORKS["xcodec"] | {"rate_hz": 8000})


def test_xcodec_takes_a_hubert_of_any_size_in_and_keeps_it(tmp_path: Path) -> None:
    teacher = folder_of(tmp_path / "hubert", "hubert")
    trainable = made(
        "xcodec",
        network=NETWORKS["xcodec"] | {"teacher": "hubert", "teacher_options": [["num_hidden_layers", 1]]},
        teacher={"key": "hubert", "source": str(tmp_path / "hubert"), "cache": False},
    )
    trainable.module.train()
    audio = sound(trainable)
    out = trainable.reconstruct(audio, WHOLE)
    assert out.features is not None
    torch.testing.assert_close(out.features.transpose(1, 2), teacher(audio))
    codec = FAMILIES["xcodec"].load_class().from_native(trainable.to_native("made", "CC0-1.0", ()))
    assert codec.info.needs and codec.module.teacher.fingerprint == teacher.fingerprint
